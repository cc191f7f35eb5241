"""Read a file of one picture or several: a TIFF's pages, an animation's frames, one answer each."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

from digits.errors import DigitsError
from digits.pictures.files import source
from digits.pictures.load import Picture, pages
from digits.pictures.packed import File
from digits.reading import budget
from digits.reading.answer import Answer
from digits.reading.reader import Reader

Then = Callable[[Picture, Answer], None]
ONLY_FIRST = "only the first page of the file was read"


def read_pages(
    reader: Reader, name: str, then: Then | None = None, data: bytes | None = None
) -> list[Answer]:
    """The answers to a file, or to its `data` if they are given; '-' is standard input.

    Where it is no picture, or damaged from some page on, or takes longer than a file may, the last
    answer is an `error`. `then` is called with each picture that was read and its answer.

    Raises:
        DigitsError: the model answers no numbers.
    """
    return read_loaded(reader, name, loaded(File(name), data, reader.in_colour), then)


def read_first(reader: Reader, name: str, data: bytes | None = None) -> Answer:
    """The answer to the first page of a file, or of its `data`; a warning says that more follow.

    Raises:
        DigitsError: the model answers no numbers.
    """
    answers: list[Answer] = []
    first = islice(loaded(File(name), data, reader.in_colour), 1)
    (answer,) = read_loaded(
        reader, name, first, lambda picture, one: answers.append(told_of_more(one, picture))
    )
    return answers[0] if answers else answer


def told_of_more(answer: Answer, picture: Picture) -> Answer:
    """The answer to a page that alone is read of its file."""
    if not picture.more:
        return answer
    return replace(answer, warnings=[*answer.warnings, ONLY_FIRST])


def read_loaded(
    reader: Reader, name: str, pictures: Iterator[Picture], then: Then | None = None
) -> list[Answer]:
    """The answers to the pictures of a file, which may raise a DigitsError as they come."""
    answers = list(_answers(reader, name, pictures, then))
    return [
        replace(answer, page=page, pages=len(answers)) for page, answer in enumerate(answers, 1)
    ]


def failed(reader: Reader, name: str, error: DigitsError, start: float) -> Answer:
    """The answer to what is no picture, begun at `start` (time.perf_counter)."""
    model = reader.classifier
    return Answer(
        name, "error", error=str(error), seconds=time.perf_counter() - start, model=model.name,
        expect=reader.expect, trained_on=model.trained_on,
    )  # fmt: skip


def loaded(file: File, data: Path | bytes | None, colour: bool) -> Iterator[Picture]:
    """The pictures of a file, or of what is in it, one after the other; nothing is read before the
    first is asked for, so that what is wrong is said there."""
    yield from pages(source(file) if data is None else data, file.name, colour)


def _answers(
    reader: Reader, name: str, pictures: Iterator[Picture], then: Then | None
) -> Iterator[Answer]:
    began, allowed = time.thread_time(), budget.of_file(reader.seconds)
    for page in count():
        start = time.perf_counter()
        try:
            picture = next(pictures, None)
            if picture and page and time.thread_time() - began > allowed:
                raise DigitsError(f"{name}: {page} pages were read in the time of a file; split it")
        except DigitsError as error:
            yield failed(reader, name, error, start)
            return
        if picture is None:
            return
        answer = reader.read(picture, name)
        answer = replace(answer, seconds=time.perf_counter() - start)
        if then and answer.status != "error":
            then(picture, answer)
        yield answer
