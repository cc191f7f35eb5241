"""The ways to read a picture, one by one: as a digit, a tight digit, a row, a page of lines."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from digits.reading import attempt as module
from digits.reading.answer import Row
from digits.reading.attempt import (
    CROSSED,
    NOT_ALIKE,
    NOT_ALONE,
    NOTHING,
    TEXT_LEFT_OUT,
    Attempt,
)
from digits.reading.recognizer import Recognizer
from digits.spec import CLASSES, NONE
from digits.vision.ink import Ink
from digits.vision.lines import Line
from tests.test_reading_attempt import INK, NEVER, STACKED, Told, line, recognizer, row


@dataclass
class Seen:
    """What a picture looks like, and what it reads as."""

    support: float
    alone: bool = True
    crossed: bool = False
    label: str = "7"
    likeness: float = 0.51  # to the row model: 0.5 is enough

    def put(self, monkeypatch: pytest.MonkeyPatch) -> list[Ink]:
        looked: list[Ink] = []

        def one_digit(_: Recognizer, ink: Ink) -> Row:
            looked.append(ink)
            (digit,) = row(self.label).digits
            one = row(self.label, 0.9999, alone=True)
            return replace(one, support=self.support, digits=[digit])

        monkeypatch.setattr(module, "seen_first", lambda grey: INK)
        monkeypatch.setattr(module, "stands_alone", lambda ink: self.alone)
        monkeypatch.setattr(module, "is_crossed", lambda tile: self.crossed)
        monkeypatch.setattr(module.opinions, "likeness", lambda tile, text: self.likeness)
        monkeypatch.setattr(Recognizer, "one_digit", one_digit)
        return looked


def test_a_digit_is_looked_at_while_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Seen(0.9).put(monkeypatch)
    assert Attempt(recognizer(budget=NEVER)).digit == NOTHING and looked == []
    assert Attempt(recognizer()).digit.status == "read" and looked == [INK]


@pytest.mark.parametrize(
    ("kind", "seen", "status", "words"),
    [
        ("auto", Seen(0.9), "read", []),
        ("auto", Seen(0.9, alone=False), "unsure", [TEXT_LEFT_OUT]),
        ("digit", Seen(0.9, alone=False), "read", []),
        ("auto", Seen(0.9, crossed=True), "read", []),
        ("auto", Seen(0.9, crossed=True, label="0"), "unsure", [CROSSED]),
        ("auto", Seen(0.9, label="0"), "read", []),
        ("auto", Seen(0.9, likeness=0.49), "unsure", []),
        ("digit", Seen(0.9, likeness=0.49), "read", []),
    ],
)
def test_a_digit_beside_other_ink_crossed_or_like_none_is_in_doubt(
    kind: str, seen: Seen, status: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen.put(monkeypatch)
    monkeypatch.setattr("digits.reading.recognizer.warnings", lambda ink, height: [])
    answer = Attempt(recognizer(kind)).digit
    assert (answer.status, answer.warnings) == (status, words)
    assert (answer.why in (CROSSED, NOT_ALONE, NOT_ALIKE)) == (status == "unsure")


def test_our_row_model_is_not_asked_beside_a_model_that_knows_what_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Seen(0.9, likeness=0.49).put(monkeypatch)
    plain = recognizer()
    knowing = replace(plain.classifier, classes=(*CLASSES, NONE))
    assert Attempt(plain).digit.why == NOT_ALIKE
    assert Attempt(replace(plain, classifier=knowing)).digit.status == "read"


@pytest.mark.parametrize(
    ("drawn", "statuses", "text"),
    [((True, True), ("read", "read"), "9"), ((True, False), ("read", "read"), "1"),
     ((False, False), ("read", "read"), None), ((True, True), ("read", "unsure"), "1"),
     ((True, True), ("unsure", "unsure"), None)],
)  # fmt: skip
def test_a_tight_digit_is_plain_in_one_polarity(
    drawn: tuple[bool, bool],
    statuses: tuple[str, str],
    text: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second polarity is the likelier one."""
    seen = [replace(INK, inverted=inverted) for inverted in (False, True)]
    rows = [row("1", 0.8, alone=True), row("9", 0.9, alone=True)]
    monkeypatch.setattr(module, "polarities", lambda grey: [False, True])
    monkeypatch.setattr(module, "find", lambda grey, inverted, reach: seen[inverted])
    monkeypatch.setattr(module, "is_one_digit", lambda ink: drawn[ink.inverted])
    monkeypatch.setattr(module, "fills", lambda box, grey: True)
    monkeypatch.setattr(module.opinions, "likeness", lambda tile, text: 0.51)
    monkeypatch.setattr(Recognizer, "one_digit", lambda self, ink: rows[ink.inverted])
    monkeypatch.setattr(
        Recognizer, "_verdict", lambda self, some, expected: (statuses[some[0].text == "9"], "")
    )
    answer = Attempt(recognizer()).of_tight_digit()
    assert (answer.text if answer else None) == text
    assert Attempt(recognizer(budget=NEVER)).of_tight_digit() is None
    monkeypatch.setattr(module.opinions, "likeness", lambda tile, text: 0.49)
    assert Attempt(recognizer()).of_tight_digit() is None
    monkeypatch.setattr(module.opinions, "likeness", lambda tile, text: 0.51)
    monkeypatch.setattr(module, "fills", lambda box, grey: False)
    assert Attempt(recognizer()).of_tight_digit() is None
    monkeypatch.setattr(module, "find", lambda *_: None)
    assert Attempt(recognizer()).of_tight_digit() is None


class Rows:
    """What a recognizer says of rows: `read` at the first polarity that has a text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
        self.looked: list[bool] = []
        seen = [replace(INK, inverted=inverted) for inverted in (False, True)]
        monkeypatch.setattr(module, "polarities", lambda grey: [False, True])
        monkeypatch.setattr(module, "find", self._find(seen, texts))
        monkeypatch.setattr(module, "has_more", lambda ink, rows: False)
        monkeypatch.setattr(module, "has_print", lambda row, grey: False)
        monkeypatch.setattr(module, "may_be_several", lambda ink: True)
        monkeypatch.setattr(module, "ink_alone", lambda ink: ink)
        monkeypatch.setattr(module, "looks_at", lambda grey, inverted: [])
        monkeypatch.setattr(Recognizer, "row", lambda self, crop, looks: None)
        monkeypatch.setattr(
            Recognizer, "surer", lambda self, one, ink: row(texts[ink.inverted], 0.9999)
        )

    def _find(self, seen: list[Ink], texts: Sequence[str]) -> Any:
        def find(grey: np.ndarray, inverted: bool) -> Ink | None:
            self.looked.append(inverted)
            return seen[inverted] if texts[inverted] else None

        return find


def test_a_row_is_looked_at_in_both_polarities_until_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = Rows(monkeypatch, "407", "1")
    answer = Told(recognizer("number")).answer_of_row()
    assert answer and answer.text == "407" and rows.looked == [False]
    rows = Rows(monkeypatch, "", "12")
    answer = Told(recognizer("number")).answer_of_row()
    assert answer and answer.text == "12" and rows.looked == [False, True]
    assert Told(recognizer("number", budget=NEVER)).answer_of_row() is None


def test_a_row_that_may_be_print_is_in_doubt_and_the_other_polarity_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = Rows(monkeypatch, "407", "1")
    monkeypatch.setattr(module, "has_print", lambda row, grey: row.text == "407")
    answer = Told(recognizer("number")).answer_of_row()
    assert answer and (answer.text, answer.status) == ("407", "unsure")
    assert answer.why == module.MAY_BE_PRINT and rows.looked == [False, True]
    assert [one.status for one in answer.rows] == ["unsure"]


WITHIN = [line(5, 5), line(5, 45)]  # those of STACKED are cut by the border


@pytest.mark.parametrize(
    ("ink_may_be", "lines", "likely", "is_one"),
    [(True, WITHIN, 0.2, False), (True, WITHIN, 0.1, True), (True, [], 0.2, True),
     (True, STACKED, 0.2, True), (False, WITHIN, 0.2, True)],
)  # fmt: skip
def test_what_is_several_numbers_to_ink_and_line_model_is_no_row_and_no_digit(
    ink_may_be: bool, lines: list[Line], likely: float, is_one: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    Rows(monkeypatch, "407", "1")
    monkeypatch.setattr(module, "may_be_several", lambda ink: ink_may_be)
    monkeypatch.setattr(module, "checked", lambda one, grey: replace(one, probability=likely))
    monkeypatch.setattr(module, "stands_alone", lambda ink: True)
    monkeypatch.setattr(module, "seen_first", lambda grey: INK)
    monkeypatch.setattr(module, "find_lines", lambda grey: lines)
    grey = np.full((200, 300), 255, np.uint8)
    attempt = Attempt(recognizer("number", grey))
    assert (attempt.of_row() is not None) == is_one
    assert attempt._stands_alone == is_one
    assert Attempt(recognizer("number", grey, budget=NEVER))._stands_alone  # nobody is asked
