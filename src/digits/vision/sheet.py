"""A sheet of paper, a card or a plate that lies on something: see only what is written on it.

The edges of a sheet are strokes to whoever looks for strokes, and stand upright like a 1.
"""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from digits.vision.ink import Ink, estimate, variants

LEAST, NEARLY_ALL = 0.15, 0.9  # of the picture, that a sheet covers
SMALLEST = 40  # pixels of a picture's side, reduced as it is: less holds no table
STRAIGHT = 0.93  # of the polygon around it, that a sheet fills
BARE = 0.8  # of a sheet, that is not written on; of what is around it, that is of the other shade
SHARP = 0.5  # of the difference between sheet and table, that shows across their edge
TURN = 20  # degrees: what bends less is one side
RIM = 0.02  # of the picture's size: so much of a sheet's edge is left out with the table


def on_a_sheet(grey: np.ndarray) -> Iterator[Ink]:
    """What may be the ink on a sheet in the picture (H, W) uint8; nothing where there is none."""
    sheet = find_sheet(grey)
    if sheet is None:
        return
    x, y, width, height = cv2.boundingRect(sheet.astype(np.uint8))
    cut = np.s_[y : y + height, x : x + width]
    inside = cv2.erode(sheet.astype(np.uint8), np.ones((3, 3), np.uint8))[cut] > 0
    for ink in variants(_without_table(grey[cut], sheet[cut])):
        level, mask = np.zeros_like(grey), np.zeros(grey.shape, bool)
        level[cut], mask[cut] = ink.level * inside, ink.mask & inside
        if mask.any():
            yield replace(ink, level=level, mask=mask, on_sheet=True)


def find_sheet(grey: np.ndarray) -> np.ndarray | None:
    """Where in the picture (H, W) uint8 a sheet lies, (H, W) bool; None where there is none.

    A sheet is bright on dark or dark on bright, with sharp and straight edges, two of them in the
    picture at least, as one may be a shadow's; or it leaves only some of the picture's border free.
    """
    small = cv2.medianBlur(estimate(grey), 5)
    if min(small.shape) < SMALLEST:
        return None
    bright = small > cv2.threshold(small, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
    for shade in (bright, ~bright):
        found = _sheet_of(shade, small)
        if found is not None:
            full = cv2.resize(found.astype(np.uint8) * 255, grey.shape[::-1])
            return np.asarray(full > 127)
    return None


def _sheet_of(shade: np.ndarray, small: np.ndarray) -> np.ndarray | None:
    """The sheet of this shade (h, w) bool, likewise; None if the picture has none."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(shade.astype(np.uint8), connectivity=4)
    if len(stats) < 2:
        return None
    part = labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
    outlines, _ = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(outlines[0])
    corners = np.asarray(cv2.approxPolyDP(hull, 0.02 * max(shade.shape), True))[:, 0]
    whole, polygon = _filled(outlines[0], shade.shape), _filled(corners, shade.shape)
    around = shade[~(polygon | whole)]
    if (
        whole.mean() < LEAST
        or _inside(corners, shade.shape).sum() > 4
        or (whole & polygon).sum() < STRAIGHT * (whole | polygon).sum()
        or part.sum() < BARE * whole.sum()
        or not around.size
        or around.mean() > 1 - BARE
    ):
        return None
    contrast = abs(np.median(small[part]) - np.median(small[~shade]))
    has_edges = _turns_inside(corners, shade.shape) and _step(polygon, small) > SHARP * contrast
    if whole.mean() < NEARLY_ALL and not has_edges:
        return None
    rim = 2 * round(RIM * max(shade.shape) / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))
    framed = np.pad(polygon | whole, rim, mode="edge").astype(np.uint8)
    return np.asarray(cv2.erode(framed, kernel)[rim:-rim, rim:-rim] > 0)


def _filled(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(cv2.fillPoly(np.zeros(shape, np.uint8), [points], 1)) > 0


def _step(polygon: np.ndarray, small: np.ndarray) -> float:
    """How much the brightness differs across the edge of a polygon (h, w), in most places."""
    inner = np.pad(np.ones(np.subtract(small.shape, 6), bool), 3)
    rim = cv2.morphologyEx(polygon.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    steps = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((9, 9), np.uint8))[
        inner & (rim > 0)
    ]
    return float(np.percentile(steps, 25)) if steps.size else 0.0


def _turns_inside(corners: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether sides of a polygon (n, 2) that do not run along the picture's border differ in their
    directions."""
    sides = np.roll(corners, -1, axis=0) - corners
    long = np.abs(sides).max(axis=1) > 0.1 * max(shape)
    along = sides[long & _inside(corners + sides / 2, shape)]
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    return bool((along @ along.T < np.cos(np.deg2rad(TURN))).any())


def _inside(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Which points (n, 2) are not at the picture's border, (n,) bool."""
    height, width = shape
    x, y = points.T
    margin = 0.02 * max(shape)
    return (np.minimum(x, width - 1 - x) > margin) & (np.minimum(y, height - 1 - y) > margin)


def _without_table(grey: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """A picture (H, W) uint8 whose table has the colour of the paper that is nearest."""
    small, there = estimate(grey), estimate(np.asarray(sheet * 255, np.uint8)) > 254
    if not there.any():
        return grey
    paper = np.where(there, small, np.median(small[there])).astype(np.uint8)
    paper = np.asarray(cv2.medianBlur(paper, max(3, min(small.shape) // 8) | 1))
    _, nearest = cv2.distanceTransformWithLabels(
        np.asarray(~there, np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    shades = np.zeros(int(np.max(nearest)) + 1, np.uint8)
    shades[np.asarray(nearest)[there]] = paper[there]
    table = cv2.resize(shades[nearest], grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(sheet, grey, table)
