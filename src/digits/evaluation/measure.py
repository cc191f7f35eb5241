"""Run a classifier over a split, once, and keep every figure of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from digits import metrics
from digits.classifier import Classifier
from digits.data import Split


@dataclass(frozen=True)
class Measurement:
    """logits (N, K) float32 and labels (N,) of one split, and `summary`, plain data for JSON."""

    logits: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    summary: dict[str, Any]

    def accuracy_in_words(self) -> str:
        """`98.71% (95% interval 98.47..98.91%, 10,000 tiles)`."""
        low, high = self.summary["accuracy_interval_95"]
        return (
            f"{self.summary['accuracy']:.2%} "
            f"(95% interval {100 * low:.2f}..{100 * high:.2f}%, {self.summary['count']:,} tiles)"
        )


def measure(classifier: Classifier, split: Split) -> Measurement:
    """Classify all tiles of a split and compare with its labels."""
    logits = classifier(split.images.cpu().numpy())
    labels = split.labels.cpu().numpy()
    summary = metrics.summarise(logits, labels, classifier.classes, classifier.temperature)
    probabilities = metrics.softmax(logits, classifier.temperature)
    return Measurement(logits, labels, probabilities, summary)
