"""Tell what may belong to a digit from specks, borders and rules: connected parts of the ink."""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import Box, stroke_width
from digits.vision.ink import Ink

MOST = 500  # a page full of numbers has fewer; grain taken for ink has 100,000
SPECK = 0.02  # of the largest part's area: a 5's separate bar has 0.1 or more
MOST_INK, BROAD = 0.9, 0.4  # of all ink; of a digit's size: a marker's stroke is no broader
HOLE = 0.002  # of its box; smaller ones are faults of the pen
FLAT = 0.4  # of its width: a line drawn under a digit is no higher, however it bends
NEAR = 0.25  # of the largest part's size: how far off a digit's second stroke may lie


@dataclass(frozen=True)
class Component:
    """A connected piece of ink: its box in the picture, its area in pixels, its shape."""

    box: Box
    area: int
    mask: np.ndarray  # (height, width) bool, within the box


def components(mask: np.ndarray) -> list[Component]:
    """The connected parts (8-neighbours) of strokes (H, W) bool, largest first, MOST of them."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    largest = np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST] + 1
    found = []
    for i in largest:
        x, y, width, height, area = (int(v) for v in stats[i])
        inside = labels[y : y + height, x : x + width] == i
        found.append(Component((x, y, width, height), area, inside))
    return found


def enclosing(boxes: list[Box]) -> Box:
    """The smallest box around boxes."""
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right - left, bottom - top


def cut_out(ink: Ink, chosen: list[Component]) -> tuple[np.ndarray, Box]:
    """The ink of some parts alone, (h, w) uint8 with their soft edges, and its box."""
    left, top, width, height = box = enclosing([part.box for part in chosen])
    mask = np.zeros((height, width), np.uint8)
    for part in chosen:
        x, y, w, h = part.box
        mask[y - top : y - top + h, x - left : x - left + w] |= part.mask
    edge = 2  # soft pixels around a stroke's core
    soft = cv2.copyMakeBorder(mask, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)
    soft = cv2.dilate(soft, np.ones((2 * edge + 1, 2 * edge + 1), np.uint8))
    level = np.zeros(soft.shape, np.uint8)
    x0, y0 = max(left - edge, 0), max(top - edge, 0)
    piece = ink.level[y0 : top + height + edge, x0 : left + width + edge]
    dy, dx = y0 - (top - edge), x0 - (left - edge)
    level[dy : dy + piece.shape[0], dx : dx + piece.shape[1]] = piece
    return level * soft, box


def of_one_digit(ink: Ink) -> list[Component]:
    """The parts of the picture's one digit: the largest, and what lies by it and is no speck."""
    height, width = ink.mask.shape
    found = components(ink.mask)
    inner = [p for p in found if not is_frame(p, width, height)]
    found = inner or found
    if not found:
        return []
    main = max(found, key=lambda p: p.area * (0.5 if at_edge(p, width, height) else 1.0))
    reach = NEAR * max(main.box[2:])
    return [
        p
        for p in found
        if p is main
        or (
            p.area >= SPECK * main.area
            and _gap(p.box, main.box) <= reach
            and not at_edge(p, width, height)
        )
    ]


def is_one_digit(ink: Ink) -> bool:
    """Whether hardly any ink is left beside the picture's one digit, and it looks drawn by strokes.

    Paper between strokes does not: it is in several parts, or broad, or full of holes.
    """
    chosen = of_one_digit(ink)
    if sum(p.area for p in chosen) <= MOST_INK * ink.mask.sum():
        return False
    level, (_, _, width, height) = cut_out(ink, chosen)
    if cv2.connectedComponents((level <= 127).astype(np.uint8))[0] > MOST:
        return False  # holes by the thousand, whose outlines would take seconds
    outlines, nesting = cv2.findContours(
        (level > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    if not outlines:
        return False
    large = [cv2.contourArea(line) > HOLE * width * height for line in outlines]
    holes = sum(big and above >= 0 for big, above in zip(large, nesting[0, :, 3], strict=True))
    return holes <= 2 and stroke_width(level) < BROAD * max(width, height)


def without_underline(chosen: list[Component]) -> list[Component]:
    """The parts of one digit less a flat one that lies below all others."""
    for bar in chosen:
        _, top, width, height = bar.box
        rest = [p for p in chosen if p is not bar]
        feet = max((p.box[1] + p.box[3] for p in rest), default=np.inf)
        if height < FLAT * width and top + height / 2 > feet:
            return rest
    return chosen


def stands_alone(ink: Ink) -> bool:
    """Whether there is nothing else as high as half of the picture's one digit."""
    height, width = ink.mask.shape
    chosen = of_one_digit(ink)
    tall = 0.5 * max(p.box[3] for p in chosen) if chosen else 0
    main = max((p.area for p in chosen), default=0)
    beside = [
        p
        for p in components(ink.mask)
        if p.box[3] >= tall
        and not is_frame(p, width, height)
        and not (at_edge(p, width, height) and p.area < 0.3 * main)
    ]
    return len(beside) <= len([p for p in chosen if p.box[3] >= tall])


def usual_height(found: list[Component]) -> float:
    """The height of the parts in pixels: their median, a part weighing as much as it has ink."""
    heights = np.array([p.box[3] for p in found], float)
    weights = np.array([p.area for p in found], float)
    order = np.argsort(heights)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(heights[order][min(half, len(order) - 1)]) if found else 0.0


def is_frame(part: Component, width: int, height: int) -> bool:
    """A form box or a rule: from side to side, but hardly filled."""
    _, _, w, h = part.box
    wide, tall = w > 0.95 * width, h > 0.95 * height
    thin = part.area < 0.35 * w * h
    slim = tall and w < 0.08 * min(width, height)  # a 1 in a crop of a row is not
    return bool((wide and tall and thin) or (wide and h < 0.08 * height) or slim)


def at_edge(part: Component, width: int, height: int) -> bool:
    x, y, w, h = part.box
    return x == 0 or y == 0 or x + w == width or y + h == height


def _gap(a: Box, b: Box) -> float:
    dx = max(a[0] - (b[0] + b[2]), b[0] - (a[0] + a[2]), 0)
    dy = max(a[1] - (b[1] + b[3]), b[1] - (a[1] + a[3]), 0)
    return float(np.hypot(dx, dy))
