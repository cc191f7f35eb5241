"""Figures against oracles: scikit-learn, SciPy, and numbers worked out by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, log_loss

from digits import metrics

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(500, 10)).astype(np.float32) * 3
LABELS = np.where(RNG.random(500) < 0.7, LOGITS.argmax(1), RNG.integers(0, 10, 500))


def test_loss_is_that_of_scikit_learn() -> None:
    expected = log_loss(LABELS, metrics.softmax(LOGITS, 2.0), labels=range(10))
    assert metrics.negative_log_likelihood(LOGITS, LABELS, 2.0) == pytest.approx(expected)


@pytest.mark.parametrize("right, total", [(0, 10), (9871, 10000), (10, 10), (3, 7)])
def test_wilson_interval_is_that_of_scipy(right: int, total: int) -> None:
    expected = binomtest(right, total).proportion_ci(method="wilson")
    assert metrics.wilson_interval(right, total) == pytest.approx(tuple(expected), abs=1e-4)


def test_no_figure_is_below_0_or_above_1() -> None:
    sure = np.full((2, 10), -1e3)
    sure[:, 3] = 1e3
    assert f"{metrics.negative_log_likelihood(sure, np.array([3, 3])):.4f}" == "0.0000"
    ends = [metrics.wilson_interval(right, 60) for right in (0, 60)]
    assert f"{ends[0][0]:.1f}" == "0.0" and ends[1][1] <= 1


def test_temperature_undoes_a_scaling() -> None:
    before = metrics.fit_temperature(LOGITS, LABELS)
    assert metrics.fit_temperature(LOGITS * 3, LABELS) == pytest.approx(before * 3, rel=2e-2)


def test_few_tiles_leave_the_temperature_near_one() -> None:
    """All of them right say nothing of how sure a model may be; many tell it."""
    logits, labels = 4 * np.eye(2)[[0, 1, 0, 1, 0]], np.array([0, 1, 0, 1, 0])
    assert metrics.fit_temperature(logits, labels) == pytest.approx(1, abs=0.1)
    few, many = (
        metrics.fit_temperature(np.tile(LOGITS, (n, 1)), np.tile(LABELS, n)) for n in (1, 100)
    )
    assert few == pytest.approx(many, rel=0.02)


def test_calibration_error_of_known_cases() -> None:
    sure = np.eye(4)[[0, 1, 2, 3]]
    assert metrics.expected_calibration_error(sure, np.array([0, 1, 2, 3])) == 0
    assert metrics.expected_calibration_error(sure, np.array([0, 1, 3, 2])) == pytest.approx(0.5)


def test_summary_agrees_with_itself() -> None:
    summary = metrics.summarise(LOGITS, LABELS, tuple("0123456789"))
    confusion = np.array(summary["confusion"])
    assert confusion.sum() == summary["count"] == 500
    assert confusion.trace() == summary["right"] == (LOGITS.argmax(1) == LABELS).sum()
    recall = confusion[3, 3] / confusion[3].sum()
    assert summary["classes"]["3"]["recall"] == pytest.approx(recall)


def test_brier_score_is_that_of_scikit_learn() -> None:
    probabilities = metrics.softmax(LOGITS)
    each = [
        brier_score_loss(k == LABELS, probabilities[:, k]) for k in range(probabilities.shape[1])
    ]
    assert metrics.brier_score(probabilities, LABELS) == pytest.approx(sum(each))


def test_reliability_of_a_case_worked_out_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.38, 0.62]])
    rows = metrics.reliability(probabilities, np.array([0, 1, 1, 1]))
    assert [(row["count"], row["accuracy"]) for row in rows] == [(2, 0.5), (2, 0.5)]
    assert [row["confidence"] for row in rows] == pytest.approx([0.61, 0.95])
    error = metrics.expected_calibration_error(probabilities, np.array([0, 1, 1, 1]))
    assert error == pytest.approx((0.11 + 0.45) / 2)


def test_risk_rises_with_coverage_as_worked_out_by_hand() -> None:
    confidence = np.array([0.7, 0.99, 0.8, 0.9])
    right = np.array([False, True, True, False])
    coverage, risk = metrics.risk_coverage(confidence, right)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])


@pytest.mark.parametrize("only_one, only_other, p", [
    (0, 0, 1.0), (0, 5, 2 / 32), (1, 5, 2 * (1 + 6) / 64), (3, 3, 1.0),
])  # fmt: skip
def test_mcnemar_counts_coin_tosses(only_one: int, only_other: int, p: float) -> None:
    right = np.array([True] * 7 + [True] * only_one + [False] * only_other + [False] * 2)
    other = np.array([True] * 7 + [False] * only_one + [True] * only_other + [False] * 2)
    assert metrics.mcnemar(right, other) == (only_one, only_other, pytest.approx(p))


def test_confusion_and_what_follows_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(200, 5)).astype(np.float32), rng.integers(0, 4, 200)
    logits[:, 3] = -9  # a class that is never said, and one that is never there
    summary = metrics.summarise(logits, labels, tuple("abcde"))
    predicted, every = logits.argmax(axis=1), np.arange(5)
    assert summary["confusion"] == confusion_matrix(labels, predicted, labels=every).tolist()
    expected = precision_recall_fscore_support(labels, predicted, labels=every, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        found = [one[name] for one in summary["classes"].values()]
        np.testing.assert_allclose(found, values)
