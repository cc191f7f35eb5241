"""A row's ink stood upright, with room beside it, and the way back to the picture."""

import cv2
import numpy as np
import pytest

from digits.vision.ink import Ink
from digits.vision.rows import ROW_HEIGHT, RowInk, ink_alone

SIZE = 200  # pixels of a picture
HIGH = 128  # of its strokes: two pixels of the picture are one of the row


def seen(level: np.ndarray) -> Ink:
    return Ink(level, level > 127, 0.9, inverted=False)


def stroke(level: np.ndarray, x: int, high: int, slant: float) -> None:
    """Draw a stroke, cut off level, that leans by so many pixels to the right per pixel up."""
    top = x + slant * high
    corners = np.array([(x - 4, 160), (x + 4, 160), (top + 4, 160 - high), (top - 4, 160 - high)])
    cv2.fillPoly(level, [corners.round().astype(np.int32)], 255)


def picture(*strokes: tuple[int, int, float]) -> np.ndarray:
    """Strokes (x of the foot, height, slant), black 0 to ink 255 (SIZE, 2 * SIZE) uint8."""
    level = np.zeros((SIZE, 2 * SIZE), np.uint8)
    for x, high, slant in strokes:
        stroke(level, x, high, slant)
    return level


def slant_of(row: RowInk) -> float:
    """Pixels of the picture to the right per pixel up that the row's columns lean by."""
    return float(-row.to_picture[0, 1] / row.to_picture[1, 1])


def alone(level: np.ndarray) -> RowInk:
    row = ink_alone(seen(level))
    assert row is not None
    return row


@pytest.mark.parametrize(("height", "is_row"), [(4, True), (3, False)])
def test_a_line_is_no_row(height: int, is_row: bool) -> None:
    level = np.zeros((SIZE, 3 * SIZE), np.uint8)
    level[100 : 100 + height, 20 : 20 + 380] = np.arange(380) % 10 < 5
    assert (ink_alone(seen(level * 255)) is not None) == is_row


def test_a_row_is_as_high_as_all_rows_and_has_room_beside_its_ink() -> None:
    level = np.zeros((SIZE, SIZE), np.uint8)
    level[36 : 36 + HIGH, 90:110] = 255
    row = alone(level)
    columns = np.flatnonzero(row.level.max(axis=0) > 127)
    lines = np.flatnonzero(row.level.max(axis=1) > 127)
    assert len(lines) == pytest.approx(ROW_HEIGHT, abs=1)
    assert len(columns) == pytest.approx(10, abs=1)
    assert columns[0] == pytest.approx(0.3 * ROW_HEIGHT, abs=2)
    assert row.level.shape[1] - columns[-1] == pytest.approx(0.3 * ROW_HEIGHT, abs=3)
    x, y, width, height = row.box_in_picture((0, 0, *row.level.shape[::-1]))
    assert np.allclose((x, y, width, height), (90, 36, 20, HIGH), atol=1)


@pytest.mark.parametrize(("leans", "stood"), [(0.0, 0.0), (0.3, 0.3), (-0.3, -0.3), (0.7, 0.7)])
def test_strokes_are_stood_upright(leans: float, stood: float) -> None:
    row = alone(picture((120, HIGH, leans)))
    assert slant_of(row) == pytest.approx(stood, abs=0.051 if leans else 1e-6)
    columns = np.flatnonzero(row.level.max(axis=0) > 127)
    assert len(columns) < 12  # of about 5, and of the ends that are cut askew


def test_no_stroke_is_stood_up_that_leans_further_than_hands_do() -> None:
    assert abs(slant_of(alone(picture((60, HIGH, 1.1))))) <= 0.7 + 1e-6


@pytest.mark.parametrize(("ratio", "stood"), [(0.45, 0.0), (0.36, 0.7)])
def test_upright_goes_first_unless_much_more_leans(ratio: float, stood: float) -> None:
    """`ratio` is that of the squared lengths of what is upright and of what leans furthest."""
    upright = round(HIGH * ratio**0.5)
    row = alone(picture((60, upright, 0.0), (140, HIGH, 0.7)))
    assert slant_of(row) == pytest.approx(stood, abs=0.051)


@pytest.mark.parametrize(("fringe", "width"), [(100, 10), (126, 10), (130, 20)])
def test_a_box_is_around_strokes(fringe: int, width: int) -> None:
    level = np.zeros((40, 40), np.uint8)
    level[10:30, 10:30], level[10:30, 10:20] = fringe, 255
    row = RowInk(level, np.eye(2, 3))
    assert row.box_in_picture((0, 0, 40, 40)) == (10, 10, width, 20)


def test_the_box_of_faint_ink_is_around_its_darkest() -> None:
    level = np.zeros((40, 40), np.uint8)
    level[10:30, 10:20] = 90
    box = RowInk(level, np.eye(2, 3)).box_in_picture((0, 0, 40, 40))
    assert box == (10, 10, 10, 20)


@pytest.mark.parametrize(("scale", "averaged"), [(0.8, False), (1.2, True), (2.5, True)])
def test_no_pixel_of_the_picture_is_passed_over(scale: float, averaged: bool) -> None:
    grey = 255 * np.random.default_rng(0).integers(0, 2, (SIZE, SIZE)).astype(np.uint8)
    to_picture = np.array([[scale, 0.0, 3.0], [0.0, scale, 5.0]])
    under = RowInk(np.zeros((40, 50), np.uint8), to_picture).of_picture(grey)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    plain = cv2.warpAffine(grey, to_picture, (50, 40), flags=how, borderMode=cv2.BORDER_REPLICATE)
    assert np.array_equal(under, plain) != averaged
