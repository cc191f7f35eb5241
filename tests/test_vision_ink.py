"""Grey -> ink under the light and on the papers that people have."""

import cv2
import numpy as np
import pytest

from digits.vision.components import of_one_digit
from digits.vision.ink import EVEN, LIMITS, find, is_tight, is_wide, polarities

SIZE = 160
REACHES = LIMITS.reach_of_shorter_side, 0.2


def five(thickness: int = 6) -> np.ndarray:
    """Strokes (SIZE, SIZE) bool of a 5 with its bar apart."""
    ink = np.zeros((SIZE, SIZE), np.uint8)
    cv2.putText(ink, "5", (45, 120), cv2.FONT_HERSHEY_SIMPLEX, 3.5, 255, thickness, cv2.LINE_AA)
    return ink


def overlap(mask: np.ndarray, strokes: np.ndarray) -> float:
    """Intersection over union."""
    truth = strokes > 127
    return float((mask & truth).sum() / (mask | truth).sum())


def pen_on(paper: np.ndarray, strokes: np.ndarray, darkness: float) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 2, paper.shape)
    return np.clip(paper * (1 - darkness * strokes / 255.0) + grain, 0, 255).astype(np.uint8)


ramp = np.tile(np.linspace(60, 250, SIZE), (SIZE, 1))
shadow = np.where(np.add.outer(np.arange(SIZE), np.arange(SIZE)) < SIZE, 235.0, 130.0)
ruled = np.full((SIZE, SIZE), 230.0)
ruled[::12] = 205
PAPERS = {"white": np.full((SIZE, SIZE), 250.0), "grey": np.full((SIZE, SIZE), 120.0),
          "ramp": ramp, "shadow": shadow, "ruled": ruled}  # fmt: skip


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("darkness", [0.35, 0.9])
def test_ink_is_found_on_every_paper(paper: str, darkness: float) -> None:
    grey = pen_on(PAPERS[paper], five(), darkness)
    assert not polarities(grey)[0]
    inks = [find(grey, inverted=False, reach=reach) for reach in REACHES]
    assert max(overlap(ink.mask, five()) for ink in inks if ink) > 0.7


def test_light_on_dark() -> None:
    grey = 255 - pen_on(PAPERS["white"], five(), 0.9)
    assert polarities(grey) == [True]
    ink = find(grey, inverted=True)
    assert ink is not None and overlap(ink.mask, five()) > 0.8


@pytest.mark.parametrize(("width", "plain"), [(8, True), (24, False)])
def test_polarity_is_plain_where_nearly_all_of_the_border_is_paper(width: int, plain: bool) -> None:
    """A bar from the top to the bottom: a stroke, or what lies between two sheets."""
    grey = np.full((SIZE, SIZE), 240, np.uint8)
    grey[:, 70 : 70 + width] = 30
    assert polarities(grey) == ([False] if plain else [False, True])


def test_under_a_lamp_on_folded_paper_polarity_is_in_doubt() -> None:
    strokes = np.zeros((300, 400), np.uint8)
    cv2.putText(strokes, "7", (190, 160), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 255, 4, cv2.LINE_AA)
    away = np.add.outer(np.linspace(-1, 1, 300) ** 2, np.linspace(-1, 1, 400) ** 2)
    folds = np.random.default_rng(0).normal(0, 12, (20, 27)).astype(np.float32)
    light = (200 + cv2.resize(folds, (400, 300))) * (0.55 + 0.45 * np.exp(-2 * away))
    assert set(polarities(pen_on(light, strokes, 0.6))) == {True, False}


def test_doubtful_polarity_gives_both() -> None:
    tight = np.full((40, 40), 255, np.uint8)
    tight[:, 12:] = 0  # a bar on white, or white beside a black sheet
    assert set(polarities(tight)) == {True, False}


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_paper_has_no_ink(value: int) -> None:
    grain = np.random.default_rng(1).normal(0, 1.5, (SIZE, SIZE))
    assert find(np.clip(value + grain, 0, 255).astype(np.uint8), False) is None
    assert find(np.full((SIZE, SIZE), value, np.uint8), True) is None


@pytest.mark.parametrize(
    ("darkness", "grain", "found"), [(0.05, 0, False), (0.08, 0, True), (0.1, 12, True)]
)
def test_faint_ink_is_ink_from_a_contrast_on(darkness: float, grain: int, found: bool) -> None:
    noise = np.random.default_rng(0).normal(0, grain, (SIZE, SIZE))
    grey = 200 * (1 - darkness * five() / 255.0) + noise
    assert (find(np.clip(grey.round(), 0, 255).astype(np.uint8), False) is not None) == found


def test_specks_and_what_hangs_in_from_the_edge_are_left_out() -> None:
    strokes = five()
    strokes[2:4, 140:142] = strokes[150:, 60:75] = 255
    ink = find(255 - strokes, inverted=False)
    assert ink is not None and len(ink.parts) >= 3
    assert len(of_one_digit(ink)) == 1


def test_an_empty_form_box_around_is_left_out() -> None:
    strokes = five()
    cv2.rectangle(strokes, (0, 0), (SIZE - 1, SIZE - 1), 255, 3)
    ink = find(255 - strokes, inverted=False)
    assert ink is not None
    (part,) = of_one_digit(ink)
    assert part.box[2] < SIZE / 2


def test_a_shadow_across_a_stroke_changes_nothing() -> None:
    strokes = five()
    light = np.where(np.arange(SIZE) > SIZE / 2, 0.5, 1.0)
    grey = (light * np.where(strokes > 0, 60, 210)).astype(np.uint8)
    assert not polarities(grey)[0]
    ink = find(grey, inverted=False)
    assert ink is not None and overlap(ink.mask, strokes) > 0.8


def test_the_smallest_pictures() -> None:
    for shape in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 500)):
        for value in (0, 255):
            assert find(np.full(shape, value, np.uint8), False) is None
            assert polarities(np.full(shape, value, np.uint8))
    faint = np.array([[60, 109, 157, 196], [154, 202, 97, 151]], np.uint8)  # all of it blurs away
    inks = [find(faint, inverted, reach) for inverted in (False, True) for reach in REACHES]
    assert all(ink is None or ink.mask.any() for ink in inks)


@pytest.mark.parametrize(("wide", "is_so"), [(124, False), (127, True), (60, False)])
def test_a_picture_is_wide_from_an_aspect_on(wide: int, is_so: bool) -> None:
    assert is_wide(np.zeros((100, wide), np.uint8)) == is_so


@pytest.mark.parametrize(("margin", "tight"), [(0, True), (2, True), (3, False)])
def test_a_tight_crop_leaves_hardly_any_paper(margin: int, tight: bool) -> None:
    grey = np.full((80, 80), 230, np.uint8)
    grey[margin : 80 - margin, margin + 20 : 60 - margin] = 30
    grey[margin + 30 : 50 - margin, margin : 80 - margin] = 30
    assert is_tight(grey) == tight
    assert not is_tight(np.hstack([grey, grey]))


@pytest.mark.parametrize("size", [14, 80])
def test_in_even_light_most_of_a_crop_may_be_ink(size: int) -> None:
    """Bold strokes without any paper around them; in the smaller one none is far from a stroke."""
    grey = np.full((size, size), 220, np.uint8)
    grey[: size // 3] = grey[:, : size // 3] = grey[-size // 3 :] = 40
    ink = find(grey, False, EVEN)
    assert ink is not None and np.array_equal(ink.mask, grey < 128)
    assert ink.contrast == pytest.approx(1 - 40 / 220, abs=0.01)


@pytest.mark.parametrize(("share", "found"), [(0.6, True), (0.9, False)])
def test_a_stroke_may_be_so_wide(share: float, found: bool) -> None:
    """What is broader than the reach of the light is the paper's own shade."""
    grey = np.full((100, 100), 220, np.uint8)
    edge = round(50 * (1 - share))
    grey[edge : 100 - edge, edge : 100 - edge] = 60
    ink = find(grey, False)
    assert (ink is not None and bool(ink.mask[50, 50])) == found


def test_black_paper_is_not_brighter_than_it_is() -> None:
    """White ink on black of which the grain is a few levels."""
    grain = np.random.default_rng(0).integers(0, 8, (SIZE, SIZE)).astype(np.uint8)
    ink = find(np.maximum(grain, five()), True)
    assert ink is not None and overlap(ink.mask, five()) > 0.8
    assert find(grain, False) is None


def test_the_pens_colour_is_full_and_its_edges_are_not() -> None:
    ink = find(255 - cv2.GaussianBlur(five(10), (0, 0), 1.5), False)
    assert ink is not None and ink.contrast > 0.9 and ink.level.max() == 255
    soft = ink.level[(ink.level > 0) & (ink.level < 255)]
    assert soft.size > 200 and not ink.inverted
