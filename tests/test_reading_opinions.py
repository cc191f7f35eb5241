"""What the row models say of columns, and ours of a digit alone."""

import cv2
import numpy as np
import pytest

from digits.reading import opinions, row_models
from digits.reading.formats import ANYTHING, parse
from digits.reading.judge import LIMITS
from digits.row_image import HEIGHT, row_image
from digits.tile import frame


def test_points_are_likelier_where_they_may_stand() -> None:
    """By the gain that was measured for them, in log odds; other signs are as they were."""
    model, look = row_models.own(), np.full((HEIGHT, 96), 40, np.uint8)
    plain = opinions.log_probs(model, look, frozenset())
    raised = opinions.log_probs(model, look, frozenset(".-"))
    assert np.exp(plain).sum(axis=1) == pytest.approx(1.0)
    more = (raised - raised[:, -1:]) - (plain - plain[:, -1:])
    for name, gain in zip(model.classes, more.T, strict=True):
        assert gain == pytest.approx(1.5 if name == "." else 0.0, abs=1e-9)


def test_the_general_model_is_not_asked_of_what_is_nothing_to_ours() -> None:
    paper = np.full((HEIGHT, 96), 0, np.uint8)
    ink = row_image(np.pad(tile_of("5"), ((0, 0), (14, 14))), inverted=True)
    assert opinions.ask([paper], ANYTHING).general is None
    assert opinions.ask([ink], ANYTHING).general is not None


@pytest.mark.parametrize(
    ("likely", "expect", "asked"),
    [(0.985, "number", True), (0.995, "number", False), (0.995, "/6/", True)],
)
def test_nor_of_a_text_that_ours_is_sure_of_and_that_may_stand(
    likely: float, expect: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes, calls = row_models.own().classes, []

    def columns(model: object, look: np.ndarray, signs: frozenset[str]) -> np.ndarray:
        calls.append(model)
        probabilities = np.full(len(classes), (1 - likely) / (len(classes) - 1))
        probabilities[classes.index("5")] = likely
        return np.log(probabilities)[None]

    monkeypatch.setattr(opinions, "log_probs", columns)
    wanted = parse(expect)
    assert wanted is not None
    said = opinions.ask([np.zeros((HEIGHT, 4), np.uint8)], wanted)
    assert len(calls) == 1 + asked
    likelihood = said.of(["5"])["5"]
    assert likelihood.general == pytest.approx(likelihood.own)


@pytest.mark.parametrize(
    ("path", "expect", "signs"),
    [("12,50-", "number", ",-"), ("12,50-", "/[0-9,]+/", "-"), ("1250", "number", "")],
)
def test_signs_are_those_that_ours_sees_and_the_format_leaves_out(
    path: str, expect: str, signs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = row_models.own().classes

    def columns(*_: object) -> np.ndarray:
        probabilities = np.full((len(path), len(classes)), 1e-3)
        probabilities[range(len(path)), [classes.index(c) for c in path]] = 1.0
        return np.log(probabilities / probabilities.sum(axis=1, keepdims=True))

    monkeypatch.setattr(opinions, "log_probs", columns)
    wanted = parse(expect)
    assert wanted is not None
    assert opinions.ask([np.zeros((HEIGHT, 24), np.uint8)], wanted).signs == signs


def tile_of(text: str) -> np.ndarray:
    ink = np.zeros((120, 100), np.uint8)
    cv2.putText(ink, text, (15, 95), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, 8, cv2.LINE_AA)
    x, y, width, height = cv2.boundingRect(ink)
    return frame(ink[y : y + height, x : x + width])


def test_a_tile_is_like_its_digit_and_like_no_other() -> None:
    assert opinions.likeness(tile_of("5"), "5") > 0.8 > 0.1 > opinions.likeness(tile_of("5"), "3")
    assert opinions.likeness(tile_of("R"), "2") < LIMITS.likeness
    assert opinions.likeness(tile_of("5"), "x") == 1  # which it does not know


def test_a_stroke_that_leans_is_a_1_to_our_row_model() -> None:
    """And no cell's wall, as one may be that stands upright, or where the crop ends beside it."""
    ink = np.zeros((120, 100), np.uint8)
    cv2.line(ink, (60, 10), (40, 110), 255, 10, cv2.LINE_AA)
    x, y, width, height = cv2.boundingRect(ink)
    assert opinions.likeness(frame(ink[y : y + height, x : x + width]), "1") > LIMITS.likeness
