"""A sheet of paper, a card or a plate that lies on something: see only what is written on it.

The edges of a sheet are strokes to whoever looks for strokes, and stand upright like a 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from digits.vision.ink import Ink, estimate, variants


@dataclass(frozen=True)
class SheetLimits:
    """`*_of_X` are shares of X; sizes are longer sides, and pixels those of the picture as `ink`
    reduces it."""

    smoothing_px: int = 5  # of the median that takes writing and grain away
    min_side_px: int = 40  # of a picture: less holds no table
    min_area_of_picture: float = 0.15  # that a sheet covers
    nearly_all_of_picture: float = 0.9  # a sheet that covers it needs no edges in the picture
    corner_slack_of_size: float = 0.02  # of the picture: a sheet's sides are so straight
    max_corners: int = 4  # of a sheet, in the picture
    min_fit: float = 0.93  # of the sheet with the polygon around it, that both have in common
    min_bare_of_sheet: float = 0.8  # not written on
    min_table_of_rest: float = 0.8  # of the other shade, around a sheet
    min_step_of_contrast: float = 0.5  # of that of sheet and table, across their edge
    step_reach_px: int = 4  # on both sides of an edge
    step_centile: float = 25.0  # of the brightness across it: writing and fingers may hide some
    border_px: int = 3  # of the picture, where an edge cannot be seen
    border_of_size: float = 0.02  # of the picture: what is so near to its border is at it
    min_side_of_size: float = 0.1  # of the picture: a sheet's side
    min_turn_deg: float = 20.0  # what bends less is one side
    rim_of_size: float = 0.02  # of the picture: the sheet's edge, left out with the table
    paper_of_shorter_side: float = 0.125  # over so much of the cut the paper's colour is taken
    min_sheet_level: int = 254  # of 255: a reduced pixel with more lies wholly on the sheet


LIMITS = SheetLimits()


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
    small = cv2.medianBlur(estimate(grey), LIMITS.smoothing_px)
    if min(small.shape) < LIMITS.min_side_px:
        return None
    bright = small > cv2.threshold(small, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
    for shade in (bright, ~bright):
        found = _sheet_of(shade, small)
        if found is not None:
            full = cv2.resize(found.astype(np.uint8) * 255, grey.shape[::-1])
            return np.asarray(full > 255 / 2)
    return None


def _sheet_of(shade: np.ndarray, small: np.ndarray) -> np.ndarray | None:
    """The sheet of this shade (h, w) bool, likewise; None if the picture has none."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(shade.astype(np.uint8), connectivity=4)
    if len(stats) < 2:
        return None
    part = labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
    outlines, _ = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(outlines[0])
    slack = LIMITS.corner_slack_of_size * max(shade.shape)
    corners = np.asarray(cv2.approxPolyDP(hull, slack, True))[:, 0]
    whole, polygon = _filled(outlines[0], shade.shape), _filled(corners, shade.shape)
    around = shade[~(polygon | whole)]
    if (
        whole.mean() < LIMITS.min_area_of_picture
        or _inside(corners, shade.shape).sum() > LIMITS.max_corners
        or (whole & polygon).sum() < LIMITS.min_fit * (whole | polygon).sum()
        or part.sum() < LIMITS.min_bare_of_sheet * whole.sum()
        or not around.size
        or around.mean() > 1 - LIMITS.min_table_of_rest
    ):
        return None
    contrast = abs(np.median(small[part]) - np.median(small[~shade]))
    least = LIMITS.min_step_of_contrast * contrast
    has_edges = _turns_inside(corners, shade.shape) and _step(polygon, small) > least
    if whole.mean() < LIMITS.nearly_all_of_picture and not has_edges:
        return None
    rim = 2 * round(LIMITS.rim_of_size * max(shade.shape) / 2) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))
    framed = np.pad(polygon | whole, rim, mode="edge").astype(np.uint8)
    return np.asarray(cv2.erode(framed, kernel)[rim:-rim, rim:-rim] > 0)


def _filled(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(cv2.fillPoly(np.zeros(shape, np.uint8), [points], 1)) > 0


def _step(polygon: np.ndarray, small: np.ndarray) -> float:
    """How much the brightness differs across the edge of a polygon (h, w), in most places."""
    border = LIMITS.border_px
    inner = np.pad(np.ones(np.subtract(small.shape, 2 * border), bool), border)
    rim = cv2.morphologyEx(polygon.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    reach = np.ones((2 * LIMITS.step_reach_px + 1,) * 2, np.uint8)
    steps = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, reach)[inner & (rim > 0)]
    return float(np.percentile(steps, LIMITS.step_centile)) if steps.size else 0.0


def _turns_inside(corners: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether sides of a polygon (n, 2) that do not run along the picture's border differ in their
    directions."""
    sides = np.roll(corners, -1, axis=0) - corners
    long = np.abs(sides).max(axis=1) > LIMITS.min_side_of_size * max(shape)
    along = sides[long & _inside(corners + sides / 2, shape)]
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    return bool((along @ along.T < np.cos(np.deg2rad(LIMITS.min_turn_deg))).any())


def _inside(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Which points (n, 2) are not at the picture's border, (n,) bool."""
    height, width = shape
    x, y = points.T
    margin = LIMITS.border_of_size * max(shape)
    return (np.minimum(x, width - 1 - x) > margin) & (np.minimum(y, height - 1 - y) > margin)


def _without_table(grey: np.ndarray, sheet: np.ndarray) -> np.ndarray:
    """A picture (H, W) uint8 whose table has the colour of the paper that is nearest."""
    small, sheets = estimate(grey), estimate(np.asarray(sheet * 255, np.uint8))
    there = sheets > LIMITS.min_sheet_level
    if not there.any():
        return grey
    paper = np.where(there, small, np.median(small[there])).astype(np.uint8)
    over = max(3, int(LIMITS.paper_of_shorter_side * min(small.shape))) | 1
    paper = np.asarray(cv2.medianBlur(paper, over))
    _, nearest = cv2.distanceTransformWithLabels(
        np.asarray(~there, np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    shades = np.zeros(int(np.max(nearest)) + 1, np.uint8)
    shades[np.asarray(nearest)[there]] = paper[there]
    table = cv2.resize(shades[nearest], grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(sheet, grey, table)
