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
    # is text, and so much makes a picture of text. Of 53 made-up pages by held-out writers that
    # were `read` 11 were wrong; less those of text 6 of 44, and with two parts for three 5 of 26.
    most_times: float = 2.0
    text_parts: int = 2
    page_parts: int = 3
    # Of a row's height: what is so level with it and so near its ends may be its digit.
    level_of_height: float = 0.35
    near_of_height: float = 1.0


LIMITS = Limits()
NOBODY = -1


def has_rows(ink: Ink) -> bool:
    """Whether something stands below something else that is about as high, in a picture whose
    border cuts neither."""
    bottom = len(ink.mask)
    whole = [part.box for part in ink.parts
             if part.box[1] > 0 and part.box[1] + part.box[3] < bottom]  # fmt: skip
    highest = max((height for *_, height in whole), default=0)
    return _stacked([box for box in whole if _are_as_high(box[3], highest)])


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
    return _count(ink, rows) >= LIMITS.text_parts


def is_in_text(ink: Ink, rows: Sequence[Row]) -> bool:
    """Whether the rows stand among text as large: they may be print as well as it."""
    return _count(ink, rows) >= LIMITS.page_parts


def _count(ink: Ink, rows: Sequence[Row]) -> int:
    """How much ink beside the rows is as high as their digits."""
    high = max(digit.box[3] for row in rows for digit in row.digits)
    return sum(_are_as_high(height, high) for *_, height in _beside(ink, rows))


def _are_as_high(height: float, other: float) -> bool:
    return other <= LIMITS.most_times * height and height <= LIMITS.most_times * other


def with_a_digit_more(ink: Ink, rows: Sequence[Row]) -> list[int]:
    """The places of the rows at whose end ink stands as their digits do: one is lost, or the border
    cuts it, or it is a row of its own, as cells of a comb may become. Of 940 sure rows of made-up
    pages by held-out writers 100 stood so beside another, and 54 of these were wrong; of the 840
    others 116 were."""
    owned = [(place, digit.box) for place, row in enumerate(rows) for digit in row.digits]
    nobodys = [(NOBODY, box) for box in _beside(ink, rows)]
    owners = np.array([place for place, _ in owned + nobodys])
    x, y, wide, high = np.array([box for _, box in owned + nobodys], float).T
    found = []
    for place, row in enumerate(rows):
        left, top, width, height = row.box
        away = np.maximum(left - x - wide, x - left - width)
        off = np.abs(y + high / 2 - top - height / 2)
        alike = (height <= LIMITS.most_times * high) & (high <= LIMITS.most_times * height)
        level = off <= LIMITS.level_of_height * height
        near = away <= LIMITS.near_of_height * height
        if (alike & level & near & (owners != place)).any():
            found.append(place)
    return found


def _beside(ink: Ink, rows: Sequence[Row]) -> list[Box]:
    """The boxes of the ink's parts whose middles lie in no row."""
    spans = np.array([row.box for row in rows])

    def is_in(box: Box) -> bool:
        x, y, width, height = box
        across, down = x + width / 2 - spans[:, 0], y + height / 2 - spans[:, 1]
        inside = (across >= 0) & (across <= spans[:, 2]) & (down >= 0) & (down <= spans[:, 3])
        return bool(inside.any())

    return [part.box for part in ink.parts if not is_in(part.box)]
