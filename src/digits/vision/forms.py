"""Form boxes and rings: what stands in them is read; they and what is beside them are not."""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import stroke_width
from digits.vision.ink import Ink, keeping
from digits.vision.ruled_lines import MIN_RUN, THIN, lines

FRAMED = 0.25  # of a box's height: what stands in it is higher, the bar of an angular 8 is not
FILLED = 0.75  # of a box with the digit that hangs together with it
CLOSED = 0.97  # of its sides are drawn
ALIKE = 0.7  # of its height: so high are digits, and labels are not
ROUND, HOLLOW = 0.85, 0.3  # a ring fills so much of its hull, and its line less of its box
LOOKED_AT = 6  # times the picture: nested boxes have less in all, rings in rings any number
NARROW = 0.75  # of its height: an angular 0 or 8 is, and what is in it hangs together with it


@dataclass(frozen=True)
class Form:
    """A closed line along four straight sides: its corners (4, 1, 2), clockwise, in pixels of the
    patch that it was found in, and how thick its sides are."""

    corners: np.ndarray
    line: int


def in_forms(ink: Ink, attached: bool = False) -> Ink:
    """The ink that stands in form boxes or rings, without their lines, if there are any; else all.

    A box has something as high as a digit in it. Upright lines from side to side part its cells,
    and go too; strokes that cross a side stay whole. Of boxes in boxes the inner ones count.
    A ring or a narrow box to which all in it is attached may as well be a 0 or an angular 8, and
    counts only if `attached` is set.
    """
    mask = ink.mask.astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    fields = []  # corners in the picture
    pixels = LOOKED_AT * mask.size
    for k, (x, y, width, height, area) in enumerate(stats):
        if k and min(width, height) >= MIN_RUN and area < FILLED * width * height:
            pixels -= width * height
            if pixels < 0:
                break
            there = np.s_[y : y + height, x : x + width]
            part = (labels[there] == k).astype(np.uint8)
            form, ring = _form(mask[there], part, attached), _ring(mask[there], part, attached)
            if form:
                mask[there] = _without(mask[there], form)
                fields.append(form.corners + np.array([x, y], np.int32))
            elif ring is not None:
                mask[there] &= 1 - _outline(part)
                fields.append(ring + np.array([x, y], np.int32))
    if not fields or _are_digits(fields, stats):
        return ink
    return keeping(ink, _inside(mask, _innermost(fields)))


def _are_digits(fields: list[np.ndarray], stats: np.ndarray) -> bool:
    """Whether more that is as high stands beside the boxes: then they are angular digits.

    `stats` are those of all connected parts (N, 5), the first one of the paper.
    """
    high = ALIKE * float(np.median([np.ptp(corners[..., 1]) for corners in fields]))
    beside = 0
    for x, y, width, height, _ in stats[1:]:
        middle = (float(x + width / 2), float(y + height / 2))
        within = (cv2.pointPolygonTest(corners, middle, measureDist=False) for corners in fields)
        beside += height >= high and max(within) < 0
    return beside > len(fields)


def _form(mask: np.ndarray, part: np.ndarray, attached: bool) -> Form | None:
    """The form box that a part (H, W) of the ink around it is, if it is one."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(contours[0])
    corners = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, closed=True), closed=True)
    height, width = part.shape
    if len(corners) != 4:
        return None
    thickest = max(3, round(THIN * min(part.shape)))
    along, sides = (_drawn(part.shape, corners, width) for width in (1, 2 * thickest + 1))
    depth = cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    line = round(2 * float(np.median(depth[(part & along) > 0])) + 1)
    near = cv2.dilate(part, np.ones((2 * thickest + 1, 2 * thickest + 1), np.uint8))
    if line > thickest or near[along > 0].mean() < CLOSED:
        return None
    inside = cv2.fillPoly(np.zeros_like(part), [corners], 1) & (1 - sides)
    content = mask & inside
    if width < NARROW * height and not attached:
        content &= 1 - part
    _, _, stats, _ = cv2.connectedComponentsWithStats(content)
    highest = max(stats[1:, cv2.CC_STAT_HEIGHT], default=0)
    return Form(corners, line) if highest > FRAMED * height else None


def _ring(mask: np.ndarray, part: np.ndarray, attached: bool) -> np.ndarray | None:
    """The hull (N, 1, 2) of a part (H, W) of the ink around it that is a closed ring drawn by hand
    about something, else None."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(contours[0])
    line = _outline(part) if attached else part
    inside = cv2.fillPoly(np.zeros_like(part), [hull], 1) & mask & (1 - line)
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside)
    if max(stats[1:, cv2.CC_STAT_HEIGHT], default=0) <= FRAMED * len(part):
        return None
    closed = cv2.contourArea(contours[0]) > ROUND * cv2.contourArea(hull)
    return hull if closed and line.mean() < HOLLOW else None


def _outline(part: np.ndarray) -> np.ndarray:
    """The ring that a part (H, W) is, without what touches it from inside, (H, W) uint8."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.pad(cv2.fillPoly(np.zeros(part.shape, np.uint8), [contours[0]], 1), 1)
    line = stroke_width(part * 255)
    outer = (cv2.distanceTransform(filled, cv2.DIST_L2, 3) <= line + 2).astype(np.uint8)
    return cv2.bitwise_and(cv2.bitwise_and(filled, outer)[1:-1, 1:-1], part)


def _without(mask: np.ndarray, form: Form) -> np.ndarray:
    """Ink (H, W) less a box's sides and the lines between its cells."""
    between = _between_cells(mask, form)
    sides = _drawn(mask.shape, form.corners, 2 * form.line + 1)
    rest = mask & (1 - sides) & (1 - cv2.dilate(between, np.ones((3, 3), np.uint8)))
    gap = np.ones((2 * form.line + 7, 2 * form.line + 7), np.uint8)
    return rest | (cv2.morphologyEx(rest, cv2.MORPH_CLOSE, gap) & mask & (1 - between))


def _between_cells(mask: np.ndarray, form: Form) -> np.ndarray:
    """Lines from the upper to the lower side of a box, (H, W) uint8, found as if it were level."""
    height, width = mask.shape
    points = form.corners.reshape(4, 2).astype(np.float32)
    points = np.roll(points, -int(points.sum(axis=1).argmin()), axis=0)
    level = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(points, level)
    levelled = cv2.warpPerspective(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
    uprights = np.ascontiguousarray(lines(levelled.T, 2.0 * form.line + 1).T)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(uprights, matrix, (width, height), flags=flags)


def _drawn(shape: tuple[int, ...], corners: np.ndarray, width: int) -> np.ndarray:
    """The sides of a box (H, W) uint8, `width` pixels wide."""
    return cv2.polylines(np.zeros(shape, np.uint8), [corners], True, 1, width)


def _innermost(fields: list[np.ndarray]) -> list[np.ndarray]:
    """Boxes in which there is no other; each (4, 1, 2)."""
    middles = [corners.mean(axis=(0, 1)).tolist() for corners in fields]
    return [
        corners
        for k, corners in enumerate(fields)
        if not any(
            j != k and cv2.pointPolygonTest(corners, middle, measureDist=False) > 0
            for j, middle in enumerate(middles)
        )
    ]


def _inside(mask: np.ndarray, fields: list[np.ndarray]) -> np.ndarray:
    """The connected ink of which more than half lies in boxes."""
    inside = cv2.fillPoly(np.zeros_like(mask), fields, 1)
    count, labels = cv2.connectedComponents(mask)
    total = np.bincount(labels.ravel(), minlength=count)
    within = np.bincount(labels[inside > 0], minlength=count)
    kept = within > 0.5 * total
    kept[0] = False
    return kept[labels].astype(np.uint8)
