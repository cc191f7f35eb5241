"""Drawings that fill the picture, as the page of `serve` sends them: each digit is read once."""

import pytest

from digits.pictures.load import from_array
from digits.reading.reader import Reader
from tests.drawn import drawing

WIDE, HIGH = (640, 400), (640, 520)  # of the page on a desktop, and on a phone


@pytest.mark.slow
# All but the first were answered with rows too many, or without a digit, before.
@pytest.mark.parametrize(
    ("text", "size", "pen", "gap"),
    [
        ("407", WIDE, 20, 1.3), ("407", HIGH, 20, 1.3), ("989", HIGH, 20, 1.3),
        ("734", HIGH, 20, 1.3), ("65", HIGH, 20, 1.8), ("4914", HIGH, 20, 1.3),
        ("157", HIGH, 20, 1.3), ("04", HIGH, 34, 1.3), ("21", WIDE, 20, 1.8),
    ],
)  # fmt: skip
def test_large_digits_are_read_once(
    reader: Reader, text: str, size: tuple[int, int], pen: int, gap: float
) -> None:
    answer = reader.read(from_array(drawing(text, size, pen, gap)))
    assert answer.text == text
