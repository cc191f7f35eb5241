"""What else is in a picture beside the rows that were read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digits.reading.answer import Row
from digits.tile import Box
from digits.vision.ink import Ink
from digits.vision.lines import Line


@dataclass(frozen=True)
class Limits:
    """Of ink beside the rows.

    To measure: `benchmarks/sweep.py reading.beside.NAME VALUES`.
    """

    # What is half to twice as high as digits is as high as they are: so much of it beside the rows
    # is text.
    most_times: float = 2.0
    text_parts: int = 2


LIMITS = Limits()


def has_rows(ink: Ink) -> bool:
    """Whether something stands below something else, in a picture whose border cuts neither."""
    bottom = len(ink.mask)
    boxes = (part.box for part in ink.parts)
    return _stacked([box for box in boxes if box[1] > 0 and box[1] + box[3] < bottom])


def are_stacked(lines: Sequence[Line]) -> bool:
    """Whether one of the finder's lines lies below another."""
    return _stacked([line.box for line in lines])


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
