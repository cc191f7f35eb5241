"""Pictures that lie on a side or upside down: boxes come back to where the ink is."""

from collections.abc import Callable

import numpy as np
import pytest

from digits.reading.answer import Answer, Digit, Row
from digits.reading.reader import Reader
from digits.reading.turned import TURNS, read_turned
from digits.vision.load import from_array
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


@pytest.mark.parametrize(("text", "status"), [("407", "read"), ("4071", "unsure")])
def test_little_or_doubtful_digits_do_not_count(text: str, status: str) -> None:
    assert read_turned(np.rot90(UPRIGHT, 2), reads(text, status)) is None


@pytest.mark.medium
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_reader_turns_pages(reader: Reader, quarters: int) -> None:
    grey, _ = page("2806", "47", "13579")
    answer = reader.read(from_array(np.ascontiguousarray(np.rot90(grey, -quarters))))
    assert answer.text == "2806\n47\n13579"
    assert TURNS[quarters] in answer.warnings
