"""How likely an answer to a row is right: a logistic function of what is known of it.

Its weights are fitted by `tools/ship.py` on made-up rows by held-out writers, and stand in the row
model's card (Platt 1999, with more than one feature).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np

ROW_LOOKS = 2  # at a row found in a picture: its ink, and the grey under it


@dataclass(frozen=True)
class Features:
    """What is known of the likeliest text of a row, in log probabilities.

    `rows` is what the row model gives it, the mean of its looks, and `spread` by how much these
    differ; `digits` what the classifier gives its digits together; `margin` how much likelier it is
    than the next text; `length` its number of characters, `looks` how often it was looked at.
    """

    rows: float
    digits: float
    margin: float
    spread: float
    length: int
    looks: int

    @property
    def way(self) -> str:
        """Whether it was read as a whole crop, or as a row found in a picture."""
        return "crop" if self.looks > ROW_LOOKS else "row"

    def columns(self) -> list[float]:
        """As the logistic function takes them; roots, as the first doubts count most."""
        rows, digits, margin, spread, length, _ = astuple(self)
        return [1.0, -math.sqrt(-min(rows, 0.0)), -math.sqrt(-min(digits, 0.0)),
                math.sqrt(max(margin, 0.0)), -math.sqrt(spread), math.log(length)]  # fmt: skip


def probability(features: Features, weights: Mapping[str, Sequence[float]]) -> float:
    """The probability that the text is right, by the weights of the way it was read; without any,
    what the row model gives it."""
    if features.way not in weights:
        return math.exp(min(features.rows, 0.0))
    return 1 / (1 + math.exp(-float(np.dot(weights[features.way], features.columns()))))
