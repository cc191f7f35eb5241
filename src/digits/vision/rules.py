"""Remove what is printed on the paper but is no digit: rules, form boxes, the edge of the sheet."""

from dataclasses import replace

import cv2
import numpy as np

from digits.vision.ink import Ink

RUN = 0.15  # of the picture's side: a straight run of ink so long belongs to a rule ...
SPAN = 0.9  # ... if, gaps included, it crosses so much of the picture ...
THIN = 0.06  # ... and is no thicker than this (a level rule), or half of it (an upright one:
# a 1 in a tight crop is as high as the picture, and its stroke a thirtieth of that or more)
MIN_RUN = 24  # pixels
FRAMED = 0.25  # of a form box's height: what stands in it is higher, the bar of an angular 8 is not


def without_rules(ink: Ink) -> Ink:
    """Ink without straight lines across the picture; strokes that cross one stay whole."""
    mask = ink.mask.astype(np.uint8)
    for turned in (False, True):
        way = mask.T if turned else mask
        way = _erase(way, _lines(way, THIN * min(mask.shape) / (2 if turned else 1)))
        mask = way.T if turned else way
    return _keeping(ink, mask)


def _keeping(ink: Ink, mask: np.ndarray) -> Ink:
    """Ink less the strokes that are not in `mask` (H, W) uint8."""
    kept = mask > 0
    if kept.sum() == ink.mask.sum():
        return ink
    gone = cv2.dilate((ink.mask & ~kept).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return replace(ink, mask=kept, level=np.where(gone & ~kept, 0, ink.level))


def without_frames(ink: Ink) -> Ink:
    """Ink without the boxes of a form around it; strokes that cross a side stay whole.

    A box is a closed line along four straight sides with something as high as a digit in it.
    Upright lines from side to side in it part its cells, and go too.
    """
    mask = ink.mask.astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    for k, (x, y, width, height, area) in enumerate(stats):
        if k and min(width, height) >= MIN_RUN and area < 0.5 * width * height:
            there = np.s_[y : y + height, x : x + width]
            mask[there] = _unframed(mask[there], (labels[there] == k).astype(np.uint8))
    return _keeping(ink, mask)


def _unframed(mask: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The ink (H, W) of a part's surroundings, less the part's sides if it is a frame."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(contours[0])
    corners = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, closed=True), closed=True)
    if len(corners) != 4:
        return mask
    thickest = max(3, round(THIN * min(part.shape)))
    along, sides, inside = (np.zeros_like(part) for _ in range(3))
    cv2.polylines(along, [corners], True, 1, 1)
    cv2.polylines(sides, [corners], True, 1, 2 * thickest + 1)
    depth = cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    line = round(2 * float(np.median(depth[(part & along) > 0])) + 1)  # how thick the sides are
    near = cv2.dilate(part, np.ones((2 * thickest + 1, 2 * thickest + 1), np.uint8))
    cv2.fillPoly(inside, [corners], 1)
    inside &= 1 - sides
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask & inside)
    highest = max(stats[1:, cv2.CC_STAT_HEIGHT], default=0)
    closed = near[along > 0].mean() > 0.97
    if line > thickest or not closed or highest < FRAMED * part.shape[0]:
        return mask
    uprights = _uprights(mask, corners, 2.0 * line + 1)
    lines = cv2.dilate(uprights, np.ones((3, 3), np.uint8))
    cv2.polylines(lines, [corners], True, 1, 2 * line + 1)
    rest = mask & (1 - lines)
    gap = np.ones((2 * thickest + 5, 2 * thickest + 5), np.uint8)
    return rest | (cv2.morphologyEx(rest, cv2.MORPH_CLOSE, gap) & mask & (1 - uprights))


def _uprights(mask: np.ndarray, corners: np.ndarray, thickest: float) -> np.ndarray:
    """Lines from the upper to the lower side of a box, (H, W) uint8, as if it were level."""
    height, width = mask.shape
    points = corners.reshape(4, 2).astype(np.float32)  # clockwise, as convexHull gives them
    points = np.roll(points, -int(points.sum(axis=1).argmin()), axis=0)
    level = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(points, level)
    levelled = cv2.warpPerspective(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
    lines = np.ascontiguousarray(_lines(levelled.T, thickest).T)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(lines, matrix, (width, height), flags=flags)


def _lines(mask: np.ndarray, thickest: float) -> np.ndarray:
    """Where horizontal lines up to `thickest` pixels run, (H, W) uint8."""
    mask = np.ascontiguousarray(mask)
    width = mask.shape[1]
    run = max(MIN_RUN, int(RUN * width))
    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    if not runs.any():
        return runs
    bridged = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((3, run), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bridged)
    spans = stats[:, cv2.CC_STAT_WIDTH] >= SPAN * width
    thin = stats[:, cv2.CC_STAT_AREA] < thickest * stats[:, cv2.CC_STAT_WIDTH]
    keep = spans & thin
    keep[0] = False
    return runs * keep[labels]


def _erase(mask: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Take lines away, then close the gaps that they leave in strokes."""
    mask = np.ascontiguousarray(mask)
    if not lines.any():
        return mask
    thickness = int(np.median(lines.sum(axis=0)[lines.any(axis=0)]))
    edge = np.ones((3, 1), np.uint8)  # a line's ragged upper and lower pixels
    rest = cv2.bitwise_and(mask, 1 - cv2.dilate(lines, edge))
    closed = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((thickness + 5, 1), np.uint8))
    return cv2.bitwise_or(rest, cv2.bitwise_and(closed, mask))
