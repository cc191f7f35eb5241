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


@dataclass(frozen=True)
class Limits:
    """From which probability and support on an answer is what; `support` is 0..1 a digit."""

    read_probability: float = 0.9  # for a model that keeps no threshold of its own
    digit_support: float = 0.4  # likewise: less is no digit
    expected_support: float = 0.1  # the same where a digit or a number is expected
    read_support: float = 0.7  # of a digit alone: nine of ten have more


LIMITS = Limits()


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


def status_of(
    probability: float, support: float, model: Classifier, expected: bool, alone: bool
) -> str:
    """`read`, `unsure` or `no_digit`, by the thresholds of the model that read it.

    `probability` is that of the whole answer, `support` how well its ink fits digits (see `Row`).
    Where a digit or a number of some format is `expected`, ink need not look so much like one. The
    probability of a row's text tells whether it is digits at all; that of a digit `alone` does not.
    """
    kept = model.thresholds
    least = kept.get("digit", LIMITS.digit_support)
    read = kept.get("read", LIMITS.read_probability)
    if support < (LIMITS.expected_support if expected else least):
        return "no_digit"
    relied = probability >= read and (support >= LIMITS.read_support or not alone)
    return "read" if relied else "unsure"
