"""Run a classifier over a split, once, and keep every figure of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from digits import metrics
from digits.classifier import Classifier
from digits.data import Split
from digits.spec import NONE


@dataclass(frozen=True)
class Measurement:
    """What `model` says of the tiles (N, C, H, W) uint8 with labels (N,): logits (N, K) float32,
    calibrated probabilities (N, K), and `summary`, plain data for JSON.
    """

    model: Classifier
    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray
    probabilities: np.ndarray
    summary: dict[str, Any]

    @cached_property
    def predicted(self) -> np.ndarray:
        """The likeliest class of each tile: (N,)."""
        return self.logits.argmax(axis=1)

    @cached_property
    def right(self) -> np.ndarray:
        """Whether it is the label: bool (N,)."""
        return self.predicted == self.labels

    @cached_property
    def confidence(self) -> np.ndarray:
        """The probability of the likeliest class but `none` (N,), which reading holds against its
        threshold; what looks like none has little."""
        known = [name != NONE for name in self.model.classes]
        return self.probabilities[:, known].max(axis=1)

    def accuracy_in_words(self) -> str:
        """`98.71% (95% interval 98.47..98.91%, 10,000 tiles)`."""
        return metrics.in_words(self.summary)


def measure(classifier: Classifier, split: Split) -> Measurement:
    """Classify all tiles of a split and compare with its labels."""
    images, labels = split.arrays
    logits = classifier(images)
    summary = metrics.summarise(logits, labels, classifier.classes, classifier.temperature)
    probabilities = metrics.softmax(logits, classifier.temperature)
    return Measurement(classifier, images, labels, logits, probabilities, summary)


def at_threshold(test: Measurement) -> dict[str, float] | None:
    """The model's threshold for `read`, the share of tiles above it, and the share of errors among
    them; None if the model keeps none.
    """
    threshold = test.model.thresholds.get("read")
    if threshold is None:
        return None
    given = test.confidence >= threshold
    return {
        "threshold": threshold,
        "coverage": float(given.mean()),
        "risk": float((~test.right[given]).mean()) if given.any() else 0.0,
    }


def confused_pairs(test: Measurement) -> list[dict[str, Any]]:
    """The pairs of label and prediction that are mistaken most often, with how often."""
    return confused(np.array(test.summary["confusion"]), test.model.classes, test.model.classes)


def confused(
    counts: np.ndarray, labels: Sequence[str], predicted: Sequence[str], most: int = 10
) -> list[dict[str, Any]]:
    """The largest cells of a confusion matrix off its diagonal; its rows are labels."""
    errors = counts.copy()
    np.fill_diagonal(errors, 0)
    order = np.argsort(-errors, axis=None, kind="stable")[:most]
    return [
        {"label": labels[row], "predicted": predicted[column], "count": int(errors[row, column])}
        for row, column in zip(*np.unravel_index(order, errors.shape), strict=True)
        if errors[row, column]
    ]


def differences(names: Sequence[str], tests: Sequence[Measurement]) -> list[dict[str, Any]]:
    """`difference` of each pair of models."""
    pairs = [(a, b) for b in range(len(tests)) for a in range(b)]
    return [difference((names[a], names[b]), tests[a].right, tests[b].right) for a, b in pairs]


def difference(
    names: tuple[str, str], right: np.ndarray, other_right: np.ndarray
) -> dict[str, Any]:
    """How far the accuracies of two models differ, and McNemar's exact test for it; of both whether
    each answer is right: bool (N,)."""
    only_first, only_second, p = metrics.mcnemar(right, other_right)
    return {
        "models": list(names),
        "accuracy_difference": float(right.mean() - other_right.mean()),
        "only_first_right": only_first,
        "only_second_right": only_second,
        "p": p,
    }
