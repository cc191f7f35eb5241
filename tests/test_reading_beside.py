"""Ink beside the rows that were read: rectangles for digits, each limit from both sides."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from digits.finder import is_nothing
from digits.reading import beside
from digits.reading.answer import Digit, Row
from digits.vision.ink import Ink
from digits.vision.lines import Line, upright

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"

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


@pytest.mark.parametrize(
    ("gap", "printed", "is_print"),
    [(36, "left", True), (34, "left", False), (36, "right", True), (36, "all", True),
     (34, "all", True), (36, "nothing", False)],
)  # fmt: skip
def test_a_row_has_print_in_whole_or_on_a_side_of_its_widest_gap(
    gap: int, printed: str, is_print: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four digits, 100 pixels high, of which the last one stands apart."""
    places = [0, 60, 120, 120 + WIDE + gap]
    made = [Digit("4", 0.99, (x, 50, WIDE, HIGH), [], NO_TILE) for x in reversed(places)]
    four = Row("4444", 0.99, (0, 50, places[-1] + WIDE, HIGH), [], made, 0.9)
    whole, left = places[-1] + WIDE, 120 + WIDE
    boxes = {"all": (0, whole), "left": (0, left), "right": (places[-1], WIDE), "nothing": (0, 0)}
    x, width = boxes[printed]

    def is_nothing(line: Line, grey: np.ndarray) -> bool:
        return line.box == (x, 50, width, HIGH)

    monkeypatch.setattr(beside, "is_nothing", is_nothing)
    assert beside.has_print(four, np.zeros((200, 400), np.uint8)) is is_print


def test_printed_digits_are_nothing_by_hand_to_the_line_model() -> None:
    grey = np.full((120, 260), 235, np.uint8)
    font = ImageFont.truetype(str(FONTS / "DejaVuSans.ttf"), 48)
    sheet = Image.fromarray(grey)
    ImageDraw.Draw(sheet).text((30, 30), "50726", 40, font)
    grey = np.asarray(sheet)
    ys, xs = np.nonzero(grey < 128)
    box = xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1
    assert is_nothing(upright(tuple(int(v) for v in box)), grey)


SHAPE = (600, 1000)


@pytest.mark.parametrize(("height", "several"), [(49, True), (51, False)])
def test_what_is_much_lower_is_another_number(height: int, several: bool) -> None:
    assert beside.are_several([*DIGITS, (420, 210, 20, height)], SHAPE) is several


@pytest.mark.parametrize(("x", "several"), [(532, True), (528, False)])
def test_what_is_far_off_is_another_number(x: int, several: bool) -> None:
    far = (x, 210, WIDE, HIGH)  # the digits end at 410
    assert beside.are_several([*DIGITS, far], SHAPE) is several


@pytest.mark.parametrize(
    ("box", "several"),
    [((300, 310, 40, HIGH), True), ((300, 290, 40, HIGH), False), ((500, 310, 40, HIGH), False)],
)  # below the first digit; beginning above its foot; below neither
def test_a_number_is_below_what_it_shares_columns_with(
    box: tuple[int, int, int, int], several: bool
) -> None:
    assert beside.are_several([*DIGITS, box], SHAPE) is several


@pytest.mark.parametrize(
    ("box", "several"),
    [((300, 1, 40, HIGH), True), ((300, 0, 40, HIGH), False), ((300, 499, 40, HIGH), True),
     ((300, 500, 40, HIGH), False), ((1, 200, 40, HIGH), True), ((0, 200, 40, HIGH), False),
     ((949, 200, 50, HIGH), True), ((950, 200, 50, HIGH), False)],
)  # fmt: skip
def test_a_number_that_the_border_cuts_does_not_count(
    box: tuple[int, int, int, int], several: bool
) -> None:
    assert beside.may_be_several(ink(*DIGITS, box)) is several
