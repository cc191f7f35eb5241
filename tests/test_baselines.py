"""Baselines: trained on some tiles of the training part, measured on all of the test part."""

import numpy as np
import pytest

from digits.data import Dataset
from digits.evaluation import baselines


def test_each_is_far_better_than_guessing(uci: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.dummy import DummyClassifier
    from sklearn.neighbors import KNeighborsClassifier

    few = {"guess": DummyClassifier(), "3 nearest neighbours": KNeighborsClassifier(3)}
    monkeypatch.setattr(baselines, "estimators", lambda: few)
    monkeypatch.setattr(baselines, "TRAIN", 200)
    guess, nearest = baselines.measure(uci.train, uci.test)
    assert guess["train_count"] == nearest["train_count"] == 200
    assert guess["accuracy"] < 0.15 and nearest["accuracy"] > 0.85
    low, high = nearest["accuracy_interval_95"]
    assert low < nearest["accuracy"] < high
    assert nearest["size_bytes"] > 200 * 784 and nearest["tiles_per_s"] > 0
    assert "3 nearest neighbours" in baselines.table([guess, nearest])


def test_they_see_every_class_and_pixels_within_0_1(uci: Dataset) -> None:
    pixels = baselines._pixels(uci.test)
    assert pixels.shape == (360, 784) and 0 <= pixels.min() < pixels.max() <= 1
    some = uci.train[:: max(1, len(uci.train) // 200)][:200]
    assert set(np.unique(some.labels)) == set(range(10))


@pytest.mark.slow
def test_all_of_them_learn(uci: Dataset) -> None:
    for row in baselines.measure(uci.train, uci.test):
        assert row["accuracy"] > 0.94, row["name"]
