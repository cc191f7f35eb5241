"""In which order a picture is taken for a tile, a digit, a row or a page, and which answer counts.

The ways to read are stand-ins that say what they are told to, and note that they were asked.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits.classifier import Classifier
from digits.reading import attempt as module
from digits.reading.answer import Answer, Digit, Row
from digits.reading.attempt import CROSSED, NOTHING, Attempt
from digits.reading.budget import Budget
from digits.reading.formats import ANYTHING
from digits.reading.recognizer import Recognizer
from digits.spec import CLASSES
from digits.vision.ink import Ink
from digits.vision.lines import Line

PAPER = np.full((60, 200), 240, np.uint8)
TILE = np.zeros((28, 28), np.uint8)
MODEL = Classifier(lambda tiles: np.zeros((len(tiles), 10)), Path("m.onnx"), CLASSES)
INK = Ink(TILE, TILE > 127, 1.0, inverted=False)
NEVER = Budget(seconds=-1)


def recognizer(kind: str = "auto", grey: np.ndarray = PAPER, **more: Any) -> Recognizer:
    wanted = ANYTHING if kind == "number" else None
    return Recognizer(MODEL, kind, wanted, grey, **{"budget": Budget(), **more})


def row(text: str, probability: float = 0.9, at: int = 0, alone: bool = False) -> Row:
    digits = [Digit(c, 0.9, (30 * k, at, 20, 28), [], TILE) for k, c in enumerate(text)]
    return Row(text, probability, (0, at, 30 * len(text), 28), [], digits, 0.9, alone)


def says(*texts: str, status: str = "unsure", probability: float = 0.9) -> Answer:
    rows = [row(text, probability, 40 * k, len(text) == 1) for k, text in enumerate(texts)]
    return Answer("", status, "\n".join(texts), probability ** len(rows), rows)


def line(x: float, y: float, width: float = 100, height: float = 28) -> Line:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return Line(np.array(corners, float), 0.9)


STACKED = [line(0, 0), line(0, 40)]


@dataclass(frozen=True)
class Told(Attempt):
    """An attempt whose ways say what they are told."""

    ways: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def _says(self, way: str) -> Any:
        self.asked.append(way)
        return self.ways.get(way)

    def of_tile(self) -> Answer | None:
        return self._says("tile")

    def of_tight_digit(self) -> Answer | None:
        return self._says("tight")

    def of_row(self) -> Answer | None:
        return self._says("row")

    def of_page(self) -> Answer | None:
        return self._says("page")

    @cached_property
    def digit(self) -> Answer:  # type: ignore[override]
        return self._says("digit") or NOTHING

    def answer_of_row(self) -> Answer | None:
        """The real way."""
        return super().of_row()

    @property
    def _ink(self) -> Ink:  # type: ignore[override]
        return INK

    @property
    def _is_one(self) -> bool:  # type: ignore[override]
        return self.ways.get("one", False)

    @property
    def _stands_alone(self) -> bool:  # type: ignore[override]
        return self.ways.get("alone", False)

    @property
    def _may_be_a_row(self) -> bool:
        return self.ways.get("crop", False)

    @property
    def _lines(self) -> list[Line]:  # type: ignore[override]
        return self.ways.get("lines", [])


READ, FOUR = says("407", status="read"), says("1", "2", "3", "4", status="read")
ONE, DOUBT = says("5", status="read"), says("5")


@pytest.mark.parametrize(
    ("kind", "ways", "expected", "asked"),
    [
        ("auto", {"tile": ONE}, ("5", "read"), "tile"),
        ("digit", {"tile": ONE}, ("5", "read"), "tile"),
        ("number", {"tile": ONE, "page": READ}, ("407", "read"), "page"),
        # one digit that stands alone comes before rows
        ("auto", {"one": True, "digit": ONE, "crop": True}, ("5", "read"), "tile digit"),
        ("digit", {"one": True, "digit": ONE}, ("5", "read"), "tile digit"),
        ("auto", {"digit": ONE, "page": READ}, ("407", "read"), "tile page"),
        # a crop that is read, and a page that is
        ("number", {"crop": True, "row": READ, "page": FOUR}, ("407", "read"), "row"),
        ("number", {"crop": False, "row": READ, "page": READ}, ("407", "read"), "page"),
        ("number", {"crop": True, "row": says("407"), "page": says("12", "34", status="read")},
         ("12\n34", "read"), "row page"),
        ("number", {"crop": True, "row": says("40713"), "page": READ}, ("40713", "unsure"),
         "row page"),
        # so many lines are a page, though it is in doubt; fewer are not, if a row says more
        ("number", {"page": says("12", "34", "56", "78"), "row": says("1234567890")},
         ("12\n34\n56\n78", "unsure"), "page"),
        ("number", {"page": says("12", "34"), "lines": [*STACKED] * 3, "row": says("1234567890")},
         ("1234567890", "unsure"), "page row"),
        # all of the ink as one row is never read; it counts where it says more
        ("number", {"row": READ}, ("407", "unsure"), "page row"),
        ("number", {"row": says("40"), "page": says("407"), "lines": STACKED * 2},
         ("407", "unsure"), "page row"),
        # a digit counts where the finder sees no line
        ("auto", {"page": says("4", probability=0.5), "lines": STACKED * 2, "digit": DOUBT},
         ("4", "unsure"), "tile page row"),
        ("auto", {"digit": DOUBT}, ("5", "unsure"), "tile page digit row"),
        # and where hardly any other ink is; else the row, which is read from grey, goes before it
        ("auto", {"digit": says("5", probability=0.95), "row": says("8", probability=0.5)},
         ("8", "unsure"), "tile page digit row"),
        ("auto", {"digit": says("5", probability=0.95), "row": says("8"), "alone": True},
         ("5", "unsure"), "tile page digit row"),
        ("auto", {"digit": DOUBT, "row": NOTHING}, ("5", "unsure"), "tile page digit row"),
        # a crop is looked at once
        ("auto", {"page": says("4"), "crop": True}, ("4", "unsure"), "tile row page"),
        # and is one row or several, whichever says more
        ("number", {"page": says("40", "7"), "lines": STACKED * 3, "crop": True,
                    "row": says("407")}, ("407", "unsure"), "row page"),
        ("auto", {"page": says("40", "7"), "lines": STACKED * 3, "crop": True,
                  "row": says("407", probability=0.1)}, ("40\n7", "unsure"), "tile row page"),
    ],
)  # fmt: skip
def test_the_first_plain_answer_counts_and_else_the_one_that_says_most(
    kind: str,
    ways: dict[str, Any],
    expected: tuple[str, str],
    asked: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "read_turned", lambda *_: None)
    told = Told(recognizer(kind), ways)
    answer = told.answer()
    assert (answer.text, answer.status) == expected
    assert " ".join(told.asked) == asked


@pytest.mark.parametrize(("kind", "is_tight", "text"), [("auto", True, "8"), ("digit", True, "8"),
                                                       ("auto", False, "407"),
                                                       ("number", True, "407")])  # fmt: skip
def test_a_tight_crop_of_a_digit_is_tried_unless_a_number_is_expected(
    kind: str, is_tight: bool, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_tight", lambda grey: is_tight)
    assert Told(recognizer(kind), {"tight": says("8"), "page": READ}).answer().text == text


@pytest.mark.parametrize(
    ("page", "kind", "expected"),
    [
        (says("407"), "number", "1234"),  # in doubt: what reads turned is worth more
        (says("40712", "13"), "number", "40712\n13"),  # or is not
        (READ, "number", "407"),
        (says("1", "1", "1", "1"), "number", "1234"),  # a page of single digits may lie on a side
        (FOUR, "number", "1\n2\n3\n4"),  # but not if it is read
        (says("12", "34", "56", "7"), "number", "12\n34\n56\n7"),
    ],
)
def test_what_is_in_doubt_is_tried_turned(
    page: Answer, kind: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned = says("1234", status="read", probability=0.99)
    monkeypatch.setattr(module, "read_turned", lambda *_: turned)
    assert Told(recognizer(kind), {"page": page}).answer().text == expected
    late = Told(recognizer(kind, budget=NEVER), {"page": page}).answer()
    assert late.text == page.text


def test_a_tile_in_doubt_is_not_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = says("1234", status="read", probability=0.99)
    monkeypatch.setattr(module, "read_turned", lambda *_: turned)
    tile = replace(says("6"), seen_as="tile")
    assert Told(recognizer("auto"), {"tile": tile}).answer().text == "6"


@pytest.mark.parametrize(
    ("shape", "is_a_strip"),
    [((4, 400), True), ((4, 399), False), ((400, 4), True), ((5, 500), False), ((3, 299), False)],
)
def test_a_strip_is_too_thin_for_a_digit(shape: tuple[int, int], is_a_strip: bool) -> None:
    told = Told(recognizer("number", np.full(shape, 240, np.uint8)), {"page": READ})
    assert (told.answer() == NOTHING) == is_a_strip == (not told.asked)


@pytest.mark.parametrize(
    ("kind", "shape", "is_so"),
    [("auto", (100, 124), False), ("auto", (100, 127), True), ("number", (100, 60), True),
     ("digit", (100, 200), False), ("auto", (401, 900), False), ("auto", (50, 800), False)],
)  # fmt: skip
def test_what_may_be_the_crop_of_a_row(kind: str, shape: tuple[int, int], is_so: bool) -> None:
    assert Attempt(recognizer(kind, np.full(shape, 240, np.uint8)))._may_be_a_row == is_so


@pytest.mark.parametrize(
    ("kind", "alone", "said", "is_one"),
    [("auto", True, ONE, True), ("auto", True, DOUBT, False),
     ("auto", True, replace(DOUBT, why=CROSSED), True), ("auto", False, ONE, False),
     ("number", True, ONE, False), ("digit", False, DOUBT, True)],
)  # fmt: skip
def test_what_stands_alone_and_reads_as_a_digit_is_one(
    kind: str, alone: bool, said: Answer, is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "seen_first", lambda grey: INK)
    monkeypatch.setattr(module, "stands_alone", lambda ink: alone)
    monkeypatch.setattr(Attempt, "digit", said)
    assert Attempt(recognizer(kind))._is_one == is_one
    monkeypatch.setattr(module, "seen_first", lambda grey: None)
    assert Attempt(recognizer(kind))._is_one == (kind == "digit")
