"""Ink -> tile: as MNIST was made, and MNIST's own digits unharmed."""

import cv2
import numpy as np
import pytest

from digits.spec import INK_SIZE, TILE_SIZE
from digits.vision.frame import THICK, as_tile, frame, stroke_width


def ring(size: int, thickness: int) -> np.ndarray:
    ink = np.zeros((size, size), np.uint8)
    centre, radius = (size // 2, size // 2), size // 2 - thickness
    cv2.circle(ink, centre, radius, 255, thickness, cv2.LINE_AA)
    return ink


def extent(tile: np.ndarray) -> tuple[int, int]:
    _, _, width, height = cv2.boundingRect((tile > 64).astype(np.uint8))
    return width, height


@pytest.mark.parametrize(
    ("size", "thickness"), [(14, 1), (40, 3), (400, 1), (400, 120), (3000, 200)]
)
def test_any_size_and_pen_fills_the_frame_and_keeps_its_hole(size: int, thickness: int) -> None:
    tile = frame(ring(size, thickness))
    assert tile.shape == (TILE_SIZE, TILE_SIZE) and tile.dtype == np.uint8
    assert max(extent(tile)) in (INK_SIZE - 1, INK_SIZE, INK_SIZE + 1)
    assert tile.max() > 150 and tile[14, 14] < 100


def test_the_centre_of_mass_is_the_centre() -> None:
    ink = np.zeros((200, 200), np.uint8)
    ink[20:160, 30:50] = ink[140:160, 30:140] = 255  # an L: its mass is low and left
    moments = cv2.moments(frame(ink))
    assert abs(moments["m10"] / moments["m00"] - TILE_SIZE / 2) < 0.6
    assert abs(moments["m01"] / moments["m00"] - TILE_SIZE / 2) < 0.6


def test_a_tile_comes_through_byte_for_byte() -> None:
    tile = frame(ring(200, 20))
    assert (frame(tile) == tile).all()
    assert as_tile(tile) is tile
    negative = as_tile(255 - tile)
    assert negative is not None and (negative == tile).all()


def test_what_is_not_framed_is_no_tile() -> None:
    tile = frame(ring(200, 20))
    assert as_tile(np.roll(tile, 3, axis=1)) is None
    assert as_tile(np.pad(tile, 1)) is None
    assert as_tile(np.zeros_like(tile)) is None


def test_aspect_is_kept() -> None:
    bar = np.zeros((60, 40), np.uint8)
    bar[10:51, 18:23] = 255
    width, height = extent(frame(bar))
    assert height >= 19 and 2 <= width <= 4


def test_a_marker_is_thinned() -> None:
    assert stroke_width(frame(ring(300, 90))) <= THICK + 1


def test_blank_stays_blank() -> None:
    assert not frame(np.zeros((50, 40), np.uint8)).any()
