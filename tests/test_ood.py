"""What is no digit: figures against scikit-learn's, which tiles are taken, what commands say."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from digits import data, metrics
from digits.__main__ import main
from digits.classifier import Classifier
from digits.commands import evaluate
from digits.data import Dataset, Split
from digits.errors import DigitsError
from digits.evaluation import measure, ood
from digits.evaluation.measure import Measurement
from digits.spec import CLASSES, NONE

RNG = np.random.default_rng(0)
CARD = {"arch": "tiny", "metrics": {}, "config": {}, "versions": {}}


def by_brightness(classes: tuple[str, ...] = CLASSES, **more: object) -> Classifier:
    """Surer of a 0 the brighter the first pixel is; with `none`, of that the darker."""

    def forward(tiles: np.ndarray) -> np.ndarray:
        logits = np.zeros((len(tiles), len(classes)), np.float32)
        logits[:, 0] = tiles[:, 0, 0, 0] / 25
        if NONE in classes:
            logits[:, classes.index(NONE)] = 10 - tiles[:, 0, 0, 0] / 25
        return logits

    return Classifier(forward, Path("x.onnx"), classes, card=CARD, **more)  # type: ignore[arg-type]


def tiles_of(values: np.ndarray) -> np.ndarray:
    return np.broadcast_to(values.astype(np.uint8)[:, None, None, None], (len(values), 1, 28, 28))


def measured(model: Classifier, values: np.ndarray) -> Measurement:
    images = torch.from_numpy(tiles_of(values).copy())
    return measure(model, Split(images, torch.zeros(len(values), dtype=torch.int64)))


def test_false_positives_are_those_of_scikit_learns_curve() -> None:
    known, strange = RNG.normal(2, 1, 400), RNG.normal(0, 1, 300)
    truth = np.repeat([1, 0], [400, 300])
    rates = roc_curve(truth, np.concatenate([known, strange]), drop_intermediate=False)
    expected = rates[0][np.flatnonzero(rates[1] >= 0.95)[0]]
    assert metrics.false_positives_at_recall(known, strange, 0.95) == expected
    assert metrics.false_positives_at_recall(known, strange, 1.0) == (strange >= known.min()).mean()


@pytest.mark.parametrize("classes", [CLASSES, (*CLASSES, NONE)])
def test_a_row_is_that_of_confidences(classes: tuple[str, ...]) -> None:
    known, strange = RNG.integers(90, 250, 100), RNG.integers(0, 160, 60)
    test = measured(by_brightness(classes, thresholds={"read": 0.5}), known)
    row = ood.measure(["x"], [test], tiles_of(strange), "somewhere")["models"]["x"]
    both = np.concatenate([known, strange])
    assert row["auroc"] == pytest.approx(roc_auc_score(np.repeat([1, 0], [100, 60]), both))
    least = np.sort(known)[5]  # 95 of 100 reach it
    assert row["false_positives_at_95_recall"] == pytest.approx((strange >= least).mean())
    assert 0 < row["taken_for_read"] < 1
    assert [sum(counts) for counts in row["histogram"]] == [100, 60]


def test_without_a_threshold_nothing_is_read(tmp_path: Path) -> None:
    test = measured(by_brightness(), np.arange(100, 200))
    found = ood.measure(["x"], [test], tiles_of(np.arange(50)), "somewhere")
    assert found["models"]["x"]["taken_for_read"] is None and "-" in ood.table(found)
    ood.draw(tmp_path / "ood", found)
    assert (tmp_path / "ood.png").stat().st_size > 5000


@pytest.mark.slow
def test_made_up_ones_are_the_same_each_time_and_of_held_out_kinds() -> None:
    first = ood.made_up()
    assert first.shape == (ood.COUNT, 1, 28, 28) and first.dtype == np.uint8
    assert (first == ood.made_up()).all() and (first.max(axis=(1, 2, 3)) > 0).all()


def mixed_set(name: str = "mixed") -> Dataset:
    """Three tiles a part, a 7, an a and a none; a part's tiles have its number as pixels."""

    def part(value: int) -> Split:
        return Split(torch.full((3, 1, 28, 28), value, dtype=torch.uint8), torch.arange(3))

    return Dataset(name, part(1), part(2), part(3), ("7", "a", NONE))


def test_the_unknown_classes_are_taken_of_a_sets_test_part_or_of_all_own_pictures(
    tmp_path: Path,
) -> None:
    taken = ood.unknown(mixed_set(), (*CLASSES, NONE), {(1, 28, 28)})
    assert taken[:, 0, 0, 0].tolist() == [3, 3]
    taken = ood.unknown(mixed_set(str(tmp_path)), CLASSES, {(1, 28, 28)})
    assert sorted(taken[:, 0, 0, 0].tolist()) == [1, 1, 2, 2, 3, 3]


def test_what_cannot_be_taken_is_one_line(uci: Dataset) -> None:
    with pytest.raises(DigitsError, match="the models know all its classes"):
        ood.unknown(uci, CLASSES, {(1, 28, 28)})
    with pytest.raises(DigitsError, match="another shape"):
        ood.unknown(uci, ("a",), {(1, 28, 28), (3, 32, 32)})


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture) -> None:
    flags = ["evaluate", "--cpu", "--dataset", "uci", "--model", "micro", "--ood"]
    assert main([*flags, "uci"]) == 1
    told, line = capsys.readouterr().err.splitlines()
    assert told.startswith("model: ") and line.startswith("evaluate: --ood uci: ")
    assert main([*flags, "no/such/folder"]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_what_is_made_up_is_strange_to_digits_alone() -> None:
    flags = Namespace(ood=ood.MADE_UP)
    with pytest.raises(DigitsError, match="nothing strange to these models"):
        evaluate._strange([by_brightness(), by_brightness(("a", "b"))], flags)


def test_what_any_of_the_models_knows_is_not_strange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "load", lambda *_, **__: mixed_set())
    flags = Namespace(ood="mixed", data_dir=None)
    models = [by_brightness(), by_brightness(("a", "b", NONE))]
    taken = evaluate._strange(models, flags)
    assert len(taken) == 1, "the 7 and the a are known, and none is what none of them knows"
    models[1] = by_brightness(("a", "b"), shape=(3, 32, 32))
    with pytest.raises(DigitsError, match="another shape than a model's"):
        evaluate._strange(models, flags)


@pytest.mark.slow
def test_the_command_measures_made_up_ones(capsys: pytest.CaptureFixture) -> None:
    assert main(["evaluate", "--cpu", "--dataset", "uci", "--model", "micro", "--ood"]) == 0
    assert "2,000 tiles of nothing that the models know (made-up)" in capsys.readouterr().out
