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

    # What is so high, by the height of digits, and beside the rows is text if there is so much.
    text_of_height: tuple[float, float] = (0.2, 2.0)
    text_parts: int = 2
    # Likewise, of a picture of text. Of 53 made-up pages by held-out writers that were `read` 11
    # were wrong; less those of text 6 of 44, and less those with the text above 5 of 26.
    page_of_height: tuple[float, float] = (0.6, 2.0)
    page_parts: int = 3
    row_share: float = 0.6  # of the highest row: another that has it is a row too
    # Of a row's height: what is so high, so level with it and so near its ends may be its digit.
    digit_of_height: tuple[float, float] = (0.6, 1.6)
    level_of_height: float = 0.35
    near_of_height: float = 1.0


LIMITS = Limits()


def has_rows(ink: Ink) -> bool:
    """Whether something stands below something else that is about as high, in a picture whose
    border cuts neither."""
    bottom = len(ink.mask)
    whole = [part.box for part in ink.parts
             if part.box[1] > 0 and part.box[1] + part.box[3] < bottom]  # fmt: skip
    least = LIMITS.row_share * max((height for *_, height in whole), default=0)
    return _stacked([box for box in whole if box[3] >= least])


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
    return _count(ink, rows, LIMITS.text_of_height) >= LIMITS.text_parts


def is_in_text(ink: Ink, rows: Sequence[Row]) -> bool:
    """Whether the rows stand among text as large: they may be print as well as it."""
    return _count(ink, rows, LIMITS.page_of_height) >= LIMITS.page_parts


def _count(ink: Ink, rows: Sequence[Row], of_height: tuple[float, float]) -> int:
    """How much ink beside the rows is so high, by the height of their digits."""
    high = max(digit.box[3] for row in rows for digit in row.digits)
    least, most = (share * high for share in of_height)
    return sum(least <= height <= most for *_, height in _beside(ink, rows))


def has_a_digit_more(ink: Ink, rows: Sequence[Row]) -> bool:
    """Whether ink stands at the end of a row as its digits do: one is lost, or the border cuts
    it."""

    def is_of(row: Row, box: Box) -> bool:
        x, y, width, high = box
        left, top, wide, height = row.box
        least, most = (share * height for share in LIMITS.digit_of_height)
        away = max(left - x - width, x - left - wide)
        off = abs(y + high / 2 - top - height / 2)
        return (
            least <= high <= most
            and off <= LIMITS.level_of_height * height
            and away <= LIMITS.near_of_height * height
        )

    return any(is_of(row, box) for box in _beside(ink, rows) for row in rows)


def _beside(ink: Ink, rows: Sequence[Row]) -> list[Box]:
    """The boxes of the ink's parts whose middles lie in no row."""
    spans = np.array([row.box for row in rows])

    def is_in(box: Box) -> bool:
        x, y, width, height = box
        across, down = x + width / 2 - spans[:, 0], y + height / 2 - spans[:, 1]
        inside = (across >= 0) & (across <= spans[:, 2]) & (down >= 0) & (down <= spans[:, 3])
        return bool(inside.any())

    return [part.box for part in ink.parts if not is_in(part.box)]
