"""How likely an answer to a row is right: a logistic function of what is known of it.

Its weights are fitted by `tools/ship_rows.py` and `tools/ship_general.py` on made-up rows by
held-out writers, and stand in the models' cards (Platt 1999, with more than one feature).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Features:
    """What is known of the likeliest text of a row, in log probabilities.

    `rows` is what our row model gives it, the mean of its looks, and `spread` by how much these
    differ; `general` what the general one gives it, where that is asked; `digits` what the
    classifier gives its digits together; `margin` how much likelier it is than the next text;
    `length` its number of characters.
    """

    rows: float
    digits: float
    margin: float
    spread: float
    length: int
    general: float | None = None

    def columns(self) -> list[float]:
        """As the logistic function takes them; roots, as the first doubts count most."""
        likely, digits = (math.sqrt(-min(log, 0.0)) for log in (self.rows, self.digits))
        margin, spread = math.sqrt(self.margin), math.sqrt(self.spread)
        columns = [1.0, -likely, -digits, margin, -spread, math.log(self.length)]
        if self.general is None:
            return columns
        return [*columns, -math.sqrt(-min(self.general, 0.0))]


def probability(features: Features, weights: Sequence[float]) -> float:
    """The probability that the text is right; without weights what the row model gives it."""
    if not weights:
        return math.exp(min(features.rows, 0.0))
    return 1 / (1 + math.exp(-float(np.dot(weights, features.columns()))))
