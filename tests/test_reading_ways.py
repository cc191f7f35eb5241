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
    LEFT_OUT,
    NOT_ALIKE,
    NOT_ALONE,
    NOT_PLAIN,
    NOTHING,
    STRETCHED,
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

        def one_digit(_: Recognizer, ink: Ink) -> list[Row]:
            looked.append(ink)
            (digit,) = row(self.label).digits
            one = row(self.label, 0.9999, alone=True)
            return [replace(one, support=self.support, digits=[digit])]

        monkeypatch.setattr(module, "seen_first", lambda grey: INK)
        monkeypatch.setattr(module, "stands_alone", lambda ink: self.alone)
        monkeypatch.setattr(module, "is_crossed", lambda tile: self.crossed)
        monkeypatch.setattr(module.opinions, "likeness", lambda tile, text: self.likeness)
        monkeypatch.setattr(Recognizer, "one_digit", one_digit)
        return looked


def test_a_digit_is_looked_at_while_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Seen(0.9).put(monkeypatch)
    assert Attempt(recognizer(budget=NEVER)).of_digit() == NOTHING and looked == []
    assert Attempt(recognizer()).of_digit().status == "read" and looked == [INK]


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
    answer = Attempt(recognizer(kind)).of_digit()
    assert (answer.status, answer.warnings) == (status, words)
    assert (answer.why in (CROSSED, NOT_ALONE, NOT_ALIKE)) == (status == "unsure")


def test_our_row_model_is_not_asked_beside_a_model_that_knows_what_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Seen(0.9, likeness=0.49).put(monkeypatch)
    plain = recognizer()
    knowing = replace(plain.classifier, classes=(*CLASSES, NONE))
    assert Attempt(plain).of_digit().why == NOT_ALIKE
    assert Attempt(replace(plain, classifier=knowing)).of_digit().status == "read"


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
    monkeypatch.setattr(Recognizer, "one_digit", lambda self, ink: [rows[ink.inverted]])
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
    attempt = Attempt(recognizer("number", np.full((200, 300), 255, np.uint8)))
    assert (attempt.of_row() is not None) == is_one
    assert attempt._stands_alone == is_one


def test_a_page_is_in_doubt_where_the_line_model_is_not_sure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    likely = {0: 0.999, 40: 0.999}  # by where the lines begin

    def checked(one: Line, grey: np.ndarray) -> Line:
        return replace(one, probability=likely[int(one.corners[0, 1])])

    monkeypatch.setattr(module, "seen_first", lambda grey: INK)
    monkeypatch.setattr(module, "has_more", lambda ink, rows: False)
    monkeypatch.setattr(module, "checked", checked)
    monkeypatch.setattr(module, "are_plain", lambda some: [s.probability > 0.9 for s in some])
    monkeypatch.setattr(module, "find_lines", lambda grey: STACKED)
    says: dict[int, Row | None] = {top: row("407", 0.9999, top) for top in likely}
    monkeypatch.setattr(Recognizer, "line", lambda self, one: (says[int(one.corners[0, 1])], None))
    answer = Attempt(recognizer("auto")).of_page()
    assert answer and (answer.text, answer.status) == ("407\n407", "read")
    likely[40] = 0.5
    answer = Attempt(recognizer("auto")).of_page()
    assert answer and (answer.status, answer.why) == ("unsure", NOT_PLAIN)
    assert [one.status for one in answer.rows] == ["read", "unsure"]
    likely[40] = 0.05  # it is no row, and says something: the page is no whole answer
    answer = Attempt(recognizer("auto")).of_page()
    assert answer and (answer.text, answer.status) == ("407", "unsure")
    assert answer.why == answer.warnings[-1] == LEFT_OUT.format(1)
    assert [one.status for one in answer.rows] == ["read"]
    says[40] = None
    answer = Attempt(recognizer("auto")).of_page()
    assert answer and (answer.text, answer.status) == ("407", "read")
    assert Attempt(recognizer("number", budget=NEVER)).of_page() is None
    monkeypatch.setattr(module, "seen_first", lambda grey: None)
    assert Attempt(recognizer("number")).of_page() is None


@pytest.mark.parametrize(("likely", "is_one"), [(0.9999, True), (0.5, False)])
def test_a_turned_page_counts_where_all_of_its_texts_are_sure(
    likely: float, is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its lines may be print is said, as the line model knows nothing upside down."""
    said = iter([row("407", 0.9999, 0), row("407", likely, 40)])
    monkeypatch.setattr(module, "seen_first", lambda grey: INK)
    monkeypatch.setattr(module, "has_more", lambda ink, rows: False)
    monkeypatch.setattr(module, "checked", lambda one, grey: one)
    monkeypatch.setattr(module, "are_plain", lambda some: [False] * len(some))
    monkeypatch.setattr(module, "find_lines", lambda grey: STACKED)
    monkeypatch.setattr(Recognizer, "line", lambda self, one: (next(said), None))
    answer = Attempt(recognizer("auto")).of_page(plainly=True)
    assert (answer is not None) == is_one
    if answer:
        assert (answer.text, answer.status, answer.why) == ("407\n407", "unsure", NOT_PLAIN)


@pytest.mark.parametrize(
    ("kind", "in_parts", "text", "count"),
    # five lines are looked at, and of four a longer piece: to the left, to the right, both
    [("number", False, "20500", 5 + 4 * 3), ("number", True, "20\n" * 4 + "20", 5),
     ("auto", False, None, 5)],
)  # fmt: skip
def test_where_nothing_expected_stands_in_any_line_they_are_made_longer(
    kind: str, in_parts: bool, text: str | None, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = []

    def read(self: Recognizer, one: Line) -> tuple[Row | None, None]:
        left, top = one.corners[0].round().astype(int).tolist()
        spans.append((left, round(one.width)))
        whole = spans[-1] == (-56, 100 + 2 * 56)
        said = row("20500" if whole else "20", 0.98, top)
        return (said if whole or (in_parts and left == 0) else None), None

    lines = [line(0, 40 * k) for k in range(5)]
    monkeypatch.setattr(module, "find_lines", lambda grey: lines)
    monkeypatch.setattr(module, "seen_first", lambda grey: INK)
    monkeypatch.setattr(module, "has_more", lambda ink, rows: False)
    monkeypatch.setattr(module, "checked", lambda one, grey: one)
    monkeypatch.setattr(module, "are_plain", lambda some: [True] * len(some))
    monkeypatch.setattr(Recognizer, "line", read)
    answer = Attempt(recognizer(kind)).of_page()
    assert (answer and answer.text) == text and len(spans) == count
    if text == "20500":
        assert answer and (answer.status, answer.why) == ("unsure", STRETCHED)
        assert spans[5:8] == [(0, 156), (-56, 156), (-56, 212)]


def test_the_ink_of_a_page_is_as_that_of_its_lines() -> None:
    """Not the edge of a sheet on a dark table, beside which text is too faint to be seen."""
    grey = np.full((600, 600), 25, np.uint8)
    grey[80:520, 80:520] = 190
    strokes = [(y, x) for y in (150, 300, 450) for x in range(150, 450, 30)]
    for y, x in strokes:
        grey[y : y + 24, x : x + 4] = 140
    corners = np.array([(140, 300), (460, 300), (460, 324), (140, 324)], float)
    page = Attempt(replace(recognizer(), grey=grey))
    ink = page._ink_like(Line(corners, 0.9))
    assert ink and not ink.inverted
    assert [p.box[2:] for p in ink.parts if p.box[2] < 100] == [(4, 24)] * len(strokes)
    assert page._ink and not any(p.box[2:] == (4, 24) for p in page._ink.parts)
