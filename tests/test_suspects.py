"""Labels that may be wrong: planted ones are found, right ones are mostly left alone."""

import sys
from pathlib import Path

import numpy as np
import pytest

from digits import data
from digits.data import Dataset
from digits.data.look import Look
from digits.data.suspects import FOLDS, suspects
from digits.errors import DigitsError

pytest.importorskip("cleanlab")
PLANTED, COUNT = 20, 800


@pytest.fixture(scope="module")
def scans(uci: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tiles (COUNT, 1, 28, 28), labels of which PLANTED are wrong, and their right ones."""
    right = uci.train.labels.numpy()[:COUNT]
    wrong = right.copy()
    places = np.random.default_rng(0).choice(COUNT, PLANTED, replace=False)
    wrong[places] = (wrong[places] + 1) % 10
    return uci.train.images.numpy()[:COUNT], wrong, right


def test_planted_labels_are_found(scans: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    tiles, wrong, right = scans
    found = dict(suspects(tiles, wrong))
    planted = set(np.flatnonzero(wrong != right).tolist())
    assert len(planted & set(found)) >= 0.9 * PLANTED
    assert len(set(found) - planted) <= PLANTED / 2
    assert all(found[i] == right[i] for i in planted & set(found))


def test_a_class_with_few_tiles_is_not_judged(
    scans: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    tiles, _, right = scans
    rare = right.copy()
    rare[np.flatnonzero(right == 3)[: FOLDS - 1]] = 10
    assert not {i for i, _ in suspects(tiles, rare)} & set(np.flatnonzero(rare == 10).tolist())
    assert suspects(tiles[:4], np.arange(4)) == []


def test_they_are_named_before_anything_is_learned(
    scans: tuple[np.ndarray, np.ndarray, np.ndarray],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiles, wrong, right = scans
    np.savez(tmp_path / "a.npz", images=tiles[:, 0], labels=wrong)
    data.load(str(tmp_path / "a.npz"), look=Look(check_labels=True))
    said = capsys.readouterr().err
    first = next(i for i, _ in suspects(tiles, wrong))
    assert f"images[{first}]: labelled '{wrong[first]}', looks like '{right[first]}'" in said
    assert "labels may be wrong" in said
    data.load(str(tmp_path / "a.npz"))
    assert "may be wrong" not in capsys.readouterr().err


def test_it_is_for_own_data_and_needs_cleanlab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DigitsError, match="--check_labels is for your own data, not uci"):
        data.load("uci", look=Look(check_labels=True))
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(DigitsError, match=r"pip install '.*\[labels\]'"):
        suspects(np.zeros((4, 1, 28, 28), np.uint8), np.arange(4))
