"""Real processes, really killed; benchmarks/resume.py and killed.py do it many more times."""

import random

import pytest
from benchmarks.support.killed import ROWS, survive
from benchmarks.support.killed_files import (
    learn_survives,
    optimize_survives,
    predict_survives,
    tune_survives,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("row", ROWS)
def test_killed_and_resumed_weights_are_equal_byte_for_byte(row: str) -> None:
    equal, moments = survive(row, kills=1, rng=random.Random(row))
    assert equal, moments


def test_a_killed_predict_loses_and_doubles_no_answer() -> None:
    assert predict_survives(kills=1, rng=random.Random(1)) == []


def test_a_killed_optimize_leaves_a_whole_model() -> None:
    assert optimize_survives(kills=1, rng=random.Random(2)) == []


def test_a_killed_learn_leaves_whole_models_and_the_shipped_ones() -> None:
    assert learn_survives(kills=1, rng=random.Random(3)) == []


def test_a_killed_tune_loses_no_trial_that_was_done() -> None:
    assert tune_survives(kills=1, rng=random.Random(4)) == []
