"""The drawing of an answer: what it says, and what is where."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digits.errors import DigitsError
from digits.pictures.load import Picture
from digits.reading import explain as module
from digits.reading.answer import Answer, Digit, Row
from digits.reading.explain import BLUE, CELL, COLOURS, SEEN_AS, explain

TILE = np.zeros((28, 28), np.uint8)
PAPER = Picture(np.full((100, 200), 250, np.uint8))


def answer(text: str, status: str = "read", **more: Any) -> Answer:
    digits = [Digit(c, 0.9, (20, 10, 30, 40), [(c, 0.9), ("x", 0.1)], TILE) for c in text]
    row = Row(text, 0.9, (20, 10, 30, 40), [(text, 0.9)], digits, 0.9)
    return Answer("a.png", status, text, 0.9, [row] if text else [], **more)


Words = list[tuple[str, tuple[float, float]]]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Words:
    """What is written, and where."""
    words: Words = []
    real = ImageDraw.ImageDraw.text

    def text(self: Any, xy: Any, said: str, *rest: Any, **more: Any) -> None:
        words.append((said, xy))
        real(self, xy, said, *rest, **more)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return words


def drawn(picture: Picture, one: Answer) -> np.ndarray:
    file = io.BytesIO()
    explain(picture, one, file)
    return np.asarray(Image.open(io.BytesIO(file.getvalue()), formats=["PNG"]).convert("RGB"))


def colour(name: str) -> list[int]:
    return [int(name[k : k + 2], 16) for k in (1, 3, 5)]


def test_it_says_what_was_read_by_which_model_and_how(written: Words) -> None:
    one = answer(
        "40", seen_as="row", why="all is", model="best", trained_on="mnist", warnings=["blurred"]
    )
    drawn(PAPER, one)
    said = [text for text, _ in written]
    assert "40   90.0% read" in said and "4  90%" in said
    assert [text for text in said if len(text) > 6 and "%" not in text] == [
        SEEN_AS["row"], "read: all is", "model best, trained on mnist", "blurred",
    ]  # fmt: skip


def test_it_says_nothing_of_what_is_not_known(written: Words) -> None:
    drawn(PAPER, answer("", "no_digit"))
    assert [text for text, _ in written] == ["no digit   90.0% no_digit"]
    drawn(PAPER, answer("", "no_digit", model="own"))
    assert written[-1][0] == "model own"


def test_the_first_24_digits_are_shown_eight_a_line(written: Words) -> None:
    sheet = drawn(PAPER, answer("1" * 30))
    tiles = [xy for text, xy in written if text == "1  90%"]
    assert len(tiles) == 24 and len({y for _, y in tiles}) == 3
    assert [x for x, _ in tiles[:8]] == [CELL / 2 + k * CELL for k in range(8)]
    assert sheet.shape[1] == 8 * CELL


@pytest.mark.parametrize("status", ["read", "unsure"])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_box_stands_around_each_digit(status: str, scale: float) -> None:
    """In the colour of its row's status. Where the file has twice the pixels, so have its boxes."""
    one = answer("4", "unsure")
    (row,) = one.rows
    box = tuple(int(scale * v) for v in row.box)
    digits = [replace(digit, box=box) for digit in row.digits]
    row = replace(row, digits=digits, status=status)
    sheet = drawn(replace(PAPER, scale=scale), replace(one, rows=[row]))
    zoom, left, top = 4.9, 10, module.LINE + 2 * module.MARGIN
    for x, y in [(20, 30), (50, 30), (35, 10), (35, 50)]:
        around = sheet[top + round(y * zoom) - 2 :, left + round(x * zoom) - 2 :][:5, :5]
        assert (around == colour(COLOURS[status])).all(axis=2).any()


def test_pixels_of_a_small_picture_are_squares_and_those_of_a_large_one_are_not() -> None:
    for side, sharp in ((28, True), (300, False)):
        grey = np.zeros((side, side), np.uint8)
        grey[:, side // 2 :] = 255
        shown = np.asarray(module._picture(Picture(grey), answer("", "no_digit")))
        assert (np.isin(shown, (0, 255)).all()) == sharp


def test_where_the_finder_sees_numbers_a_page_is_blue(monkeypatch: pytest.MonkeyPatch) -> None:
    there = np.zeros((100, 200), np.float32)
    there[:, 100:] = 1.0
    monkeypatch.setattr(module.finder, "maps", lambda grey: (there, None))
    page = np.asarray(module._picture(PAPER, answer("", "unsure", seen_as="page")))
    left, right = page[50, 100].astype(int), page[50, -100].astype(int)
    assert left.tolist() == [250] * 3 and right[2] - right[0] > 30
    blue = np.array(colour(BLUE))
    assert (right < 250).any() and np.argmax(blue - right) == np.argmax(blue)
    row = np.asarray(module._picture(PAPER, answer("", "unsure", seen_as="row")))
    assert (row == 250).all()


def test_the_suffix_says_of_which_kind_the_file_is(tmp_path: Path) -> None:
    explain(PAPER, answer("4"), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.format == "JPEG"
    with pytest.raises(DigitsError, match=r"--explain .*a\.txt: not written"):
        explain(PAPER, answer("4"), tmp_path / "a.txt")
