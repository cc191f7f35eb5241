"""What one digit, one row and one line say, with stand-ins for the models that look at them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits.classifier import Classifier
from digits.reading import recognizer as module
from digits.reading.answer import Digit, Row
from digits.reading.budget import Budget
from digits.reading.formats import ANYTHING
from digits.reading.recognizer import Recognizer
from digits.reading.rows import RowReadings
from digits.spec import CLASSES
from digits.vision.ink import Ink
from digits.vision.lines import Line
from digits.vision.rows import RowInk

GREY = np.full((60, 200), 240, np.uint8)
TILE = np.zeros((28, 28), np.uint8)
INK = Ink(TILE, TILE > 127, 1.0, inverted=False)
ROW = RowInk(np.zeros((48, 120), np.uint8), np.eye(2, 3))
MODEL = Classifier(lambda tiles: np.zeros((len(tiles), 10)), Path("m.onnx"), CLASSES)
CORNERS = np.array([(10, 10), (110, 10), (110, 40), (10, 40)], float)


def made(kind: str = "number", **more: Any) -> Recognizer:
    given: dict[str, Any] = {"wanted": None, "budget": Budget(), **more}
    return Recognizer(MODEL, kind, grey=GREY, **given)


LATE = made(budget=Budget(seconds=-1))


def row(text: str, probability: float = 0.99, support: float = 0.9, alone: bool = True) -> Row:
    digits = [Digit(c, probability, (0, 0, 20, 28), [(c, probability)], TILE) for c in text]
    return Row(text, probability, (0, 0, 20, 28), [(text, probability)], digits, support, alone)


def readings(text: str, probability: float = 0.99) -> RowReadings:
    digits = [
        Digit(c, 0.8, (30 * k, 4, 20, 40), [(c, 0.8)], TILE)
        for k, c in enumerate(text)
        if c.isdigit()
    ]
    return RowReadings([(text, probability)] if text else [], digits, 0.9)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it with what a row is to say."""

    def say(text: str, digit: str = "7") -> None:
        monkeypatch.setattr(module, "read_row", lambda *_: readings(text))
        monkeypatch.setattr(Recognizer, "digit", lambda self, tile, box: row(digit, 0.95))

    return say


def test_a_row_has_its_digits_and_leaves_its_signs_to_the_text(read: Any) -> None:
    read("13.9")
    found = made().row(ROW, [])
    assert found and found.text == "13.9" and not found.alone
    assert [digit.label for digit in found.digits] == ["1", "3", "9"]
    assert (found.probability, found.support) == (0.99, 0.9)


@pytest.mark.parametrize("text", ["", ".", "-/"])
def test_a_row_without_a_digit_is_none(read: Any, text: str) -> None:
    read(text)
    assert made().row(ROW, []) is None


def test_no_row_and_no_line_is_begun_without_time(read: Any) -> None:
    read("407")
    assert LATE.row(ROW, []) is None and made().row(ROW, []) is not None
    assert LATE.line(Line(CORNERS, 0.9)) == (None, True)
    assert made().line(Line(CORNERS, 0.9)) == (None, False)  # blank


@pytest.mark.parametrize(
    ("high", "first", "again", "text"),
    [(12, 0.5, 0.9, "12"), (12, 0.5, 0.4, "407"), (24, 0.5, 0.9, "407"), (12, 0.999, 1, "407")],
)
def test_a_line_in_doubt_is_looked_at_closer_where_its_digits_are_low(
    high: int, first: float, again: float, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(self: Recognizer, line: Line) -> tuple[Row, bool]:
        says = row("407", first, alone=False) if line is whole else row("12", again)
        box = (50, 25 - high // 2, 10, high)
        return replace(says, digits=[replace(one, box=box) for one in says.digits]), True

    whole = Line(CORNERS, 0.9)
    monkeypatch.setattr(Recognizer, "_line", look)
    found, _ = made().line(whole)
    assert found and found.text == text


@pytest.mark.parametrize(("digit", "alone"), [("7", True), ("1", False)])
def test_a_row_of_one_digit_is_the_classifiers_if_it_sees_the_same(
    read: Any, digit: str, alone: bool
) -> None:
    read("7", digit)
    found = made().row(ROW, [])
    assert found and found.text == "7" and found.alone == alone
    assert found.probability == (0.95 if alone else 0.99)
    read("77", digit)
    found = made().row(ROW, [])
    assert found and not found.alone


@pytest.mark.parametrize(
    ("says", "ink", "expected"),
    [(None, None, None), ("407", None, "407"), (None, ROW, "12"), ("407", ROW, "407")],
)
def test_ink_alone_is_asked_where_it_is_there_and_the_row_is_not_read(
    says: str | None, ink: RowInk | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recognizer, "row", lambda self, crop, looks: row("12", 0.999))
    monkeypatch.setattr(Recognizer, "is_read", lambda self, rows, expected=False: True)
    found = made().surer(row(says) if says else None, ink)
    assert (found.text if found else None) == expected


UNDERLINED, PLAIN = ["digit", "line"], ["digit"]


@pytest.mark.parametrize(
    ("chosen", "plain", "is_read", "supports", "text"),
    [(PLAIN, PLAIN, False, (0.5, 0.9), "whole"), (UNDERLINED, PLAIN, False, (0.5, 0.9), "plain"),
     (UNDERLINED, PLAIN, False, (0.9, 0.5), "whole"),
     (UNDERLINED, PLAIN, True, (0.5, 0.9), "whole")],
)  # fmt: skip
def test_an_underline_is_left_out_if_the_rest_is_likelier(
    chosen: list[str],
    plain: list[str],
    is_read: bool,
    supports: tuple[float, float],
    text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def digit_of(self: Recognizer, ink: Ink, parts: list[str]) -> Row:
        asked.append(parts)
        whole = parts is chosen
        return row("whole" if whole else "plain", support=supports[not whole])

    monkeypatch.setattr(module, "of_one_digit", lambda ink: chosen)
    monkeypatch.setattr(module, "without_underline", lambda parts: plain)
    monkeypatch.setattr(Recognizer, "_digit_of", digit_of)
    monkeypatch.setattr(Recognizer, "is_read", lambda self, rows: is_read)
    assert made("digit").one_digit(INK).text == text
    assert len(asked) == (2 if plain is not chosen and not is_read else 1)


@pytest.mark.parametrize(
    ("kind", "wanted", "status"),
    [("auto", None, "no_digit"), ("digit", None, "unsure"), ("number", ANYTHING, "unsure")],
)
def test_ink_need_look_less_like_a_digit_where_one_is_expected(
    kind: str, wanted: Any, status: str
) -> None:
    assert made(kind, wanted=wanted).answered([row("7", support=0.3)], [], "").status == status


def test_rows_are_judged_by_the_threshold_of_what_read_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judging = replace(MODEL, thresholds={"read": 0.95})
    monkeypatch.setattr(module.row_models, "judging", lambda: judging)
    assert made().is_read([row("7", 0.92)])  # 0.9 where a model keeps none
    assert not made().is_read([row("40", 0.92, alone=False)])
    assert made().is_read([row("40", 0.96, alone=False)])


def test_what_is_no_digit_has_neither_text_nor_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "warnings", lambda ink, height: [f"{height} high"])
    none = made("auto").concluded([row("7", support=0.01)], INK, ["more"], "digit")
    assert (none.status, none.text, none.rows) == ("no_digit", "", [])
    assert none.warnings == ["28 high", "more"]
    rows = [row("40", alone=False), row("7")]
    one = made("auto").concluded(rows, INK, [], "page")
    assert (one.text, one.seen_as) == ("40\n7", "page")
    assert one.rows == [replace(row, status="read") for row in rows]
    assert one.probability == pytest.approx(0.99**2)


@pytest.mark.parametrize(("kind", "said"), [("auto", True), ("number", False)])
def test_signs_that_nobody_asked_for_are_said(
    kind: str, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for a number asks for its digits alone."""
    monkeypatch.setattr(module, "read_row", lambda *_: replace(readings("1250"), signs=".,,"))
    found = made(kind).row(ROW, [])
    assert found
    words = made(kind).answered([found, found], ["more"], "page").warnings
    assert words == ["more"] + [module.SIGNS_LEFT_OUT.format(", .")] * said


def test_each_row_of_a_page_has_a_status_of_its_own() -> None:
    rows = [row("40", 0.3, alone=False), row("7"), row("41", 0.5, alone=False)]
    page = made("auto").concluded(rows, INK, [], "page")
    assert page.status == "unsure"
    assert [one.status for one in page.rows] == ["unsure", "read", "unsure"]
