"""Pictures that lie on a side or upside down: boxes come back to where the ink is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.pictures.load import from_array, load
from digits.reading.answer import Answer, Digit, Row
from digits.reading.attempt import Attempt
from digits.reading.reader import Reader
from digits.reading.turned import TURNS, UPSIDE_DOWN, read_turned
from digits.vision.ink import seen_first
from tests.test_reading_attempt import recognizer
from tests.test_reading_finder import page

INK = (30, 20, 50, 12)  # of a digit in the upright picture
UPRIGHT = np.zeros((90, 200), np.uint8)
UPRIGHT[20:32, 30:80] = 255


def box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(ink)
    left, top = int(xs.min()), int(ys.min())
    return left, top, int(xs.max()) + 1 - left, int(ys.max()) + 1 - top


def reads(text: str = "4071", status: str = "read") -> Callable[[np.ndarray], Answer | None]:
    """Something that reads the upright picture alone."""

    def read(grey: np.ndarray) -> Answer | None:
        if not np.array_equal(grey, UPRIGHT):
            return None
        digits = [
            Digit(c, 0.99, INK, [], np.zeros((28, 28), np.uint8)) for c in text if c.isdigit()
        ]
        return Answer("", status, text, 0.9, [Row(text, 0.9, INK, [], digits, 0.9)])

    return read


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_are_of_the_picture_as_it_was_given(quarters: int) -> None:
    given = np.rot90(UPRIGHT, -quarters)
    answer = read_turned(given, reads())
    assert answer and answer.text == "4071" and answer.warnings == [TURNS[quarters]]
    assert answer.rows[0].box == answer.rows[0].digits[0].box == box_of(given)


def test_few_digits_and_those_that_stand_either_way_do_not_count() -> None:
    assert read_turned(np.rot90(UPRIGHT, 2), reads("407")) is None
    assert read_turned(np.rot90(UPRIGHT, 2), reads("40.7")) is None  # a sign is no digit
    assert read_turned(np.rot90(UPRIGHT, 2), reads("6-1852")) is None  # upside down it is one too


def unsure(text: str, probability: float, status: str = "unsure") -> Answer:
    digits = [Digit(c, 0.9, INK, [], np.zeros((28, 28), np.uint8)) for c in text]
    row = Row(text, probability, INK, [], digits, 0.9)
    return Answer("", status, text, probability, [row])


@pytest.mark.parametrize(
    ("crop", "upside_down", "piece", "expected"),
    [
        # what is no crop is turned, though its ink reads as a row
        (False, None, None, ("4071", "read")),
        # a crop lies on no side, but may be upside down, if that is plain
        (True, None, None, ("13579", "unsure")),
        (True, unsure("8642", 0.9, "read"), None, ("8642", "read")),
        (True, unsure("8642", 0.9), None, ("13579", "unsure")),
        # nor is a piece of it its answer, unless that says more
        (True, None, unsure("13", 0.99, "read"), ("13579", "unsure")),
        (True, None, unsure("1357", 0.99, "read"), ("1357", "read")),
    ],
)
def test_a_crop_may_be_upside_down_and_is_no_piece_of_itself(
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    crop: bool,
    upside_down: Answer | None,
    piece: Answer | None,
    expected: tuple[str, str],
) -> None:
    for name in ("of_tile", "of_tight_digit"):
        monkeypatch.setattr(Attempt, name, lambda self: None)
    monkeypatch.setattr(Attempt, "_may_be_a_row", crop)
    monkeypatch.setattr(Attempt, "_is_one", False)
    monkeypatch.setattr(Attempt, "digit", Answer("", "no_digit"))
    monkeypatch.setattr(Attempt, "of_page", lambda self: piece)
    monkeypatch.setattr(Attempt, "_turned", lambda self: unsure("4071", 0.9, "read"))
    rows = {UPRIGHT.tobytes(): unsure("13579", 0.6), UPRIGHT[::-1, ::-1].tobytes(): upside_down}
    monkeypatch.setattr(Attempt, "of_row", lambda self: rows[self.grey.tobytes()])
    answer = reader.read(from_array(UPRIGHT))
    assert (answer.text, answer.status) == expected


@pytest.mark.parametrize(("text", "may_be"), [("", True), ("407", False), ("4071", True)])
def test_a_crop_that_says_few_digits_lies_as_it_is(
    text: str, may_be: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Attempt, "_is_one", False)
    monkeypatch.setattr(Attempt, "_ink", seen_first(255 - UPRIGHT))
    monkeypatch.setattr(Attempt, "_lines", [])
    for crop, expected in ((unsure(text, 0.6), may_be), (None, True)):
        monkeypatch.setattr(Attempt, "_crop", crop)
        assert Attempt(recognizer())._may_be_turned(unsure(text, 0.6)) == expected


@pytest.mark.slow
@pytest.mark.medium
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_reader_turns_pages(reader: Reader, quarters: int) -> None:
    grey, _ = page("2806", "47", "13579")
    answer = reader.read(from_array(np.ascontiguousarray(np.rot90(grey, -quarters))))
    assert answer.text == "2806\n47\n13579"
    assert TURNS[quarters] in answer.warnings


@pytest.mark.slow
@pytest.mark.medium
def test_the_reader_turns_a_crop_that_is_upside_down(reader: Reader) -> None:
    grey = load(Path("test_images/number.png")).grey
    upright, turned = (reader.read(from_array(some)) for some in (grey, grey[::-1, ::-1].copy()))
    assert (turned.text, turned.status) == (upright.text, "read") == ("40917", "read")
    assert TURNS[UPSIDE_DOWN] in turned.warnings and not upright.warnings
    ((x, y, width, height),) = (row.box for row in upright.rows)
    back = grey.shape[1] - x - width, grey.shape[0] - y - height, width, height
    assert turned.rows[0].box == pytest.approx(back, abs=2)
