"""Real processes, really killed; benchmarks/resume.py does the same many more times."""

import random

import pytest
from benchmarks.support.killed import ROWS, survive

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("row", ROWS)
def test_killed_and_resumed_weights_are_equal_byte_for_byte(row: str) -> None:
    equal, moments = survive(row, kills=2, rng=random.Random(row))
    assert equal, moments
