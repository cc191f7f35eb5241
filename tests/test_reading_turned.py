"""Pictures that lie on a side or upside down: boxes come back to where the ink is."""

from collections.abc import Callable

import numpy as np
import pytest

from digits.pictures.load import from_array
from digits.reading import attempt
from digits.reading.answer import Answer, Digit, Row
from digits.reading.attempt import Attempt
from digits.reading.reader import Reader
from digits.reading.turned import TURNS, read_turned
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
        digits = [Digit("4", 0.99, INK, [], np.zeros((28, 28), np.uint8))]
        return Answer("", status, text, 0.9, [Row(text, 0.9, INK, [], digits, 0.9)])

    return read


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_boxes_are_of_the_picture_as_it_was_given(quarters: int) -> None:
    given = np.rot90(UPRIGHT, -quarters)
    answer = read_turned(given, reads())
    assert answer and answer.text == "4071" and answer.warnings == [TURNS[quarters]]
    assert answer.rows[0].box == answer.rows[0].digits[0].box == box_of(given)


def test_few_digits_do_not_count() -> None:
    assert read_turned(np.rot90(UPRIGHT, 2), reads("407")) is None


def unsure(text: str, probability: float, status: str = "unsure") -> Answer:
    digits = [Digit(c, 0.9, INK, [], np.zeros((28, 28), np.uint8)) for c in text]
    row = Row(text, probability, INK, [], digits, 0.9)
    return Answer("", status, text, probability, [row])


@pytest.mark.parametrize(
    ("crop", "piece", "expected"),
    [
        (False, None, ("4071", "read")),  # what is no crop is turned, though its ink reads as a row
        (True, None, ("13579", "unsure")),  # a crop is not
        (True, unsure("13", 0.99, "read"), ("13579", "unsure")),  # nor is a piece of it its answer
        (True, unsure("1357", 0.99, "read"), ("1357", "read")),  # unless that says more
    ],
)
def test_a_crop_lies_as_it_is_and_is_no_piece_of_itself(
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    crop: bool,
    piece: Answer | None,
    expected: tuple[str, str],
) -> None:
    for name in ("of_tile", "of_tight_digit"):
        monkeypatch.setattr(Attempt, name, lambda self: None)
    monkeypatch.setattr(Attempt, "_may_be_a_row", crop)
    monkeypatch.setattr(Attempt, "_is_one", False)
    monkeypatch.setattr(Attempt, "of_row", lambda self: unsure("13579", 0.6))
    monkeypatch.setattr(Attempt, "digit", Answer("", "no_digit"))
    monkeypatch.setattr(Attempt, "of_page", lambda self: piece)
    monkeypatch.setattr(attempt, "read_turned", lambda *_: unsure("4071", 0.9, "read"))
    answer = reader.read(from_array(UPRIGHT))
    assert (answer.text, answer.status) == expected


@pytest.mark.slow
@pytest.mark.medium
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_reader_turns_pages(reader: Reader, quarters: int) -> None:
    grey, _ = page("2806", "47", "13579")
    answer = reader.read(from_array(np.ascontiguousarray(np.rot90(grey, -quarters))))
    assert answer.text == "2806\n47\n13579"
    assert TURNS[quarters] in answer.warnings
