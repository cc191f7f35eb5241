"""What reading a picture gives: one Answer, with its rows and digits, as Python and as JSON."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from digits.reading import table
from digits.tile import Box

Ranking = list[tuple[str, float]]  # what it may be, with calibrated probabilities, likeliest first
OF_CELL = "text", "status", "probability", "box"  # what a table's cell has in JSON of its row's


@dataclass(frozen=True)
class Digit:
    """One digit: its likeliest label, and its `tile` uint8 as the model saw it: (28, 28), or
    (H, W, 3) in colour, or of another size, where it sees whole pictures."""

    label: str
    probability: float
    box: Box
    ranking: Ranking
    tile: np.ndarray = field(repr=False, compare=False)


@dataclass(frozen=True)
class Row:
    """A row of digits, left to right, and what else it may say.

    `status` is `read` or `unsure`, for itself: a page that is `unsure` may have rows that are not.
    `support` is how well its ink fits digits at all, 0..1 (a geometric mean over them): what tells
    nonsense from numbers, where `probability` only tells one number from others. `signs` are those
    that seem to stand there and are no part of its text, as they were not asked for.
    """

    text: str
    probability: float
    box: Box
    alternatives: Ranking
    digits: list[Digit]
    support: float
    alone: bool = False  # one digit, read by itself and not as a row
    status: str = "unsure"  # or "read": once it is part of an answer
    signs: str = ""

    def as_likely_as(self, probability: float) -> "Row":
        """The row, with this probability of its text."""
        ranking = [(self.text, probability), *self.alternatives[1:]]
        return replace(self, probability=probability, alternatives=ranking)


@dataclass(frozen=True)
class Answer:
    """What was read in one picture; `status` is one of spec.STATUSES, `error` says what is wrong.

    `page` of `pages` in its file, from 1; `model` is the name of the classifier, `expect` what it
    was told to expect, `trained_on` the data sets it learned from; `seen_as` is what the picture
    was taken for (`explain.SEEN_AS`);
    `why` says which rule decided the status. Probabilities are calibrated, 0..1; boxes are x, y,
    width, height in pixels of the picture as it is seen upright.

    >>> import digits
    >>> answer = digits.read("test_images/two_rows.png")
    >>> [(row.text, len(row.digits)) for row in answer.rows], answer.as_json()["status"]
    ([('2026', 4), ('1147', 4)], 'read')
    """

    image: str
    status: str
    text: str = ""
    probability: float = 0.0
    rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""
    page: int = 1
    pages: int = 1
    model: str = ""
    expect: str = "auto"
    trained_on: str = ""
    seen_as: str = ""
    why: str = ""

    @property
    def places(self) -> list[tuple[int, int]]:
        """Line and column of a table, from 1, of each of the rows; none where they make none."""
        return table.places([[digit.box for digit in row.digits] for row in self.rows])

    def as_json(self, top_k: int = 1, decimal: str = ".") -> dict[str, Any]:
        """Plain data, ready for `json.dumps`; `top_k` labels of each digit.

        `decimal` is the sign before the decimals of numbers, '.' or ','.
        """
        rows = [_row_json(row, top_k, decimal) for row in self.rows]
        answer = {
            "image": self.image,
            "page": self.page,
            "pages": self.pages,
            "status": self.status,
            "text": self.text,
            "value": value(self.text, decimal),
            "probability": round(self.probability, 4),
            "model": self.model,
            "expect": self.expect,
            "trained_on": self.trained_on,
            "seen_as": self.seen_as,
            "why": self.why,
            "rows": rows,
            "cells": [
                {"row": line, "column": column} | {key: row[key] for key in OF_CELL}
                for (line, column), row in zip(self.places, rows, strict=False)
            ],
            "warnings": self.warnings,
            "seconds": round(self.seconds, 4),
        }
        return {**answer, "error": self.error} if self.status == "error" else answer


def in_file(answer: Answer, scale: float, shape: Sequence[int]) -> Answer:
    """An answer whose boxes are in the file's pixels and within it, where a picture of `shape`
    (H, W) was read at 1/scale: a row may reach beyond the border."""
    high, wide = (round(side * scale) for side in shape)

    def times(box: Box) -> Box:
        x, y, width, height = (v * scale for v in box)
        left, top = min(max(round(x), 0), wide - 1), min(max(round(y), 0), high - 1)
        right, bottom = min(round(x + width), wide), min(round(y + height), high)
        return left, top, max(right - left, 1), max(bottom - top, 1)

    return moved(answer, times)


def moved(answer: Answer, to: Callable[[Box], Box]) -> Answer:
    """An answer whose boxes are put elsewhere."""
    rows = [
        replace(
            row,
            box=to(row.box),
            digits=[replace(digit, box=to(digit.box)) for digit in row.digits],
        )
        for row in answer.rows
    ]
    return replace(answer, rows=rows)


def value(text: str, decimal: str = ".") -> int | float | None:
    """The number that a text writes: 1,250.5 is 1250.5 where '.' is the decimal sign.

    None where it writes none, or it cannot be told which: 12/05, 5,80 with '.' as decimal sign.
    """
    group, point = re.escape("," if decimal == "." else "."), re.escape(decimal)
    whole = rf"-?([0-9]+|[0-9]{{1,3}}({group}[0-9]{{3}})+)"
    found = re.fullmatch(rf"({whole})(?:{point}([0-9]+))?[.,]?-?", text)
    if not found:
        return None
    digits = re.sub(group, "", found[1])
    return float(f"{digits}.{found[4]}") if found[4] else int(digits)


def _row_json(row: Row, top_k: int, decimal: str) -> dict[str, Any]:
    return {
        "text": row.text,
        "value": value(row.text, decimal),
        "status": row.status,
        "probability": round(row.probability, 4),
        "box": list(row.box),
        "alternatives": _ranking_json(row.alternatives),
        "digits": [
            {
                "label": digit.label,
                "probability": round(digit.probability, 4),
                "box": list(digit.box),
                "top_k": _ranking_json(digit.ranking[:top_k]),
            }
            for digit in row.digits
        ],
    }


def _ranking_json(ranking: Ranking) -> list[list[str | float]]:
    return [[label, round(probability, 4)] for label, probability in ranking]
