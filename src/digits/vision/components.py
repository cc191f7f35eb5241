"""Tell what may belong to a digit from specks, borders and rules: connected parts of the ink."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import HALF, Box
from digits.vision.ink import Ink
from digits.vision.parts import Component, components

SOFT_EDGE = 2  # pixels of a stroke's soft edge around its core, which `cut_out` keeps


@dataclass(frozen=True)
class ComponentLimits:
    """`*_of_X` are shares of X; the main part of a digit is its largest.

    To measure: `benchmarks/sweep.py vision.components.NAME VALUES`.
    """

    min_area_of_main: float = 0.02  # less is a speck: a 5's separate bar has 0.1 or more
    max_gap_of_main_size: float = 0.25  # a digit's second stroke lies no further off
    min_area_of_ink: float = 0.9  # in a picture of one digit hardly any ink is beside it
    most_holes: int = 30  # the pen's faults included; grain that is taken for ink has 500
    # Of a 0's tile, 28 pixels wide: of MNIST's 494 validation 0s 1.4% have a second hole so large,
    # and none has so much ink by itself in it; of eleven other digits in a ring that were `read` as
    # a 0, ten have such a hole.
    min_in_0_px: int = 4
    max_underline_of_width: float = 0.4  # its height: it is no higher, however it bends
    min_inside_of_height: float = 0.4  # of a box or ring: what is so high in it is written there
    min_frame_of_side: float = 0.95  # of the picture: a form box or rule is as long ...
    max_frame_of_box: float = 0.35  # ... and is empty, but for so much ...
    max_rule_of_shorter_side: float = 0.08  # ... or is as thin: a 1 in a crop of a row is not


LIMITS = ComponentLimits()


def enclosing(boxes: Sequence[Box]) -> Box:
    """The smallest box around boxes."""
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
    return left, top, right - left, bottom - top


def cut_out(ink: Ink, chosen: list[Component]) -> tuple[np.ndarray, Box]:
    """The ink of some parts alone, (h, w) uint8 with their soft edges, and its box."""
    left, top, width, height = box = enclosing([part.box for part in chosen])
    edge = SOFT_EDGE
    high, wide = height + 2 * edge, width + 2 * edge
    mask = np.zeros((high, wide), np.uint8)
    for part in chosen:
        x, y, w, h = part.box
        x, y = x - left + edge, y - top + edge
        mask[y : y + h, x : x + w] |= part.mask
    soft = cv2.dilate(mask, np.ones((2 * edge + 1, 2 * edge + 1), np.uint8))
    level = cv2.copyMakeBorder(ink.level, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)
    return level[top : top + high, left : left + wide] * soft, box


def without_frames(ink: Ink) -> list[Component]:
    """The parts of the ink, largest first, less rules and borders from side to side and less what
    another part stands in: a form box, a cell, a ring. A picture of nothing else keeps them."""
    found = ink.parts
    inner = [part for part in found if not is_frame(part, ink.mask.shape)]
    around = _that_enclose(np.array([part.box for part in inner]).reshape(-1, 4))
    return [part for part, gone in zip(inner, around, strict=True) if not gone] or found


def _that_enclose(boxes: np.ndarray) -> np.ndarray:
    """Which of the boxes (N, 4) hold another one that is not much lower, with room on all sides."""
    start, size = boxes[:, :2], boxes[:, 2:]
    end = start + size
    holds = (start[:, None] < start[None]) & (end[:, None] > end[None])
    high = size[None, :, 1] >= LIMITS.min_inside_of_height * size[:, None, 1]
    return (holds.all(axis=-1) & high).any(axis=1)


def of_one_digit(ink: Ink) -> list[Component]:
    """The parts of the picture's one digit: the largest, and what lies by it and is no speck."""
    main, *others = without_frames(ink)
    reach = LIMITS.max_gap_of_main_size * max(main.box[2:])
    least = LIMITS.min_area_of_main * main.area
    near = [
        part
        for part in others
        if part.area >= least
        and _gap(part.box, main.box) <= reach
        and not at_edge(part.box, ink.mask.shape)
    ]
    return [main, *near]


def is_one_digit(ink: Ink) -> bool:
    """Whether hardly any ink is left beside the picture's one digit, and it is drawn by strokes:
    what is full of holes is grain or a shadow."""
    chosen = of_one_digit(ink)
    if sum(p.area for p in chosen) <= LIMITS.min_area_of_ink * ink.mask.sum():
        return False
    level, _ = cut_out(ink, chosen)
    return _holes(level) <= LIMITS.most_holes


def without_underline(chosen: list[Component]) -> list[Component]:
    """The parts of one digit less a flat one that lies below all others."""
    for bar in chosen:
        _, top, width, height = bar.box
        rest = [p for p in chosen if p is not bar]
        feet = max((p.box[1] + p.box[3] for p in rest), default=np.inf)
        if height < LIMITS.max_underline_of_width * width and top + height / 2 > feet:
            return rest
    return chosen


def stands_alone(ink: Ink) -> bool:
    """Whether a picture's ink is one digit that its border does not cut: shadows and edges of a
    sheet reach the border, and look like a 1, a 7 or a 0."""
    return is_one_digit(ink) and not at_edge(of_one_digit(ink)[0].box, ink.mask.shape)


def is_frame(part: Component, shape: tuple[int, ...]) -> bool:
    """A form box or a rule: from side to side of a picture of `shape` (H, W), but hardly filled."""
    (_, _, w, h), (height, width) = part.box, shape
    wide, tall = (long > LIMITS.min_frame_of_side * of for long, of in ((w, width), (h, height)))
    empty = part.area < LIMITS.max_frame_of_box * w * h
    thin = min(w, h) < LIMITS.max_rule_of_shorter_side * min(width, height)
    return bool((wide and tall and empty) or ((wide or tall) and thin))


def at_edge(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether the border of a picture of `shape` (H, W) cuts a box."""
    (x, y, w, h), (height, width) = box, shape
    return x <= 0 or y <= 0 or x + w >= width or y + h >= height


def _gap(a: Box, b: Box) -> float:
    dx = max(a[0] - (b[0] + b[2]), b[0] - (a[0] + a[2]), 0)
    dy = max(a[1] - (b[1] + b[3]), b[1] - (a[1] + a[3]), 0)
    return float(np.hypot(dx, dy))


def is_crossed(tile: np.ndarray) -> bool:
    """Whether the tile (H, W) uint8 of a 0 has more than one hole, or ink by itself in it: the 0
    has a stroke in it, or is a ring around something else."""
    parts = [part for part in components(tile > HALF) if part.area >= LIMITS.min_in_0_px]
    within = any(_lies_in(part.box, parts[0].box) for part in parts[1:])
    return within or _holes(tile, LIMITS.min_in_0_px) > 1


def _lies_in(box: Box, around: Box) -> bool:
    (x, y, wide, high), (left, top, width, height) = box, around
    return left < x and top < y and x + wide < left + width and y + high < top + height


def _holes(level: np.ndarray, least_px: int = 1) -> int:
    """How many holes of at least so many pixels ink (H, W) uint8 has."""
    paper = (np.pad(level, 1) <= HALF).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    return int((stats[1:, cv2.CC_STAT_AREA] >= least_px).sum()) - 1  # the paper around it is none
