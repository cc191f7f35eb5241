"""What a reader expects of a picture, by `--expect` and by what its model knows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digits.classifier import Classifier
from digits.data.look import Look
from digits.errors import DigitsError
from digits.pictures.load import Picture, from_array
from digits.reading import reader as module
from digits.reading.answer import Answer
from digits.reading.budget import SPENT, Budget
from digits.reading.reader import NOTHING_FITS, Reader
from digits.spec import CLASSES, NONE

LETTERS = ("a", "b", "c")


def knows(*classes: str, likeliest: str = "") -> Classifier:
    """A model that is sure of one of its classes, whatever it is shown."""
    logits = np.array([[9.0 * (name == likeliest) for name in classes]], np.float32)
    return Classifier(lambda tiles: logits.repeat(len(tiles), 0), Path("m.onnx"), classes)


def whole(side: int = 28, channels: int = 1, frame: str = "none", likeliest: str = "a") -> Reader:
    """A reader with a model that takes whole pictures."""
    card = {"config": {"frame": frame}}
    model = replace(knows("a", NONE, likeliest=likeliest), shape=(channels, side, side), card=card)
    return Reader.expecting(model)


@pytest.mark.parametrize("classes", [CLASSES, (*CLASSES, NONE)])
@pytest.mark.parametrize(
    ("expect", "kind"), [("auto", "auto"), ("digit", "digit"), ("number", "number"),
                         ("zip", "number"), ("/[12]+/", "number")],
)  # fmt: skip
def test_a_model_of_digits_reads_numbers(classes: tuple[str, ...], expect: str, kind: str) -> None:
    made = Reader.expecting(knows(*classes), expect)
    assert (made.kind, made.look, made.allowed) == (kind, None, None)
    assert (made.wanted is None) == (expect in ("auto", "digit"))


@pytest.mark.parametrize(
    ("expect", "kind", "allowed"),
    [("auto", "auto", {*CLASSES, *LETTERS}), ("digit", "digit", set(CLASSES)),
     ("letter", "digit", set(LETTERS)), ("number", "number", None), ("/[0-9]{5}/", "number", None),
     ("/[1a]/", "digit", {"1", "a"})],
)  # fmt: skip
def test_a_model_of_digits_and_letters_reads_either(
    expect: str, kind: str, allowed: set[str] | None
) -> None:
    made = Reader.expecting(knows(*CLASSES, *LETTERS, NONE), expect)
    assert made.kind == kind and made.look is None
    assert made.allowed == (allowed if allowed is None else frozenset(allowed))


@pytest.mark.parametrize("expect", ["auto", "digit"])
def test_a_model_that_lacks_a_digit_reads_one_character(expect: str) -> None:
    made = Reader.expecting(knows(*CLASSES[:9]), expect)
    assert made.kind == "digit" and made.allowed == frozenset(CLASSES[:9])


def test_what_a_model_of_letters_cannot_read_is_said_with_what_it_knows() -> None:
    with pytest.raises(DigitsError, match=r"m\.onnx reads one character, .*; it knows a, b, c$"):
        Reader.expecting(knows(*LETTERS, NONE), "number")


@pytest.mark.parametrize(
    ("side", "channels", "frame", "look"),
    [(28, 1, "digit", None), (28, 1, "none", Look("none", 28, colour=False)),
     (32, 1, "digit", Look("none", 32, colour=False)), (32, 3, "none", Look("none", 32, True))],
)  # fmt: skip
def test_a_model_of_whole_pictures_is_shown_such(
    side: int, channels: int, frame: str, look: Look | None
) -> None:
    made = whole(side, channels, frame)
    assert made.look == look and made.in_colour == (channels == 3)


@pytest.mark.parametrize(("channels", "shape"), [(1, (28, 28)), (3, (28, 28, 3))])
def test_a_whole_picture_is_one_row_as_the_model_saw_it(
    channels: int, shape: tuple[int, ...]
) -> None:
    colours = np.full((60, 90, 3), 90, np.uint8)
    answer = whole(channels=channels).read(replace(from_array(colours), colours=colours), "a.png")
    (row,) = answer.rows
    assert (answer.text, answer.seen_as, row.box) == ("a", "whole", (0, 0, 90, 60))
    assert row.digits[0].tile.shape == shape


def test_a_whole_picture_of_none_has_no_rows() -> None:
    answer = whole(likeliest=NONE).read(Picture(np.full((60, 90), 90, np.uint8)))
    assert (answer.status, answer.text, answer.rows) == ("no_digit", "", [])


def test_models_of_digits_know_them_all_whatever_else_they_know() -> None:
    """Of whole pictures no number is read, though the model knows all digits."""
    model = replace(knows(*CLASSES), card={"config": {"frame": "none"}})
    assert Reader.expecting(model, "digit").allowed == frozenset(CLASSES)
    with pytest.raises(DigitsError, match="knows none that fits"):
        Reader.expecting(model, "zip")


BLANK = Picture(np.full((60, 90), 250, np.uint8))


@pytest.mark.parametrize("labels", [CLASSES, LETTERS])
@pytest.mark.parametrize("expect", ["digit", "/./"])
def test_without_a_digit_it_is_said_where_something_was_expected(
    labels: tuple[str, ...], expect: str
) -> None:
    answer = Reader.expecting(knows(*labels), expect).read(BLANK)
    assert NOTHING_FITS in answer.warnings and answer.why == NOTHING_FITS
    assert NOTHING_FITS not in Reader.expecting(knows(*labels)).read(BLANK).warnings


@pytest.mark.parametrize(
    ("found", "status"), [("no_digit", "error"), ("read", "unsure"), ("unsure", "unsure")]
)
def test_what_was_looked_at_in_part_is_never_read(
    found: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Found:
        def __init__(self, recognizer: object) -> None: ...

        def answer(self) -> Answer:
            return Answer("", found)

    monkeypatch.setattr(module, "Attempt", Found)
    reader = Reader.expecting(knows(*CLASSES))
    assert reader.read(BLANK, "a.png").status == found
    monkeypatch.setattr(module, "Budget", lambda: Budget(spent=True))
    answer = reader.read(BLANK, "a.png")
    assert answer.status == status
    assert SPENT in (answer.error if status == "error" else answer.warnings[-1])
