"""What else is in a picture beside the rows that were read."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from digits.finder import is_nothing
from digits.reading.answer import Row
from digits.tile import Box
from digits.vision.components import at_edge, enclosing
from digits.vision.ink import Ink
from digits.vision.lines import upright


@dataclass(frozen=True)
class Limits:
    """Of ink beside the rows.

    To measure: `benchmarks/sweep.py reading.beside.NAME VALUES`.
    """

    # What is half to twice as high as digits is as high as they are: so much of it beside the rows
    # is text.
    most_times: float = 2.0
    text_parts: int = 2
    # Of the higher line's height, which is a little more than its digits': so far apart are digits
    # of one number. Of 70 pictures of two numbers side by side, by held-out writers, 71% were right
    # with 1.6, 81% with 1.2 and with 0.9; of 260 crops and numbers none changed.
    most_gap_of_height: float = 1.2
    # Of the highest digit's: a row with a wider gap may be print and a number. Measured with
    # `finder.surely_nothing`, which has the figures; printed digits stand closer.
    print_gap_of_height: float = 0.35


LIMITS = Limits()


def may_be_several(ink: Ink) -> bool:
    """Whether a picture's ink may be several numbers; what its border cuts is none of them."""
    return are_several([part.box for part in ink.parts], ink.mask.shape)


def are_several(boxes: Sequence[Box], shape: tuple[int, ...]) -> bool:
    """Whether the boxes that the border of a picture of `shape` (H, W) does not cut are several
    numbers: one lies below another, or is much lower, or further off than digits of one are."""
    whole = [box for box in boxes if not at_edge(box, shape)]
    heights = [height for *_, height in whole]
    if len(whole) < 2 or not _are_as_high(min(heights), max(heights)):
        return len(whole) > 1
    return has_gap(whole, LIMITS.most_gap_of_height) or _stacked(whole)


def has_gap(boxes: Sequence[Box], most_of_height: float) -> bool:
    """Whether two neighbours among the boxes are further apart than so many heights of the highest;
    what stands between them fills the gap."""
    room = most_of_height * max((height for *_, height in boxes), default=0)
    return max(_gaps(sorted(boxes)), default=0) > room


def _gaps(from_left: Sequence[Box]) -> list[int]:
    """The paper before each box but the first, in pixels; less than 0 where it meets one before."""
    ends = accumulate((x + width for x, _, width, _ in from_left), max)
    return [x - end for end, (x, *_) in zip(ends, from_left[1:], strict=False)]


def _stacked(boxes: Sequence[Box]) -> bool:
    return any(
        y + height <= other[1] and x < other[0] + other[2] and other[0] < x + width
        for x, y, width, height in boxes
        for other in boxes
    )


def has_print(row: Row, grey: np.ndarray) -> bool:
    """Whether the line model takes a row of a picture (H, W) uint8, or what stands on a side of its
    widest gap, for nothing by hand."""
    boxes = sorted(digit.box for digit in row.digits)
    sides = [boxes]
    if has_gap(boxes, LIMITS.print_gap_of_height):
        at = 1 + int(np.argmax(_gaps(boxes)))
        sides += [boxes[:at], boxes[at:]]
    return any(is_nothing(upright(enclosing(side)), grey) for side in sides)


def has_more(ink: Ink, rows: Sequence[Row]) -> bool:
    """Whether there is other ink beside the rows that is about as high as their digits."""
    high = max(digit.box[3] for row in rows for digit in row.digits)
    as_high = (part.box for part in ink.parts if _are_as_high(part.box[3], high))
    others = sum(not any(_holds(row.box, box) for row in rows) for box in as_high)
    return others >= LIMITS.text_parts


def _are_as_high(height: float, other: float) -> bool:
    return other <= LIMITS.most_times * height and height <= LIMITS.most_times * other


def _holds(around: Box, box: Box) -> bool:
    """Whether the middle of a box lies in another."""
    (left, top, wide, high), (x, y, width, height) = around, box
    return 0 <= x + width / 2 - left <= wide and 0 <= y + height / 2 - top <= high
