"""Ink beside the rows that were read: rectangles for digits, each limit from both sides."""

import numpy as np
import pytest

from digits.reading import beside
from digits.reading.answer import Digit, Row
from digits.vision.ink import Ink
from digits.vision.lines import Line

NO_TILE = np.zeros((28, 28), np.uint8)
HIGH, WIDE = 100, 50  # of a row's digits
ROW = (300, 200)  # where the row's two digits begin


def ink(*boxes: tuple[int, int, int, int]) -> Ink:
    level = np.zeros((600, 1000), np.uint8)
    for x, y, width, height in boxes:
        level[y : y + height, x : x + width] = 255
    return Ink(level, level > 0, 1.0, inverted=False)


def row() -> Row:
    x, y = ROW
    made = [Digit("4", 0.99, (x + 60 * k, y, WIDE, HIGH), [], NO_TILE) for k in range(2)]
    return Row("44", 0.99, (x, y, 60 + WIDE, HIGH), [], made, 0.9)


DIGITS = [digit.box for digit in row().digits]


@pytest.mark.parametrize(
    ("height", "count", "is_more"),
    [(52, 2, True), (48, 2, False), (195, 2, True), (205, 2, False), (52, 1, False)],
)
def test_other_ink_is_text_if_it_is_as_high_and_there_is_so_much(
    height: int, count: int, is_more: bool
) -> None:
    others = [(600 + 100 * k, 350, 30, height) for k in range(count)]
    assert beside.has_more(ink(*DIGITS, *others), [row()]) is is_more


def test_a_row_may_be_much_lower_than_another() -> None:
    lower = [(300 + 60 * k, 420, 15, 25) for k in range(2)]
    assert beside.has_rows(ink(*DIGITS, *lower))


@pytest.mark.parametrize(
    ("box", "several"),
    [((300, 310, 40, HIGH), True), ((300, 290, 40, HIGH), False), ((500, 310, 40, HIGH), False)],
)  # below the first digit; beginning above its foot; below neither
def test_a_row_is_below_what_it_shares_columns_with(
    box: tuple[int, int, int, int], several: bool
) -> None:
    assert beside.has_rows(ink(*DIGITS, box)) is several
    x, y, width, height = (float(v) for v in box)
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    first = np.array([(300.0, 200), (410, 200), (410, 300), (300, 300)])
    assert beside.are_stacked([Line(first, 0.9), Line(corners, 0.9)]) is several


@pytest.mark.parametrize(("y", "several"), [(1, True), (0, False), (499, True), (500, False)])
def test_a_row_that_the_border_cuts_does_not_count(y: int, several: bool) -> None:
    assert beside.has_rows(ink(*DIGITS, (300, y, 40, HIGH))) is several
