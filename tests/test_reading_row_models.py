"""The two row models: their contract, and the switch between both and our own."""

import numpy as np
import pytest

from digits.errors import DigitsError
from digits.reading import row_models
from digits.reading.doubt import Features
from digits.row_image import HEIGHT
from digits.spec import BLANK, ROW_CLASSES


def test_both_take_row_images_and_answer_with_the_same_classes() -> None:
    own, general = row_models.own(), row_models.general()
    assert general and own.classes == general.classes == (*ROW_CLASSES, BLANK)
    look = np.full((1, 1, HEIGHT, 96), 40, np.uint8)
    assert own(look).shape == general(look).shape == (1, 24, 16)


def test_the_one_that_judges_keeps_a_weight_for_each_feature(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And a threshold."""
    for choice, general in (("both", -0.5), ("own", None)):
        monkeypatch.setenv(row_models.SWITCH, choice)
        columns = Features(-0.1, -0.1, 5.0, 0.1, 3, general).columns()
        judging = row_models.judging()
        assert len(judging.card["metrics"]["doubt"]) == len(columns)
        assert 0.5 < judging.thresholds["read"] < 1


def test_the_general_one_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(row_models.SWITCH, "own")
    assert row_models.general() is None and row_models.judging() is row_models.own()
    monkeypatch.setenv(row_models.SWITCH, "")
    assert row_models.judging() is row_models.general()


def test_an_unknown_choice_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(row_models.SWITCH, "none")
    with pytest.raises(DigitsError, match="DIGITS_ROWS=none: is none of both, own"):
        row_models.general()
