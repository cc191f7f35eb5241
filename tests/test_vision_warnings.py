"""What is said of a picture's ink, from both sides of every limit."""

import numpy as np
import pytest

from digits.tile import HALF, stroke_width
from digits.vision.ink import Ink
from digits.vision.warnings import LIMITS, of_tiles, warnings

THIN, THICK = "very thin strokes", "very thick strokes"
FAINT, BLURRED = "very faint ink", "picture is blurred"


def bar(contrast: float = 0.9, inverted: bool = False) -> Ink:
    """A stroke of 6 pixels, as long as a digit of 60 is high."""
    level = np.zeros((80, 40), np.uint8)
    level[10:70, 17:23] = 255
    return Ink(level, level > 0, contrast, inverted)


def soft(share: float, value: int) -> Ink:
    """A thousand pixels of ink, of which a `share` has `value`."""
    level = np.zeros((60, 40), np.uint8)
    inside = np.full(1000, 255, np.uint8)
    inside[: round(1000 * share)] = value
    level[5:55, 10:30] = inside.reshape(50, 20)
    return Ink(level, level > 0, 0.9, inverted=False)


def test_a_good_picture_has_none() -> None:
    assert warnings(bar(), 60) == [] and warnings(bar(), 0) == []


@pytest.mark.parametrize(("height", "said"), [(11, True), (12, False)])
def test_small_digits(height: int, said: bool) -> None:
    assert (f"digits are only {height} pixels high" in warnings(bar(), height)) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.028, [THIN]), (0.032, []), (0.28, []), (0.32, [THICK])]
)
def test_thin_and_thick_strokes(share: float, said: list[str]) -> None:
    level = np.kron(bar().level, np.ones((8, 8), np.uint8))
    wide = Ink(level, level > 0, 0.9, inverted=False)
    assert warnings(wide, round(stroke_width(wide.level) / share)) == said


@pytest.mark.parametrize(("contrast", "said"), [(0.19, [FAINT]), (0.21, [])])
def test_faint_ink(contrast: float, said: list[str]) -> None:
    assert warnings(bar(contrast), 60) == said


@pytest.mark.parametrize(
    ("share", "value", "said"),
    [
        (0.57, 100, False), (0.63, 100, True),
        (0.63, 36, True), (0.63, 28, False),  # so little is no ink
        (0.63, 180, True), (0.63, 200, False),  # so much is a stroke
    ],
)  # fmt: skip
def test_soft_ink_is_blurred(share: float, value: int, said: bool) -> None:
    assert (BLURRED in warnings(soft(share, value), 50)) == said


def test_small_digits_are_soft_and_not_called_so() -> None:
    assert BLURRED in warnings(soft(0.63, 100), LIMITS.min_height_px)
    assert BLURRED not in warnings(soft(0.63, 100), LIMITS.min_height_px - 1)


def test_soft_ink_far_from_strokes_does_not_count() -> None:
    ink = soft(0.63, 100)
    assert BLURRED not in warnings(Ink(ink.level, ink.level == 255, 0.9, False), 50)


def test_the_most_telling_comes_first() -> None:
    said = warnings(bar(contrast=0.1, inverted=True), 10)
    small = "digits are only 10 pixels high"
    assert said == ["light ink on dark paper: inverted", small, THICK, FAINT]


def test_many_tiles_have_the_warnings_that_each_has_alone() -> None:
    """Thin, thick, small and blurred ink up to the border: no neighbour on the sheet counts."""
    tiles = np.zeros((6, 28, 28), np.uint8)
    tiles[0, :, 13] = 255
    tiles[1, 2:26, 4:24] = 255
    tiles[2, 9:18, 10:14] = 255
    tiles[3, 2:26, 9:15] = 120
    tiles[3, 4:8, 11] = 200
    tiles[4, :, :] = 255
    heights, bright = [28, 24, 9, 24, 28, 28], [True, False, True, True, False, True]
    said = of_tiles(tiles, heights, bright)
    assert said == [
        warnings(Ink(tile, tile > HALF, 1.0, inverted), height)
        for tile, height, inverted in zip(tiles, heights, bright, strict=True)
    ]
    assert {THIN, THICK, BLURRED} < {word for words in said for word in words}
