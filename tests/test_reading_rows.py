"""Rows read whole: where they are cut, which signs are read, how sure an answer is, its value."""

import itertools
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from digits.data import strokes
from digits.pictures.load import from_array
from digits.reading.answer import value
from digits.reading.doubt import Features, probability
from digits.reading.reader import Reader
from digits.reading.rows import in_pieces, parts
from digits.vision.rows import RowInk


def number(text: str, seed: int = 3) -> np.ndarray:
    """A text by a pen on light paper, (96, W) uint8: drawn digits, signs of straight strokes."""
    rng = np.random.default_rng(seed)
    images, labels = strokes.draw(400, seed)
    page, x = np.full((96, 80 * len(text) + 60), 235, np.uint8), 30
    for sign in text:
        if sign.isdigit():
            some = images[labels == int(sign), 0]
            tile = cv2.resize(some[rng.integers(len(some))], (68, 68), interpolation=cv2.INTER_AREA)
            there = page[14:82, x : x + 68]
            there[:] = np.minimum(there, 235 - (tile * 0.75).astype(np.uint8))
            x += 58
        else:
            at = (x + 10, 66)
            end = {".": at, ",": (x + 6, 80), "-": (x + 34, 66)}[sign]
            lift = 18 if sign == "-" else 0
            cv2.line(page, (at[0], at[1] - lift), (end[0], end[1] - lift), 60, 8, cv2.LINE_AA)
            x += 24 if sign != "-" else 44
    return page[:, : x + 40]


@pytest.mark.parametrize(
    ("text", "expect", "answer", "number_of"),
    [
        ("13.9", "decimal", "13.9", 13.9),
        ("13.9", "number", "139", 139),
        ("-47", "signed", "-47", -47),
        ("2806", "number", "2806", 2806),
    ],
)
def test_signs_are_read_where_the_format_knows_them(
    reader: Reader, text: str, expect: str, answer: str, number_of: float
) -> None:
    read = Reader.expecting(reader.classifier, expect).read(from_array(number(text)))
    assert read.text == answer
    assert read.as_json()["value"] == number_of
    assert "".join(digit.label for digit in read.rows[0].digits) == text.translate(
        str.maketrans("", "", ".,-")
    )


def test_digits_stand_from_left_to_right_in_their_own_ink(reader: Reader) -> None:
    page = number("2806")
    answer = Reader.expecting(reader.classifier, "number").read(from_array(page))
    boxes = [digit.box for digit in answer.rows[0].digits]
    for (x, _, width, _), (right, _, _, _) in itertools.pairwise(boxes):
        assert x + width <= right + 2
    for x, y, width, height in boxes:
        assert (page[y : y + height, x : x + width] < 150).any() and height > 30


def test_a_row_is_cut_where_there_is_least_ink() -> None:
    level = np.zeros((64, 120), np.uint8)
    level[8:56, 10:40] = level[8:56, 70:100] = 255
    level[30:34, 40:70] = 255  # a stroke that joins them
    left, right = parts(level, in_pieces(level), np.array([26.0, 86.0]))
    assert 40 <= left.box[0] + left.box[2] <= 71 and right.box[0] >= left.box[0] + left.box[2]
    assert left.tile.shape == (28, 28) and left.tile.any() and right.tile.any()


def test_the_picture_under_a_row_is_where_its_ink_is() -> None:
    grey = np.full((200, 300), 220, np.uint8)
    grey[80:120, 100:140] = 30
    turned = np.array([[2.0, 0.0, 90.0], [0.0, 2.0, 70.0]])
    row = RowInk(np.zeros((40, 50), np.uint8), turned)
    under = row.of_picture(grey)
    assert under.shape == (40, 50)
    assert under[15, 15] < 60 and under[2, 2] > 200 and under[35, 40] > 200


def test_more_doubt_makes_an_answer_less_probable() -> None:
    known = Features(rows=-0.1, digits=-0.2, margin=8.0, spread=0.1, length=4)
    weights = [1.0, 1.0, 1.0, 1.0, 1.0, -0.5]
    sure = probability(known, weights)
    assert 0.5 < sure < 1.0
    for worse in ({"rows": -4.0}, {"digits": -9.0}, {"margin": 0.1}, {"spread": 5.0}):
        assert probability(replace(known, **worse), weights) < sure
    assert probability(known, []) == pytest.approx(math.exp(-0.1))


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("13.9", 13.9, None), ("5,800", 5800, 5.8), ("1,250.5", 1250.5, None), ("-4", -4, -4),
        ("12/05", None, None), ("5,80", None, 5.8), ("120.-", 120, 120), ("0042", 42, 42),
        ("1.250,5", None, 1250.5), ("", None, None), ("1-2", None, None), ("3\n4", None, None),
    ],
)  # fmt: skip
def test_the_value_of_a_text(text: str, point: float | None, comma: float | None) -> None:
    assert value(text) == point and value(text, ",") == comma
