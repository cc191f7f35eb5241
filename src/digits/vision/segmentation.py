"""Cut a row of ink into pieces so small that every digit is one of them or a few in a row.

Connected parts are pieces; parts wide enough for more than one digit are also cut along seams, the
paths from top to bottom that cross the least ink (after seam carving, Avidan and Shamir 2007).
"""

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import Box
from digits.vision.components import enclosing
from digits.vision.rows import ROW_HEIGHT

CUT_WIDTH = 0.45 * ROW_HEIGHT  # wider parts are cut
SEAM_STEP = 0.14 * ROW_HEIGHT  # the least distance of two cuts
SEAM_COST = 22.0  # pixels of ink that a cut may cross; a stroke is 6 to 12 wide
SIDEWAYS = 0.15  # what a step aside costs, in pixels of ink: straight cuts where all else is equal
SPECK = 0.004 * ROW_HEIGHT**2  # area in pixels


@dataclass(frozen=True)
class Piece:
    """Ink that is not cut further: its box in the row, and its level (h, w) uint8 there.

    `cut` says that it was part of more.
    """

    box: Box
    level: np.ndarray
    cut: bool = False


def pieces(level: np.ndarray) -> list[Piece]:
    """The pieces of a row's ink (h, w) uint8, left to right by their middles."""
    mask = (level > 96).astype(np.uint8)
    first, _, wide, _ = cv2.boundingRect(mask)  # of one word in a long row the rest is empty
    if not wide:
        return []
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask[:, first : first + wide])
    found = []
    for i in range(1, count):
        if stats[i, cv2.CC_STAT_AREA] < SPECK:
            continue
        x, y, width, height = (int(v) for v in stats[i, :4])
        inside = (labels[y : y + height, x : x + width] == i).astype(np.uint8)
        x, y, part = _with_edge(level, inside, x + first, y)
        cut = _along_seams(part)
        found += [_piece(x, y, piece, len(cut) > 1) for piece in cut]
    return sorted(
        (p for p in found if p is not None), key=lambda piece: piece.box[0] + piece.box[2] / 2
    )


def join(some: list[Piece]) -> tuple[np.ndarray, Box]:
    """The ink (h, w) uint8 of neighbouring pieces together, and its box in the row."""
    if len(some) == 1:
        return some[0].level, some[0].box
    left, top, width, height = box = enclosing([piece.box for piece in some])
    level = np.zeros((height, width), np.uint8)
    for piece in some:
        x, y, w, h = piece.box
        there = level[y - top : y - top + h, x - left : x - left + w]
        np.maximum(there, piece.level, out=there)
    return level, box


def _with_edge(
    level: np.ndarray, inside: np.ndarray, x: int, y: int
) -> tuple[int, int, np.ndarray]:
    """A part's ink with the soft pixel around its core; its left and top move along."""
    soft = cv2.dilate(cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT), np.ones((3, 3)))
    height, width = level.shape
    x0, y0 = max(x - 1, 0), max(y - 1, 0)
    x1, y1 = min(x + inside.shape[1] + 1, width), min(y + inside.shape[0] + 1, height)
    soft = soft[y0 - y + 1 : y1 - y + 1, x0 - x + 1 : x1 - x + 1]
    return x0, y0, level[y0:y1, x0:x1] * soft


def _piece(x: int, y: int, level: np.ndarray, cut: bool) -> Piece | None:
    """A piece from a part of a row that begins at x, y; None if no ink is in it."""
    left, top, width, height = cv2.boundingRect((level > 32).astype(np.uint8))
    inner = level[top : top + height, left : left + width]
    if (inner > 96).sum() < SPECK:
        return None
    return Piece((x + left, y + top, width, height), inner, cut)


def _along_seams(part: np.ndarray) -> list[np.ndarray]:
    """A part's ink (h, w) cut along its seams: as many arrays of the same size."""
    seams = _seams(part) if part.shape[1] > CUT_WIDTH else []
    columns = np.arange(part.shape[1])[None]
    edges = [np.zeros(part.shape[0], int), *seams, np.full(part.shape[0], part.shape[1])]
    return [
        np.where((columns >= a[:, None]) & (columns < b[:, None]), part, 0)
        for a, b in itertools.pairwise(edges)
    ]


def _seams(part: np.ndarray) -> list[np.ndarray]:
    """The cuts of a part, left to right: for each a column per line, (h,) int."""
    ink = part.astype(np.float32) / 255
    down, from_top = _cheapest(ink)
    up, from_below = _cheapest(ink[::-1])
    middle = part.shape[0] // 2
    cost = down[middle] + up[part.shape[0] - 1 - middle] - ink[middle]
    seams = []
    for x in _valleys(cost):
        above = _trace(from_top, middle, x)
        below = _trace(from_below, part.shape[0] - 1 - middle, x)
        seams.append(np.concatenate([above[:-1], below[::-1]]))
    for left, right in itertools.pairwise(seams):
        np.maximum(left, right, out=right)  # seams may meet but not cross
    return seams


def _cheapest(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the cheapest path from the top to each pixel costs (h, w), and its last step -1..1."""
    height, width = ink.shape
    cost = np.empty((height, width), np.float32)
    step = np.zeros((height, width), np.int8)
    cost[0] = ink[0]
    for y in range(1, height):
        before = cost[y - 1]
        left = np.concatenate([[np.inf], before[:-1]]) + SIDEWAYS
        right = np.concatenate([before[1:], [np.inf]]) + SIDEWAYS
        choices = np.stack([before, left, right])
        best = choices.argmin(axis=0)
        cost[y] = choices[best, np.arange(width)] + ink[y]
        step[y] = np.array([0, -1, 1], np.int8)[best]
    return cost, step


def _trace(step: np.ndarray, y: int, x: int) -> np.ndarray:
    """The columns of the cheapest path that ends in (y, x), from the top, (y + 1,) int."""
    columns = np.empty(y + 1, int)
    for line in range(y, -1, -1):
        columns[line] = x
        x += int(step[line, x])
    return columns


def _valleys(cost: np.ndarray) -> list[int]:
    """Columns where a cut is cheaper than anywhere near, left to right."""
    width = len(cost)
    chosen: list[int] = []
    near = np.zeros(width, bool)  # to a column that is chosen
    margin, reach = SEAM_STEP / 2, math.ceil(SEAM_STEP) - 1
    for x in np.argsort(cost, kind="stable"):
        if cost[x] > SEAM_COST:
            break
        if margin <= x < width - margin and not near[x]:
            chosen.append(int(x))
            near[max(0, x - reach) : x + reach + 1] = True
    return sorted(chosen)
