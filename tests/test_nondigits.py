"""Made-up non-digits: seeded, framed, and two parts of which one is never trained on."""

import numpy as np
import pytest

from digits.data import nondigits, strokes

DIGITS, _ = strokes.draw(100, 0)


def share(held_out: bool) -> dict[str, set[str]]:
    """The items that 2,000 non-digits of one part are made of, by inventory."""
    used: dict[str, set[str]] = {kind: set() for kind in nondigits.INVENTORIES}

    def spy(kind: str) -> nondigits.Draw:
        def draw(item: str, _: np.random.Generator) -> strokes.Picture:
            used[kind].add(item)
            return np.zeros((28, 28), np.uint8)

        return draw

    with pytest.MonkeyPatch.context() as patch:
        for kind, (_, items) in nondigits.INVENTORIES.items():
            patch.setitem(nondigits.INVENTORIES, kind, (spy(kind), items))
        nondigits.make(2000, DIGITS, 0, held_out)
    return used


def test_tiles_have_the_shape_of_the_contract() -> None:
    for held_out in (False, True):
        tiles = nondigits.make(60, DIGITS, 0, held_out)
        assert tiles.shape == (60, 1, 28, 28)
        assert tiles.dtype == np.uint8


def test_the_seed_alone_decides() -> None:
    first = nondigits.make(60, DIGITS, 3)
    assert np.array_equal(first, nondigits.make(60, DIGITS, np.random.default_rng(3)))
    assert not np.array_equal(first, nondigits.make(60, DIGITS, 4))


def test_what_is_held_out_is_never_trained_on() -> None:
    training, held_out = share(False), share(True)
    for kind, (_, items) in nondigits.INVENTORIES.items():
        assert not training[kind] & held_out[kind]
        assert training[kind] | held_out[kind] == set(items)
        assert 0.15 < len(held_out[kind]) / len(items) < 0.4


def test_inventories_name_nothing_twice_and_no_digit_alike() -> None:
    for _, items in nondigits.INVENTORIES.values():
        assert len(set(items)) == len(items)
    assert not set(nondigits.CHARACTERS) & set("0123456789BIOQSZbgijloqsyz|/\\()[]")
    drawn = {style for styles in strokes.STYLES.values() for style in styles}
    assert not drawn & set(nondigits.DRAWINGS)


@pytest.mark.parametrize("kind", nondigits.KINDS)
def test_every_kind_makes_tiles_that_differ(kind: str) -> None:
    rng = np.random.default_rng(0)
    if kind in nondigits.INVENTORIES:
        draw, items = nondigits.INVENTORIES[kind]
        tiles = [draw(item, rng) for item in items]
    else:
        tiles = [nondigits.OTHERS[kind](DIGITS[:, 0], rng) for _ in range(20)]
    assert all(tile.shape == (28, 28) and tile.dtype == np.uint8 for tile in tiles)
    assert len({tile.tobytes() for tile in tiles}) > 0.7 * len(tiles)
    if kind != "blank":
        assert all(tile.max() > 30 for tile in tiles)


def test_pairs_hold_more_than_one_digit() -> None:
    """A frame of two digits of 20 px height is wide: its ink is lower than a digit's."""
    rng = np.random.default_rng(0)
    tiles = [nondigits.pair(DIGITS[:, 0], rng) for _ in range(100)]
    wide = [np.ptp(np.argwhere(tile), axis=0) for tile in tiles]
    assert np.mean([width > height for height, width in wide]) > 0.7


def test_bands_are_wide_and_never_a_bar() -> None:
    """Cut from upright bars, which are their own third, there is nothing to make."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        height, width = np.ptp(np.argwhere(nondigits.band(DIGITS[:, 0], rng) > 60), axis=0)
        assert width > height
    bars = np.zeros((5, 28, 28), np.uint8)
    bars[:, 4:24, 12:16] = 255
    bar_like = [nondigits.band(bars, rng)[4:24, 12:16].min() > 200 for _ in range(50)]
    assert not any(bar_like)
