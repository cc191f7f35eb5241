"""Answers as data, and in the pixels of the file that they are of."""

import numpy as np
import pytest

from digits.reading.answer import Answer, Digit, Row, in_file, moved, value
from digits.tile import Box

TILE = np.zeros((28, 28), np.uint8)


def answer() -> Answer:
    digit = Digit("7", 0.9, (1, 2, 3, 5), [("7", 0.9), ("1", 0.1)], TILE)
    row = Row("7", 0.9, (1, 2, 3, 5), [("7", 0.9), ("1", 0.1)], [digit], 0.8)
    return Answer("a.png", "read", "7", 0.9, [row])


def test_an_answer_without_anything_is_of_one_page_and_took_no_time() -> None:
    assert Answer("a.png", "no_digit").as_json() == {
        "image": "a.png", "page": 1, "pages": 1, "status": "no_digit", "text": "", "value": None,
        "probability": 0.0, "model": "", "expect": "auto", "trained_on": "", "seen_as": "",
        "why": "", "rows": [], "cells": [], "warnings": [], "seconds": 0.0,
    }  # fmt: skip
    assert Answer("a.png", "error", error="a.png: damaged").as_json()["error"] == "a.png: damaged"


@pytest.mark.parametrize(("top_k", "labels"), [(1, ["7"]), (2, ["7", "1"])])
def test_as_many_labels_of_a_digit_are_told_as_are_asked_for(top_k: int, labels: list[str]) -> None:
    (row,) = answer().as_json(top_k)["rows"]
    (digit,) = row["digits"]
    assert [label for label, _ in digit["top_k"]] == labels
    assert (digit["box"], row["value"]) == ([1, 2, 3, 5], 7)


def test_boxes_are_in_pixels_of_the_file() -> None:
    (row,) = in_file(answer(), 2.0, (10, 10)).rows
    assert row.box == row.digits[0].box == (2, 4, 6, 10)


@pytest.mark.parametrize(
    ("box", "inside"),
    [((-6, -5, 31, 40), (0, 0, 25, 10)), ((18, 2, 5, 3), (18, 2, 2, 3)),
     ((25, 12, 3, 3), (19, 9, 1, 1)), ((-9, 2, 4, 3), (0, 2, 1, 3))],
)  # fmt: skip
def test_boxes_stay_in_the_picture(box: Box, inside: Box) -> None:
    (row,) = in_file(moved(answer(), lambda _: box), 1.0, (10, 20)).rows
    x, y, width, height = inside
    assert row.box == row.digits[0].box == (x, y, min(width, 20 - x), height)


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [("139", ".", 139), ("-4", ".", -4), ("1,250.5", ".", 1250.5), ("1.250,5", ",", 1250.5),
     ("13.9", ".", 13.9), ("13,9", ",", 13.9), ("5,800", ".", 5800), ("5.800", ",", 5800),
     ("5,80", ".", None), ("5.80", ",", None), ("12/05", ".", None), ("007", ".", 7),
     ("12.-", ".", 12), ("", ".", None)],
)  # fmt: skip
def test_the_value_of_a_text_is_a_number_where_it_writes_one(
    text: str, decimal: str, number: float | None
) -> None:
    found = value(text, decimal)
    assert found == number and type(found) is type(number)
