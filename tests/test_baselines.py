"""Baselines: trained on some tiles of the training part, measured on all of the test part."""

import numpy as np
import pytest

from digits.data import Dataset
from digits.errors import DigitsError
from digits.evaluation import baselines


def test_each_is_far_better_than_guessing(uci: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.dummy import DummyClassifier
    from sklearn.neighbors import KNeighborsClassifier

    few = {"guess": DummyClassifier(), "3 nearest neighbours": KNeighborsClassifier(3, n_jobs=-1)}
    monkeypatch.setattr(baselines, "estimators", lambda: few)
    guess, nearest = baselines.measure(uci.train, uci.test)
    assert guess["train_count"] == nearest["train_count"] == len(uci.train)
    assert guess["accuracy"] < 0.15 and nearest["accuracy"] > 0.85
    low, high = nearest["accuracy_interval_95"]
    assert low < nearest["accuracy"] < high
    assert nearest["size_bytes"] > 200 * 784 and nearest["tiles_per_s"] > 0
    assert nearest["one_tile_ms"] > 0 and few["3 nearest neighbours"].n_jobs == 1
    ours = {"name": "ours", "accuracy": 0.99, "train_seconds": None, "tiles_per_s": 5e4,
            "size_bytes": 1000, "one_tile_ms": {"median": 0.1}}  # fmt: skip
    lines = baselines.table([guess, nearest], [ours]).split("\n")
    assert [line.split("  ")[0] for line in lines[1:]] == ["guess", "3 nearest neighbours", "ours"]
    assert len({len(line) for line in lines}) == 1 and "not known" in lines[-1]
    assert f"  {len(uci.train):,}  " in lines[2]  # how many tiles it learned from


def test_the_svm_learns_from_some_tiles_spread_over_all(
    uci: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.svm import SVC

    monkeypatch.setattr(baselines, "MOST_OF_KERNELS", 200)
    monkeypatch.setattr(baselines, "estimators", lambda: {"SVM": SVC(C=5)})
    (row,) = baselines.measure(uci.train, uci.test)
    assert row["train_count"] == 200 and row["accuracy"] > 0.85
    some = baselines._some(SVC(), uci.train)
    assert set(np.unique(some.labels)) == set(range(10))
    assert (some.images[-1] == uci.train.images[-1]).all()


def test_they_see_pixels_within_0_1(uci: Dataset) -> None:
    pixels = baselines._pixels(uci.test)
    assert pixels.shape == (360, 784) and 0 <= pixels.min() < pixels.max() <= 1


@pytest.mark.slow
def test_all_of_them_learn(uci: Dataset) -> None:
    for row in baselines.measure(uci.train, uci.test):
        assert row["accuracy"] > 0.94, row["name"]


def test_too_few_tiles_are_one_line(uci: Dataset) -> None:
    few = uci.train[:9]
    with pytest.raises(DigitsError, match="MLP, 128 hidden cannot learn from 9 tiles: "):
        baselines._row("MLP, 128 hidden", baselines.estimators()["MLP, 128 hidden"], few, few)
