"""A row of a picture: a piece of its own, level, scaled to one height, with the way back."""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import HALF, Box, shrink
from digits.vision.components import SOFT_EDGE, cut_out, without_frames
from digits.vision.ink import Ink

ROW_HEIGHT = 64  # pixels of a row's digits; a tile's are 20


@dataclass(frozen=True)
class RowLimits:
    """Of ink as a row of its own.

    To measure: `benchmarks/sweep.py vision.rows.NAME VALUES`.
    """

    # Of a row's height, left and right of ink alone: ink that a crop's border cuts is a neighbour's
    # to the row model, which left out first and last digits.
    room_of_height: float = 0.3
    # Width by height of ink: one dotted line made a row of 127,000 columns, which took 7 s.
    most_aspect: float = 100.0
    max_slant: float = 0.7  # pixels to the right per pixel up
    slants: int = 29  # that are tried
    slant_penalty: float = 0.25  # of the steepest: upright unless there is a reason


LIMITS = RowLimits()


@dataclass(frozen=True)
class RowInk:
    """A row's ink (h, w) uint8, its digits about ROW_HEIGHT high, and the way back to the picture.

    `to_picture` (2, 3) is affine, from the row's pixels to the picture's.
    """

    level: np.ndarray
    to_picture: np.ndarray

    def box_in_picture(self, box: Box) -> Box:
        """The upright box in the picture around the ink in a box of the row."""
        x, y, width, height = box
        level = self.level[y : y + height, x : x + width]
        ys, xs = np.nonzero(level > min(HALF, int(level.max()) - 1))
        there = np.stack([xs + x, ys + y], 1) @ self.to_picture[:, :2].T
        there += self.to_picture[:, 2]
        left, top = np.floor(there.min(axis=0) + 0.5).astype(int).tolist()
        right, bottom = np.floor(there.max(axis=0) + 0.5).astype(int).tolist()
        return left, top, right - left + 1, bottom - top + 1

    def of_picture(self, grey: np.ndarray) -> np.ndarray:
        """The piece of the picture (H, W) uint8 under the row, (h, w) uint8 as `level` lies."""
        height, width = self.level.shape
        corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]])
        per_pixel = float(np.sqrt(abs(np.linalg.det(self.to_picture[:, :2]))))
        grey, corner = _around(grey, corners @ self.to_picture.T, 2 * per_pixel)
        to_picture = self.to_picture.copy()
        to_picture[:, 2] -= corner
        if per_pixel > 1:  # so that no pixel of the picture is passed over
            grey = cv2.resize(
                grey, None, fx=1 / per_pixel, fy=1 / per_pixel, interpolation=cv2.INTER_AREA
            )
            to_picture /= per_pixel
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            grey, to_picture, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE
        )


def _around(grey: np.ndarray, points: np.ndarray, room: float) -> tuple[np.ndarray, np.ndarray]:
    """What of a picture (H, W) lies around points (N, 2) with so much room, and its corner."""
    last = np.array(grey.shape[::-1]) - 1
    first = np.clip(np.floor(points.min(axis=0) - room), 0, last).astype(int)
    end = np.clip(np.ceil(points.max(axis=0) + room), first, last).astype(int)
    return grey[first[1] : end[1] + 1, first[0] : end[0] + 1], first


def ink_alone(ink: Ink) -> RowInk | None:
    """A crop's ink as a row, its strokes upright, without frames and the paper around it; None
    where it is a line."""
    level, (x, y, width, height) = cut_out(ink, without_frames(ink))
    if width > LIMITS.most_aspect * height:
        return None
    zoom = ROW_HEIGHT / height
    if zoom < 1:
        level = shrink(level, zoom)
    else:
        level = cv2.resize(level, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    slant, high = _slant(level), len(level)
    reach, room = abs(slant) * high, LIMITS.room_of_height * ROW_HEIGHT
    forward = np.array([[1, slant, room + max(-slant * high, 0)], [0, 1, 0]])
    size = (int(level.shape[1] + reach + 2 * room), high)
    back = cv2.invertAffineTransform(forward) * height / ROW_HEIGHT
    back[:, 2] += (x - SOFT_EDGE, y - SOFT_EDGE)
    return RowInk(cv2.warpAffine(level, forward, size, flags=cv2.INTER_LINEAR), back)


def _slant(level: np.ndarray) -> float:
    """The shear that stands the strokes upright, in pixels to the right per pixel up: that with the
    steepest column sums."""
    height, width = level.shape
    shears = np.linspace(-LIMITS.max_slant, LIMITS.max_slant, LIMITS.slants)

    def steepness(shear: float) -> float:
        move = np.array([[1, shear, max(-shear * height, 0)], [0, 1, 0]])
        size = (int(width + abs(shear) * height), height)
        columns = cv2.warpAffine(level, move, size).sum(axis=0, dtype=float)
        return float(np.square(np.diff(columns)).sum())

    values = np.array([steepness(s) for s in shears])
    values *= 1 - LIMITS.slant_penalty * (shears / LIMITS.max_slant) ** 2
    return float(shears[values.argmax()])
