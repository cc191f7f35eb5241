"""Form boxes and rings: what stands in them is read; they and what is beside them are not."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from digits.tile import stroke_width
from digits.vision.ink import Ink, keeping
from digits.vision.ruled_lines import lines

CORNERS = 4  # of a box


@dataclass(frozen=True)
class FormLimits:
    """`*_of_X` are shares of X; a box's are upright, a part's is the one around it."""

    min_side_px: int = 24  # a box or ring is no smaller
    max_fill_of_box: float = 0.75  # of it with the digit that hangs together with it
    max_looked_at_of_picture: float = 6.0  # nested boxes have less in all, rings any number
    corner_slack_of_outline: float = 0.03  # a side is so straight
    max_line_of_shorter_side: float = 0.06  # a box's sides are no thicker ...
    max_thin_line_px: int = 3  # ... unless they are as thin as this
    min_drawn_of_sides: float = 0.97  # a box is closed
    min_content_of_height: float = 0.25  # what stands in it is higher; an angular 8's bar is not
    narrow_of_height: float = 0.75  # an angular 0 or 8 is, and what is in it hangs together with it
    min_ring_of_hull: float = 0.85  # a ring fills so much of its hull ...
    max_line_of_ring: float = 0.3  # ... and its line less of its box
    line_slack_px: int = 2  # a ring's line is here and there thicker than it is in the mean
    gap_slack_px: int = 7  # a line that is taken away leaves gaps wider than itself by less
    max_upright_of_line: float = 2.0  # the lines between cells are no thicker
    min_digit_of_height: float = 0.7  # so high are digits beside boxes, and labels are not
    min_inside_of_part: float = 0.5  # what lies in a box by so much stands in it


LIMITS = FormLimits()


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
    pixels = LIMITS.max_looked_at_of_picture * mask.size
    for k, (x, y, width, height, area) in enumerate(stats):
        hollow = area < LIMITS.max_fill_of_box * width * height
        if k and hollow and min(width, height) >= LIMITS.min_side_px:
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
    return replace(keeping(ink, _inside(mask, _innermost(fields))), in_forms=True)


def _are_digits(fields: list[np.ndarray], stats: np.ndarray) -> bool:
    """Whether more that is as high stands beside the boxes: then they are angular digits.

    `stats` are those of all connected parts (N, 5), the first one of the paper.
    """
    usual = float(np.median([np.ptp(corners[..., 1]) for corners in fields]))
    high = LIMITS.min_digit_of_height * usual
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
    slack = LIMITS.corner_slack_of_outline * cv2.arcLength(hull, closed=True)
    corners = cv2.approxPolyDP(hull, slack, closed=True)
    height, width = part.shape
    if len(corners) != CORNERS:
        return None
    thickest = round(LIMITS.max_line_of_shorter_side * min(part.shape))
    thickest = max(LIMITS.max_thin_line_px, thickest)
    along, sides = (_drawn(part.shape, corners, width) for width in (1, 2 * thickest + 1))
    depth = cv2.distanceTransform(np.pad(part, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    line = round(2 * float(np.median(depth[(part & along) > 0])) + 1)
    near = cv2.dilate(part, np.ones((2 * thickest + 1, 2 * thickest + 1), np.uint8))
    if line > thickest or near[along > 0].mean() < LIMITS.min_drawn_of_sides:
        return None
    inside = cv2.fillPoly(np.zeros_like(part), [corners], 1) & (1 - sides)
    content = mask & inside
    if width < LIMITS.narrow_of_height * height and not attached:
        content &= 1 - part
    return Form(corners, line) if _has_content(content) else None


def _ring(mask: np.ndarray, part: np.ndarray, attached: bool) -> np.ndarray | None:
    """The hull (N, 1, 2) of a part (H, W) of the ink around it that is a closed ring drawn by hand
    about something, else None."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(contours[0])
    line = _outline(part) if attached else part
    inside = cv2.fillPoly(np.zeros_like(part), [hull], 1) & mask & (1 - line)
    if not _has_content(inside):
        return None
    closed = cv2.contourArea(contours[0]) > LIMITS.min_ring_of_hull * cv2.contourArea(hull)
    return hull if closed and line.mean() < LIMITS.max_line_of_ring else None


def _has_content(inside: np.ndarray) -> bool:
    """Whether the ink in a box or ring (H, W) has a part that is high enough for a digit."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside)
    highest = max(stats[1:, cv2.CC_STAT_HEIGHT], default=0)
    return bool(highest > LIMITS.min_content_of_height * len(inside))


def _outline(part: np.ndarray) -> np.ndarray:
    """The ring that a part (H, W) is, without what touches it from inside, (H, W) uint8."""
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.pad(cv2.fillPoly(np.zeros(part.shape, np.uint8), [contours[0]], 1), 1)
    line = stroke_width(part * 255) + LIMITS.line_slack_px
    outer = (cv2.distanceTransform(filled, cv2.DIST_L2, 3) <= line).astype(np.uint8)
    return cv2.bitwise_and(cv2.bitwise_and(filled, outer)[1:-1, 1:-1], part)


def _without(mask: np.ndarray, form: Form) -> np.ndarray:
    """Ink (H, W) less a box's sides and the lines between its cells."""
    between = _between_cells(mask, form)
    sides = _drawn(mask.shape, form.corners, 2 * form.line + 1)
    rest = mask & (1 - sides) & (1 - cv2.dilate(between, np.ones((3, 3), np.uint8)))
    gap = np.ones((2 * form.line + LIMITS.gap_slack_px,) * 2, np.uint8)
    return rest | (cv2.morphologyEx(rest, cv2.MORPH_CLOSE, gap) & mask & (1 - between))


def _between_cells(mask: np.ndarray, form: Form) -> np.ndarray:
    """Lines from the upper to the lower side of a box, (H, W) uint8, found as if it were level."""
    height, width = mask.shape
    points = form.corners.reshape(CORNERS, 2).astype(np.float32)
    points = np.roll(points, -int(points.sum(axis=1).argmin()), axis=0)
    level = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(points, level)
    levelled = cv2.warpPerspective(mask, matrix, (width, height), flags=cv2.INTER_NEAREST)
    uprights = np.ascontiguousarray(lines(levelled.T, LIMITS.max_upright_of_line * form.line + 1).T)
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
    """The connected ink that lies in boxes, but for some of it."""
    inside = cv2.fillPoly(np.zeros_like(mask), fields, 1)
    count, labels = cv2.connectedComponents(mask)
    total = np.bincount(labels.ravel(), minlength=count)
    within = np.bincount(labels[inside > 0], minlength=count)
    kept = within > LIMITS.min_inside_of_part * total
    kept[0] = False
    return kept[labels].astype(np.uint8)
