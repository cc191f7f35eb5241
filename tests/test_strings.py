"""Composed number strings: repeatable, of the asked size, all ink kept."""

import cv2
import numpy as np
import pytest

from digits.data.strings import CHEQUE, HEIGHT, PLAIN, Hand, compose, on_paper


def tiles(text: str) -> np.ndarray:
    """Tiles (n, 28, 28) of drawn digits."""
    drawn = np.zeros((len(text), 28, 28), np.uint8)
    for tile, label in zip(drawn, text, strict=True):
        cv2.putText(tile, label, (6, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2, cv2.LINE_AA)
    return drawn


def count(ink: np.ndarray) -> int:
    return cv2.connectedComponents((ink > 127).astype(np.uint8))[0] - 1


@pytest.mark.parametrize("hand", [PLAIN, CHEQUE])
def test_a_seed_gives_the_same_string(hand: Hand) -> None:
    first, second = (compose(tiles("4711"), hand, np.random.default_rng(3)) for _ in range(2))
    assert (first == second).all() and first.dtype == np.uint8
    papers = [on_paper(first, np.random.default_rng(5)) for _ in range(2)]
    assert (papers[0] == papers[1]).all()


def test_gaps_separate_and_overlaps_touch() -> None:
    rng = np.random.default_rng(0)
    apart = Hand(gap=(0.4, 0.4), slant=(0, 0), pen=None, drift=0, size=0)
    touching = Hand(gap=(-0.15, -0.15), slant=(0, 0), pen=None, drift=0, size=0)
    assert count(compose(tiles("0071"), apart, rng)) == 4
    assert count(compose(tiles("0000"), touching, rng)) < 4


def test_every_digit_is_as_high_as_asked() -> None:
    ink = compose(tiles("352"), PLAIN, np.random.default_rng(1))
    assert HEIGHT <= ink.shape[0] < 1.4 * HEIGHT and ink.max() == 255


def test_paper_keeps_the_ink_darker() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        ink = compose(tiles("906"), CHEQUE, rng)
        grey = on_paper(ink, rng)
        assert grey.ndim == 2 and grey.dtype == np.uint8
        assert np.percentile(grey, 2) < np.median(grey) - 20
