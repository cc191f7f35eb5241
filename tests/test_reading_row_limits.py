"""The limits of reading a row, from both sides, with a row model and a classifier made for it."""

import math
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from digits.reading import opinions, row_models, rows
from digits.reading.formats import parse
from digits.reading.rows import RowReadings, in_pieces, looks_at, parts
from digits.reading.scores import Scores
from digits.row_image import HEIGHT, STRIDE
from digits.spec import BLANK, CLASSES, ROW_CLASSES

NAMES = (*ROW_CLASSES, BLANK)
INK = np.zeros((64, 40), np.uint8)
INK[8:56, 15:25] = 255

Shares = dict[str, float]
Read = Callable[..., RowReadings]


def logits(shares: Shares) -> np.ndarray:
    """Those (3, classes) of a row with one character, which is each digit with its share."""
    made = np.full((3, len(NAMES)), -100.0)
    made[[0, 2], -1] = 0.0
    for name, share in shares.items():
        made[1, NAMES.index(name)] = math.log(share)
    return made


class RowModel:
    """Answers a row image with the shares that its first level is the number of."""

    classes = NAMES
    card: dict[str, Any] = {"metrics": {}}  # noqa: RUF012

    def __init__(self, looks: list[Shares]) -> None:
        self.looks = looks

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        return [logits(self.looks[images[0, 0, 0, 0]])]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads a row of one character: what it is at each look of our row model, to the classifier,
    and to the general row model, if that is asked."""

    def reading(
        seen: list[Shares], by_digit: Shares, general: Shares | None = None, expect: str = "number"
    ) -> RowReadings:
        monkeypatch.setattr(row_models, "own", lambda: RowModel(seen))
        other = RowModel([general]) if general else None
        monkeypatch.setattr(row_models, "general", lambda: other)
        share = np.array([[by_digit.get(name, 0.0) for name in CLASSES]])

        def score(_: object, tiles: np.ndarray) -> Scores:
            return Scores(tuple(CLASSES), share.repeat(len(tiles), 0), np.zeros(len(tiles)))

        monkeypatch.setattr(rows, "score", score)
        images = [np.full((HEIGHT, 3 * STRIDE), k, np.uint8) for k in range(len(seen))]
        wanted = parse(expect)
        assert wanted
        return rows.read_row(INK, images, SimpleNamespace(), wanted)  # type: ignore[arg-type]

    return reading


def test_a_few_texts_are_weighed(read: Read) -> None:
    said = read([{"1": 0.3, "2": 0.2, "3": 0.15, "4": 0.15, "5": 0.1, "6": 0.1}], {"1": 1.0})
    assert len(said.ranking) == 3 and said.text == "1"


@pytest.mark.parametrize(("likelier", "text"), [(2.0, "4"), (3.0, "9")])
def test_the_classifier_has_a_quarter_of_the_say(read: Read, likelier: float, text: str) -> None:
    """By so much, in log probability, it takes for a 9 what is a 4 to the row model by 0.85."""
    by_digit = {"9": 0.9, "4": 0.9 * math.exp(-likelier)}
    assert read([{"4": 0.7, "9": 0.3}], by_digit).text == text


@pytest.mark.parametrize(("likelier", "text"), [(0.28, "4"), (0.45, "9")])
def test_the_general_model_has_most_of_the_say(read: Read, likelier: float, text: str) -> None:
    """As above: our row model is for the 4 by 0.85, and 0.3 of that is 0.7 of 0.36."""
    general = {"9": 0.9, "4": 0.9 * math.exp(-likelier)}
    assert read([{"4": 0.7, "9": 0.3}], {"4": 0.5, "9": 0.5}, general).text == text


@pytest.mark.parametrize(("general", "looks"), [({"4": 1.0}, 1), (None, 3)])
def test_ours_takes_other_looks_where_it_is_asked_alone(
    monkeypatch: pytest.MonkeyPatch, general: Shares | None, looks: int
) -> None:
    monkeypatch.setattr(row_models, "own", lambda: RowModel([{"4": 1.0}] * 3))
    monkeypatch.setattr(row_models, "general", lambda: RowModel([general]) if general else None)
    images = [np.full((HEIGHT, 3 * STRIDE), k, np.uint8) for k in range(3)]
    wanted = parse("number")
    assert wanted
    assert len(opinions.ask(images, wanted).own) == looks


def test_what_the_general_model_says_is_proposed_and_known(read: Read) -> None:
    """A text that our row model does not propose; the doubt has what the general one gives it."""
    ours = {"4": 0.9, "2": 0.09994, "7": 0.00006}  # not so sure of 4 that it decides
    said = read([ours], {"7": 1.0}, {"7": 0.8, "9": 0.2})
    assert said.text == "7"
    assert said.features and said.features.general == pytest.approx(math.log(0.8))
    alone = read([{"4": 1.0}], {"4": 1.0}).features
    assert alone and alone.general is None
    assert len(said.features.columns()) == len(alone.columns()) + 1


@pytest.mark.parametrize(
    ("last", "share", "text"),
    [("4", 0.32, "4"), ("4", 0.36, "44"), ("-", 0.47, "4"), ("-", 0.53, "4-")],
)
def test_a_digit_more_is_worth_half_a_log_probability_and_a_sign_nothing(
    monkeypatch: pytest.MonkeyPatch, read: Read, last: str, share: float, text: str
) -> None:
    """Of the row model 0.75 counts: 0.667 less are made up for by a gain of 0.5."""

    def columns(_: Shares) -> np.ndarray:
        made = np.full((3, len(NAMES)), -100.0)
        made[0, NAMES.index("4")] = made[1, -1] = 0.0
        made[2, NAMES.index(last)], made[2, -1] = math.log(share), math.log(1 - share)
        return made

    monkeypatch.setattr(sys.modules[__name__], "logits", columns)
    assert read([{}], {"4": 1.0}, expect="/4[4-]?/").text == text


def test_the_classifier_leaves_one_in_a_thousand_to_a_label(read: Read) -> None:
    features = read([{"4": 1.0}], {"9": 1.0}).features
    assert features and features.digits == pytest.approx(math.log(1e-3))


def test_what_a_look_holds_impossible_has_a_floor(read: Read) -> None:
    features = read([{"4": 1.0}, {"9": 1.0}], {}).features
    assert features and features.spread == pytest.approx(50)


def test_the_only_text_has_the_largest_margin(read: Read) -> None:
    features = read([{"4": 1.0}], {"4": 1.0}).features
    assert features and features.margin == 20


def test_a_row_may_be_none_of_its_texts(read: Read) -> None:
    (_, right), (_, other) = read([{"4": 0.9, "9": 0.1}], {"4": 0.9, "9": 0.1}).ranking
    assert right == pytest.approx(0.9)
    assert other / (1 - right) == pytest.approx(0.1 / (0.1 + 0.01), abs=0.01)


@pytest.mark.parametrize(("signs", "gain"), [("", 0.0), (".-", 1.5)])
def test_a_point_weighs_more_where_the_format_knows_it(signs: str, gain: float) -> None:
    class Model(RowModel):
        def __call__(self, images: np.ndarray) -> list[np.ndarray]:
            return [np.zeros((1, len(NAMES)))]

    look = np.zeros((HEIGHT, STRIDE), np.uint8)
    (column,) = opinions.log_probs(Model([]), look, frozenset(signs))  # type: ignore[arg-type]
    logs = dict(zip(NAMES, column, strict=True))
    assert logs["."] - logs["4"] == pytest.approx(gain)
    assert logs["-"] == logs[","] == logs["4"]


def stripe(image: np.ndarray) -> int:
    """How many of a row image's lines are inked."""
    return int((image[:, image.shape[1] // 2] > 130).sum())


def test_looks_are_smaller_larger_narrower_and_wider() -> None:
    grey = np.full((1000, 2180), 220, np.uint8)
    grey[300:700] = 60
    plain, taller, lower, narrow, wide = looks_at(grey, inverted=False)
    assert [image.shape[1] for image in (plain, narrow, wide)] == [104, 92, 120]
    assert stripe(plain) == pytest.approx(0.4 * HEIGHT, abs=1)
    assert stripe(taller) == pytest.approx(0.4 * HEIGHT / 1.30, abs=1)
    assert stripe(lower) == pytest.approx(0.4 * HEIGHT / 0.84, abs=1)


def test_a_cut_is_where_there_is_least_ink() -> None:
    level = np.zeros((64, 120), np.uint8)
    level[8:56, 20:33] = level[8:56, 80:93] = 255
    level[20:40, 33:80], level[21:40, 60:64] = 255, 0
    left, _ = parts(level, in_pieces(level), np.array([26.0, 86.0]))
    assert left.box[0] + left.box[2] == 60


@pytest.mark.parametrize(("gap", "width"), [(21, 31), (26, 10)])
def test_what_stands_beyond_a_characters_reach_is_not_its(gap: int, width: int) -> None:
    level = np.zeros((64, 120), np.uint8)
    level[8:56, 20:30] = 255
    level[20:40, 25 + gap : 30 + gap] = 255
    (one,) = parts(level, in_pieces(level), np.array([25.0]))
    assert one.box == (20, 8, width, 48)


def test_a_stroke_belongs_to_the_column_that_is_nearest() -> None:
    """That of a thin 1 may lie beside it, with the widest gap behind it."""
    level = np.zeros((60, 140), np.uint8)
    level[5:55, 20:26] = 255
    level[5:55, 70:110] = 255
    one, other = parts(level, in_pieces(level), np.array([14.0, 90.0]))
    assert one.box == (20, 5, 6, 50) and one.tile.any()
    assert other.box == (70, 5, 40, 50)


@pytest.mark.parametrize(("value", "count"), [(60, 2), (70, 1)])
def test_faint_ink_joins_nothing(value: int, count: int) -> None:
    level = np.zeros((64, 60), np.uint8)
    level[8:56, 10:20] = level[8:56, 40:50] = 255
    level[30, 20:40] = value
    assert len(in_pieces(level)[1]) == count


@pytest.mark.parametrize(("value", "width"), [(60, 10), (70, 30)])
def test_faint_ink_is_outside_a_digits_box(value: int, width: int) -> None:
    level = np.zeros((64, 60), np.uint8)
    level[8:56, 10:40], level[8:56, 10:20] = value, 255
    (one,) = parts(level, in_pieces(level), np.array([15.0]))
    assert one.box == (10, 8, width, 48)


def test_nothing_is_no_text(read: Read) -> None:
    said = read([{BLANK: 0.999, "4": 0.001}], {"4": 1.0})
    assert (said.ranking, said.digits, said.support) == ([], [], 0.0)


def test_the_margin_is_over_the_next_text(read: Read) -> None:
    features = read([{"4": 0.7, "9": 0.3}], {"4": 0.5, "9": 0.5}).features
    assert features and features.margin == pytest.approx(0.75 * math.log(0.7 / 0.3))


def test_ink_of_no_character_makes_no_reach_longer() -> None:
    level = np.zeros((64, 120), np.uint8)
    level[20:40, 20:30] = 255
    level[2:62, 60:64] = 255  # 30 pixels away: one and a half of the character's height
    (one,) = parts(level, in_pieces(level), np.array([25.0]))
    assert one.box == (20, 20, 10, 20)


def test_a_character_without_ink_has_its_columns() -> None:
    level = np.zeros((64, 60), np.uint8)
    first, second = parts(level, in_pieces(level), np.array([15.0, 45.0]))
    end = first.box[2]
    assert first.box == (0, 0, end, 64) and second.box == (end, 0, 60 - end, 64)
    assert 15 <= end <= 45 and not second.tile.any()


def test_a_sign_is_none_of_the_digits_that_a_column_may_be() -> None:
    column = np.log([0.3, 0.1, 0.4, 0.2])
    part = rows.Part((0, 0, 9, 9), np.zeros((28, 28), np.uint8))
    digit = rows._digit("4", part, column, ["4", "9", "."])
    assert digit.ranking == [("4", pytest.approx(0.75)), ("9", pytest.approx(0.25))]
    assert (digit.label, digit.probability) == digit.ranking[0]
