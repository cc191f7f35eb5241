"""Reading asks the finder first: its lines are read, and what is lost of them is said."""

from dataclasses import replace

import numpy as np
import pytest

from digits.reading import attempt
from digits.reading.attempt import Attempt
from digits.reading.budget import Budget
from digits.reading.reader import Reader
from digits.reading.recognizer import Recognizer
from digits.vision.lines import Line
from digits.vision.load import from_array
from tests.test_reading_rows import number

WIDTH = 700


def page(*texts: str) -> tuple[np.ndarray, list[Line]]:
    """Numbers one below the other on light paper (H, WIDTH) uint8, and where they stand."""
    grey, found = np.full((150 * len(texts) + 40, WIDTH), 235, np.uint8), []
    for k, text in enumerate(texts):
        ink, (x, y) = number(text, seed=3 + k), (60 + 20 * k, 40 + 150 * k)
        grey[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
        dark = np.argwhere(ink < 150)
        (top, left), (foot, right) = dark.min(axis=0), dark.max(axis=0)
        box = [(left, top), (right, top), (right, foot), (left, foot)]
        found.append(Line(np.array(box, float) + np.array([x, y]), 0.9))
    return grey, found


@pytest.fixture
def numbers(reader: Reader) -> Reader:
    return Reader.expecting(reader.classifier, "number")


def test_all_lines_are_read_in_their_order(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey, found = page("2806", "47", "13579")
    monkeypatch.setattr(attempt, "find_lines", lambda _: found)
    answer = numbers.read(from_array(grey))
    assert answer.text == "2806\n47\n13579"
    for row, line in zip(answer.rows, found, strict=True):
        x, y, width, height = row.box
        left, top = line.corners[0]
        assert abs(x - left) < 8 and abs(y - top) < 8
        assert abs(width - line.width) < 16 and abs(height - line.height) < 16


def test_a_line_that_cannot_be_read_is_said_and_leaves_doubt(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey, found = page("2806", "47")
    empty = replace(found[0], corners=np.array([(500.0, 300), (600, 300), (600, 330), (500, 330)]))
    monkeypatch.setattr(attempt, "find_lines", lambda _: [*found, empty])
    recognizer = Recognizer(numbers.classifier, numbers.kind, numbers.wanted, grey, Budget())
    answer = Attempt(recognizer).of_page()
    assert answer and answer.text == "2806\n47"
    assert answer.status == "unsure"
    assert attempt.LEFT_OUT.format(1) in answer.warnings


def test_where_the_finder_sees_nothing_the_ink_is_one_row(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "find_lines", lambda _: [])
    grey, _ = page("2806")
    answer = numbers.read(from_array(grey))
    assert (answer.text, answer.seen_as) == ("2806", "row")


@pytest.mark.parametrize(("probability", "status"), [(0.9, "read"), (0.7, "unsure")])
def test_a_line_that_the_finder_doubts_leaves_doubt(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch, probability: float, status: str
) -> None:
    grey, (first, second) = page("2806", "47")
    monkeypatch.setattr(
        attempt, "find_lines", lambda _: [first, replace(second, probability=probability)]
    )
    recognizer = Recognizer(numbers.classifier, numbers.kind, numbers.wanted, grey, Budget())
    answer = Attempt(recognizer).of_page()
    assert answer and answer.text == "2806\n47" and answer.status == status
