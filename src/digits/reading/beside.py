"""What else is in a picture beside the rows that were read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digits.reading.answer import Row
from digits.tile import Box
from digits.vision.ink import Ink


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


LIMITS = Limits()


def may_be_several(ink: Ink) -> bool:
    """Whether a picture's ink may be several numbers; what its border cuts is none of them."""
    return are_several([part.box for part in ink.parts], ink.mask.shape)


def are_several(boxes: Sequence[Box], shape: tuple[int, ...]) -> bool:
    """Whether the boxes that the border of a picture of `shape` (H, W) does not cut are several
    numbers: one lies below another, or is much lower, or further off than digits of one are."""
    bottom, end = shape
    whole = sorted(
        (x, y, width, height)
        for x, y, width, height in boxes
        if x > 0 and y > 0 and x + width < end and y + height < bottom
    )
    heights = [height for *_, height in whole]
    if len(whole) < 2 or not _are_as_high(min(heights), max(heights)):
        return len(whole) > 1
    room, right = LIMITS.most_gap_of_height * max(heights), whole[0][0]
    for x, _, width, _ in whole:
        if x - right > room:
            return True
        right = max(right, x + width)
    return _stacked(whole)


def _stacked(boxes: Sequence[Box]) -> bool:
    return any(
        y + height <= other[1] and x < other[0] + other[2] and other[0] < x + width
        for x, y, width, height in boxes
        for other in boxes
    )


def has_more(ink: Ink, rows: Sequence[Row]) -> bool:
    """Whether there is other ink beside the rows that is about as high as their digits."""
    high = max(digit.box[3] for row in rows for digit in row.digits)
    count = sum(_are_as_high(height, high) for *_, height in _beside(ink, rows))
    return count >= LIMITS.text_parts


def _are_as_high(height: float, other: float) -> bool:
    return other <= LIMITS.most_times * height and height <= LIMITS.most_times * other


def _beside(ink: Ink, rows: Sequence[Row]) -> list[Box]:
    """The boxes of the ink's parts whose middles lie in no row."""
    spans = np.array([row.box for row in rows])

    def is_in(box: Box) -> bool:
        x, y, width, height = box
        across, down = x + width / 2 - spans[:, 0], y + height / 2 - spans[:, 1]
        inside = (across >= 0) & (across <= spans[:, 2]) & (down >= 0) & (down <= spans[:, 3])
        return bool(inside.any())

    return [part.box for part in ink.parts if not is_in(part.box)]
