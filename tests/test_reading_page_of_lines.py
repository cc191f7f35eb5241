"""A page of lines: which of them count, and what puts it in doubt."""

from dataclasses import replace

import numpy as np
import pytest

from digits.reading import attempt
from digits.reading import page_of_lines as module
from digits.reading.answer import Row
from digits.reading.attempt import Attempt
from digits.reading.page_of_lines import LEFT_OUT, NOT_PLAIN, STRETCHED, PageOfLines
from digits.reading.recognizer import Recognizer
from digits.vision.ink import seen_first
from digits.vision.lines import Line
from tests.test_reading_attempt import INK, NEVER, STACKED, line, recognizer, row


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
    monkeypatch.setattr(attempt, "find_lines", lambda grey: STACKED)
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
    monkeypatch.setattr(attempt, "find_lines", lambda grey: STACKED)
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
    monkeypatch.setattr(attempt, "find_lines", lambda grey: lines)
    monkeypatch.setattr(module, "seen_first", lambda grey: INK)
    monkeypatch.setattr(module, "has_more", lambda ink, rows: False)
    monkeypatch.setattr(module, "checked", lambda one, grey: one)
    monkeypatch.setattr(module, "are_plain", lambda some: [False] * len(some))  # said after it
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
    line_of_text = Line(corners, 0.9)
    ink = PageOfLines(recognizer(grey=grey), [line_of_text])._ink_like(line_of_text)
    assert ink and not ink.inverted
    assert [p.box[2:] for p in ink.parts if p.box[2] < 100] == [(4, 24)] * len(strokes)
    whole = seen_first(grey)
    assert whole and not any(p.box[2:] == (4, 24) for p in whole.parts)
