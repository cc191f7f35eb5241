"""What is accepted: each limit from both sides, without a picture or a model."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from digits.reading import judge
from digits.reading.answer import Answer, Digit, Row
from digits.vision.lines import Line

NO_TILE = np.zeros((28, 28), np.uint8)
TILE = (0, 0, 20, 28)


def row(support: float, text: str = "7", probability: float = 0.99, **more: Any) -> Row:
    box, digits = more.pop("box", TILE), more.pop("digits", [])
    return Row(text, probability, box, [(text, probability)], digits, support, **more)


def model(**thresholds: float) -> Any:
    return SimpleNamespace(thresholds=thresholds)


def test_support_is_a_mean_over_digits_and_probability_a_product() -> None:
    rows = [row(0.9, "12", 0.9), row(0.4, "7", 0.5)]
    assert judge.support(rows) == pytest.approx((0.9 * 0.9 * 0.4) ** (1 / 3))
    assert judge.probability(rows) == pytest.approx(0.45)
    assert judge.support([]) == judge.probability([]) == 0
    assert judge.support([row(0.0)]) < 1e-8
    assert judge.support([row(0.45, "1234567890")] * 100) == pytest.approx(0.45)
    answers = Answer("", "read", rows=rows), Answer("", "no_digit")
    assert list(map(judge.value, answers)) == [pytest.approx(3 * 0.45), 0]


@pytest.mark.parametrize(
    ("rows", "thresholds", "expected", "status"),
    [
        ([], {}, True, "no_digit"),
        ([row(0.39, alone=True)], {}, False, "no_digit"),
        ([row(0.41, alone=True)], {}, False, "unsure"),
        ([row(0.09, alone=True)], {}, True, "no_digit"),
        ([row(0.11, alone=True)], {}, True, "unsure"),
        # of rows their probability tells whether they are digits, unless a number is expected
        ([row(0.9, probability=0.09)], {}, False, "no_digit"),
        ([row(0.9, probability=0.09)], {}, True, "unsure"),
        ([row(0.9, probability=0.11)] * 3, {}, False, "unsure"),
        ([row(0.39)], {}, False, "unsure"),
        ([row(0.41)], {}, False, "read"),
        ([row(0.09)], {}, True, "unsure"),
        ([row(0.11)], {}, True, "read"),
        ([row(0.9, probability=0.91)], {}, False, "read"),
        ([row(0.9, probability=0.89)], {}, False, "unsure"),
        ([row(0.9, probability=0.6)], {"read": 0.5}, False, "read"),
        ([row(0.9, probability=0.95)] * 3, {}, False, "unsure"),  # all right: 0.86
        ([row(0.69, alone=True)], {}, False, "unsure"),
        ([row(0.71, alone=True)], {}, False, "read"),
        ([row(0.69, alone=True), row(0.69)], {}, False, "read"),  # a row among them
    ],
)
def test_status(rows: list[Row], thresholds: dict[str, float], expected: bool, status: str) -> None:
    found, why = judge.verdict(rows, model(**thresholds), expected)
    assert found == status and why


@pytest.mark.parametrize(("gap", "status"), [(39, "read"), (41, "unsure")])
def test_digits_far_apart_may_be_several_numbers(gap: int, status: str) -> None:
    """A digit is 20 pixels high; where they stand in the row does not matter."""
    boxes = [(0, 0, 10, 20), (10 + gap, 5, 8, 16), (4, 0, 4, 20)]
    digits = [Digit("1", 0.99, box, [], NO_TILE) for box in boxes]
    found, why = judge.verdict([row(0.9, "111", digits=digits)], model(), False)
    assert found == status and (why == judge.APART) == (status == "unsure")


@pytest.mark.parametrize(
    ("likely", "why"),
    [(0.985, "98.5% likely, 99.8% is needed"), (0.9977, "99.77% likely, 99.80% is needed"),
     (0.9982, "99.82% likely, 99.80% is needed"),
     (0.99800001, "99.800001% likely, 99.800000% is needed"),
     (0.998, "99.8% likely, 99.8% is needed")],
)  # fmt: skip
def test_what_is_compared_is_told_apart(likely: float, why: str) -> None:
    assert judge.verdict([row(0.9, probability=likely)], model(read=0.998), False)[1] == why


@pytest.mark.parametrize(("of_row", "probability"), [(0.91, 0.99), (0.89, 0.89), (0.995, 0.99)])
def test_a_digit_by_itself_is_as_sure_as_the_row_model_allows(
    of_row: float, probability: float
) -> None:
    in_row = row(1.0, probability=of_row)
    seen = judge.seen_twice(row(0.81, alone=True), in_row, model(read=0.9))
    assert seen.probability == probability and seen.support == pytest.approx(0.9)
    assert seen.alternatives == [("7", probability)]


def test_of_what_is_no_digit_to_the_classifier_the_row_model_tells() -> None:
    """Its ink was not found, so that it is not `read` either."""
    alone, in_row = row(0.06, probability=0.01, alone=True), row(1.0, probability=0.97)
    seen = judge.seen_twice(alone, in_row, model(read=0.9))
    assert (seen.probability, seen.support, seen.alone) == (0.97, 0.06, False)
    assert judge.verdict([seen], model(read=0.9), False)[0] == "unsure"


@pytest.mark.parametrize(
    ("text", "second", "said", "probability"),
    [("12", 0.7, "12", 0.8), ("12", 0.96, "12", 0.96), ("13", 0.7, "12", 0.8),
     ("13", 0.96, "13", 0.5)],
)  # fmt: skip
def test_a_second_look_that_says_another_text_is_in_doubt(
    text: str, second: float, said: str, probability: float
) -> None:
    of_both = judge.likelier(row(0.9, "12", 0.8), row(0.9, text, second))
    assert (of_both.text, of_both.probability) == (said, probability)


def test_from_so_many_lines_on_it_is_a_page() -> None:
    assert judge.is_a_page([row(0.9)] * 4, 4) and not judge.is_a_page([row(0.9)] * 3, 3)
    assert judge.is_a_page([row(0.9)] * 5, 10) and not judge.is_a_page([row(0.9)] * 5, 11)


def test_lines_that_are_hardly_right_are_none() -> None:
    likely, other = row(0.2, "40", 0.11), row(0.9, "41", 0.09)
    assert judge.is_likely(likely) and not judge.is_likely(other)


def test_what_is_doubted_is_not_read() -> None:
    read = replace(row(0.99), status="read")
    sure, none = Answer("", "read", "7\n7", 0.99, [read, read]), Answer("", "no_digit")
    doubted = judge.doubted(sure, "print")
    assert (doubted.status, doubted.text, doubted.why) == ("unsure", "7\n7", "print")
    assert [one.status for one in doubted.rows] == ["unsure", "unsure"]
    assert judge.doubted(none, "print") == none


def test_the_first_doubt_says_why_and_each_is_of_its_rows() -> None:
    read = replace(row(0.99), status="read")
    sure = Answer("", "read", "7\n7", 0.99, [read, read])
    doubted = judge.doubted(judge.doubted(sure, "left out", []), "print", [1])
    assert (doubted.status, doubted.why) == ("unsure", "left out")
    assert [one.status for one in doubted.rows] == ["read", "unsure"]


def test_rows_are_worth_as_many_digits_as_are_likely_right() -> None:
    assert judge.worth([row(0.9, "1234", 0.5), row(0.9, "1", 1.0)]) == pytest.approx(3.0)


def written(text: str, x: int, y: int, height: int, probability: float = 0.99) -> Row:
    """Digits of `height` side by side, each half as wide."""
    wide = height // 2
    boxes = [(x + k * wide, y, wide, height) for k in range(len(text))]
    made = [Digit(c, probability, box, [], NO_TILE) for c, box in zip(text, boxes, strict=True)]
    around = (x, y, wide * len(text), height)
    return Row(text, probability, around, [(text, probability)], made, 0.9)


def test_pieces_of_a_digit_are_no_rows() -> None:
    large = written("734", 100, 100, 300)
    piece = written("1", 420, 110, 120)
    half_in, beside = written("10", 100, 330, 150), written("52", 300, 410, 60)
    assert judge.written_once([piece, large, half_in, beside]) == [large, half_in, beside]


@pytest.mark.parametrize(("share", "stays"), [(0.45, True), (0.55, False)])
def test_a_row_is_a_piece_from_a_share_on(share: float, stays: bool) -> None:
    large = written("7", 0, 0, 200)  # 100 wide
    piece = written("1", round(100 - 50 * share), 0, 100)  # 50 wide
    assert judge.written_once([large, piece]) == ([large, piece] if stays else [large])


def test_of_two_rows_that_say_the_same_ink_the_likelier_stays() -> None:
    likely, other = written("407", 0, 0, 100, 0.9), written("401", 0, 0, 100, 0.4)
    assert judge.written_once([other, likely]) == [likely]
    digit = written("4", 0, 0, 101, 0.99)  # of which `likely` says more
    assert judge.written_once([digit, likely]) == [likely]


@pytest.mark.parametrize(("inside", "is_missed"), [(55, False), (45, True), (0, True)])
def test_a_line_is_missed_unless_it_is_a_piece(inside: int, is_missed: bool) -> None:
    left, right = 200 - inside, 300 - inside
    corners = np.array([(left, 10.0), (right, 10), (right, 30), (left, 30)])
    there = [written("40", 100, 0, 100)]  # 100 wide
    assert judge.is_missed(Line(corners, 0.9), there) is is_missed


@pytest.mark.parametrize(
    ("texts", "may_lie"), [(["1", "0", "7"], True), (["1", "0", "40", "7"], True),
                           (["1", "40"], False), (["12", "40"], False)],
)  # fmt: skip
def test_pages_of_single_digits_may_lie_on_their_side(texts: list[str], may_lie: bool) -> None:
    rows = [written(text, 0, 50 * k, 100) for k, text in enumerate(texts)]
    assert judge.is_of_single_digits(rows) is may_lie
