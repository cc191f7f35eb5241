"""What else is in a picture beside the rows that were read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digits.reading.answer import Row
from digits.tile import Box
from digits.vision.components import components
from digits.vision.ink import Ink
from digits.vision.rows import find_rows
from digits.vision.ruled_lines import without_rules


@dataclass(frozen=True)
class Limits:
    """Of ink beside the rows."""

    # What is so high, by the height of digits, and beside the rows is text if there is so much.
    text_of_height: tuple[float, float] = (0.2, 2.0)
    text_parts: int = 2
    row_share: float = 0.6  # of the highest row: another that has it is a row too


LIMITS = Limits()


def has_rows(ink: Ink) -> bool:
    """Whether there are several rows, about as high, that the picture's border does not cut."""
    bottom = len(ink.mask)
    found = []
    for row in find_rows(without_rules(ink)):
        height, width = row.level.shape
        _, y, _, high = row.box_in_picture(row.level, (0, 0, width, height))
        if y > 0 and y + high < bottom:
            found.append(high)
    return sum(high >= LIMITS.row_share * max(found) for high in found) > 1


def has_more(ink: Ink, rows: Sequence[Row]) -> bool:
    """Whether there is other ink beside the rows that is about as high as their digits."""
    high = max(digit.box[3] for row in rows for digit in row.digits)
    least, most = (share * high for share in LIMITS.text_of_height)
    boxes = np.array([row.box for row in rows])

    def is_other(box: Box) -> bool:
        x, y, width, height = box
        across, down = x + width / 2 - boxes[:, 0], y + height / 2 - boxes[:, 1]
        inside = (across >= 0) & (across <= boxes[:, 2]) & (down >= 0) & (down <= boxes[:, 3])
        return bool(least <= height <= most) and not inside.any()

    return sum(is_other(part.box) for part in components(ink.mask)) >= LIMITS.text_parts
