"""A file of several pictures: an answer each, in their time, and what becomes of the rest."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.pictures.load import Picture
from digits.reading.answer import Answer
from digits.reading.pages import ONLY_FIRST, read_first, read_loaded, told_of_more

PICTURE = Picture(np.zeros((28, 28), np.uint8))


class Counts:
    """Reads any picture as which one it was, in no time or in the CPU seconds that it `takes`."""

    classifier = Classifier(lambda tiles: tiles, Path("counts.onnx"))
    in_colour, expect = False, "auto"

    def __init__(self, takes: float = 0.0, allowed: float | None = None) -> None:
        self.takes, self.seconds, self.read_so_far = takes, allowed, 0

    def read(self, picture: Picture, image: str = "") -> Answer:
        self.read_so_far += 1
        begun = time.thread_time()
        while time.thread_time() - begun < self.takes:
            pass
        return Answer(image, "read", str(self.read_so_far))


def pictures(count: int, then: str = "") -> Iterator[Picture]:
    for left in range(count, 0, -1):
        yield replace(PICTURE, more=left > 1)
    if then:
        raise DigitsError(then)


def test_each_page_has_an_answer_that_says_which_of_how_many() -> None:
    answers = read_loaded(Counts(), "a.tif", pictures(3))
    assert [(a.text, a.page, a.pages, a.status) for a in answers] == [
        ("1", 1, 3, "read"), ("2", 2, 3, "read"), ("3", 3, 3, "read"),
    ]  # fmt: skip
    assert read_loaded(Counts(), "a.tif", pictures(0)) == []


def test_a_file_damaged_from_some_page_on_ends_with_an_error() -> None:
    first, last = read_loaded(Counts(), "a.tif", pictures(1, then="a.tif: damaged"))
    assert (first.status, last.status, last.error) == ("read", "error", "a.tif: damaged")
    assert (last.model, last.page, last.pages) == ("counts.onnx", 2, 2)


@pytest.mark.parametrize(("allowed", "statuses"), [(None, ["read"] * 2), (1e-4, ["read", "error"])])
def test_the_first_page_is_always_read_and_others_while_there_is_time(
    allowed: float | None, statuses: list[str]
) -> None:
    answers = read_loaded(Counts(0.01, allowed), "a.tif", pictures(2))
    assert [answer.status for answer in answers] == statuses
    (alone,) = read_loaded(Counts(0.01, allowed), "a.tif", pictures(1))
    assert alone.status == "read"


def test_that_more_pages_follow_is_said_where_they_do() -> None:
    answer = Answer("a.tif", "read", "1")
    assert told_of_more(answer, PICTURE) is answer
    assert told_of_more(answer, replace(PICTURE, more=True)).warnings == [ONLY_FIRST]


def test_the_first_answer_of_a_file_says_that_more_pages_follow(tmp_path: Path) -> None:
    page, path = Image.new("L", (40, 60), 255), tmp_path / "a.tif"
    page.save(path, save_all=True, append_images=[page])
    for data in (None, path.read_bytes()):
        answer = read_first(Counts(), str(path), data)
        assert (answer.text, answer.warnings) == ("1", [ONLY_FIRST])
    page.save(tmp_path / "b.tif")
    assert read_first(Counts(), str(tmp_path / "b.tif")).warnings == []


def test_the_first_answer_of_a_file_is_an_error_where_it_is_no_picture() -> None:
    assert read_first(Counts(), "a.png", b"none").status == "error"
