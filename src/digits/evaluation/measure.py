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
        low, high = self.summary["accuracy_interval_95"]
        return (
            f"{self.summary['accuracy']:.2%} "
            f"(95% interval {100 * low:.2f}..{100 * high:.2f}%, {self.summary['count']:,} tiles)"
        )


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


def confused_pairs(test: Measurement, most: int = 10) -> list[dict[str, Any]]:
    """The pairs of label and prediction that are mistaken most often, with how often."""
    counts = np.array(test.summary["confusion"])
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:most]
    names = test.model.classes
    return [
        {"label": names[row], "predicted": names[column], "count": int(counts[row, column])}
        for row, column in zip(*np.unravel_index(order, counts.shape), strict=True)
        if counts[row, column]
    ]


def differences(names: Sequence[str], tests: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Each pair of models: how far the accuracies differ, and McNemar's exact test for it."""
    pairs = [(a, b) for b in range(len(tests)) for a in range(b)]
    result = []
    for a, b in pairs:
        only_first, only_second, p = metrics.mcnemar(tests[a].right, tests[b].right)
        result.append({
            "models": [names[a], names[b]],
            "accuracy_difference": tests[a].summary["accuracy"] - tests[b].summary["accuracy"],
            "only_first_right": only_first,
            "only_second_right": only_second,
            "p": p,
        })  # fmt: skip
    return result
