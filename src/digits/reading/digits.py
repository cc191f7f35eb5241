"""From tiles to calibrated digits: probabilities, and how far to trust them.

A model with an eleventh class, 'none', was trained to know what is not a digit, and its probability
is the rejection score. For a model with ten classes there is only the softmax to go by,
which is often sure of a letter: `no_digit` is found far less often then.
"""

from dataclasses import dataclass

import numpy as np

from digits.classifier import Classifier
from digits.metrics import softmax
from digits.reading.answer import Ranking

# For a model that keeps none: the least probability of an answer to be `read`, and to be a digit.
THRESHOLDS = {"read": 0.9, "digit": 0.4}


@dataclass(frozen=True)
class Scores:
    """What a model says of N tiles: probabilities of the labels (N, len(labels)), and of no digit
    (N,); together they are 1."""

    labels: tuple[str, ...]
    digit: np.ndarray
    none: np.ndarray

    def ranking(self, i: int) -> Ranking:
        """The labels of tile i, likeliest first."""
        order = np.argsort(-self.digit[i], kind="stable")
        return [(self.labels[k], float(self.digit[i, k])) for k in order]


def score(classifier: Classifier, tiles: np.ndarray) -> Scores:
    """Calibrated probabilities of tiles (N, 1, 28, 28) uint8; labels are the classes but 'none'."""
    probabilities = softmax(classifier(tiles), classifier.temperature)
    known = [k for k, name in enumerate(classifier.classes) if name != "none"]
    labels = tuple(classifier.classes[k] for k in known)
    digit = probabilities[:, known]
    return Scores(labels, digit, 1 - digit.sum(axis=1))


def status_of(probability: float, count: int, classifier: Classifier) -> str:
    """`read`, `unsure` or `no_digit`, by the model's thresholds.

    `probability` is that of all of `count` digits being right. What is relied on must be right as
    a whole; what is a digit at all is asked of the digits on average (their geometric mean).
    """
    thresholds = THRESHOLDS | classifier.thresholds
    if count and probability >= thresholds["read"]:
        return "read"
    a_digit = count and probability ** (1 / count) >= thresholds["digit"]
    return "unsure" if a_digit else "no_digit"
