"""Which line and column of a table each number of a picture stands in.

Lines are told by how high numbers stand once the table lies level, columns by the empty bands
between them (a projection profile). Numbers that overlap two columns make one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digits.tile import Box
from digits.vision.components import enclosing


@dataclass(frozen=True)
class Limits:
    """Of a table.

    To see what they do to pictures at hand: `benchmarks/answers.py --against RECORD`.
    """

    least_numbers: int = 3
    tilt_digits: int = 3  # of a number that tells how much the table is turned
    # Of the middle height of numbers: between the middles of two in one line, at the most.
    line_of_height: float = 0.6
    inset_of_width: float = 0.15  # of a number, at each end: so much may reach into its neighbour


LIMITS = Limits()


def places(numbers: Sequence[Sequence[Box]]) -> list[tuple[int, int]]:
    """Line and column, from 1, of each number, given the boxes of its digits from left to right.

    None where they make no table.
    """
    if len(numbers) < LIMITS.least_numbers:
        return []
    boxes = np.array([enclosing(digits) for digits in numbers], float)
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    slope = _slope(numbers)
    down, left = middles[:, 1] - slope * middles[:, 0], boxes[:, 0] + slope * middles[:, 1]
    inset = LIMITS.inset_of_width * boxes[:, 2]
    lines = _bands(down, down, LIMITS.line_of_height * float(np.median(boxes[:, 3])))
    columns = _bands(left + inset, left + boxes[:, 2] - inset, 0.0)
    if 1 in (max(lines), max(columns)):  # a row, or a column
        return []
    return list(zip(lines, columns, strict=True))


def grid(texts: Sequence[str], where: Sequence[tuple[int, int]]) -> list[list[str]]:
    """The texts of a table's lines, cell by cell; '' where one is empty.

    Numbers that share a cell stand in it with a space between.
    """
    lines, columns = (max((place[k] for place in where), default=0) for k in (0, 1))
    made = [[""] * columns for _ in range(lines)]
    for text, (line, column) in zip(texts, where, strict=True):
        cell = made[line - 1][column - 1]
        made[line - 1][column - 1] = f"{cell} {text}".strip()
    return made


def _slope(numbers: Sequence[Sequence[Box]]) -> float:
    """By how many pixels lines fall for each to the right, and columns lean to the left for each
    down: the middle one of the long numbers'."""
    slopes = []
    for digits in numbers:
        if len(digits) >= LIMITS.tilt_digits:
            (x0, y0, w0, h0), (x1, y1, w1, h1) = digits[0], digits[-1]
            across = x1 + w1 / 2 - x0 - w0 / 2
            if across > 0:
                slopes.append((y1 + h1 / 2 - y0 - h0 / 2) / across)
    return float(np.median(slopes)) if slopes else 0.0


def _bands(starts: np.ndarray, ends: np.ndarray, least: float) -> list[int]:
    """For each span (N,) the number of its band, from 1: bands are more than `least` apart."""
    order = np.argsort(starts)
    reach = np.maximum.accumulate(ends[order])
    is_new = np.concatenate([[False], starts[order][1:] > reach[:-1] + least])
    numbers = np.empty(len(starts), int)
    numbers[order] = 1 + np.cumsum(is_new)
    return [int(number) for number in numbers]
