"""The networks that read a row whole: ours, and a general one as a second opinion.

The general one began as PP-OCRv6's small recogniser (PaddleOCR, Apache-2.0) and went on learning
here (`tools/ship_general.py`). DIGITS_ROWS=own in the environment switches it off.
"""

import math
import os
from dataclasses import dataclass
from functools import cache

import numpy as np

from digits import classifier
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.reading import ctc
from digits.row_image import row_image
from digits.spec import pretrained_dir

OWN, GENERAL = "_rows.onnx", "_general.onnx"  # in models/pretrained/
SWITCH, CHOICES = "DIGITS_ROWS", ("both", "own")
POINTS = frozenset(".,")


@dataclass(frozen=True)
class Limits:
    """To measure: `benchmarks/sweep.py reading.row_models.NAME VALUES`."""

    # Added to the log odds of a point or comma where the format knows it: who asks for them has
    # more of them than the crops that our row model learned from (Saerens et al. 2002). Of 203
    # made-up numbers with and 200 without one, by held-out writers, 53.7 and 76.0% were right with
    # 0, 63.5 and 73.5% with 1.5, 64.0 and 72.0% with 2.
    point_gain: float = 1.5


LIMITS = Limits()


@cache
def own() -> Classifier:
    """Our row model: row images uint8 (N, 1, 48, W) -> logits (N, W / 4, classes)."""
    return classifier.load(pretrained_dir() / OWN, takes="row images")


def general() -> Classifier | None:
    """The general one, of the same classes and columns; None where it is switched off.

    Raises:
        DigitsError: DIGITS_ROWS is neither `both` nor `own`.
    """
    chosen = os.environ.get(SWITCH) or CHOICES[0]
    if chosen not in CHOICES:
        raise DigitsError(f"{SWITCH}={chosen}: is none of {', '.join(CHOICES)}")
    return _general() if chosen == "both" else None


@cache
def _general() -> Classifier:
    return classifier.load(pretrained_dir() / GENERAL, takes="row images")


def judging() -> Classifier:
    """The one that keeps the doubt and the threshold of `read` for those that are asked."""
    return general() or own()


def likeness(tile: np.ndarray, text: str) -> float:
    """How likely the judging one takes a tile (28, 28) uint8 for a text of one character; 1 for one
    that it does not know."""
    model = judging()
    if text not in model.classes:
        return 1.0
    seen = log_probs(model, row_image(tile, inverted=True), frozenset())
    return math.exp(ctc.log_probabilities(seen, [[model.classes.index(text)]])[0])


def log_probs(model: Classifier, look: np.ndarray, signs: frozenset[str]) -> np.ndarray:
    """Log probabilities of the columns of a look (48, W) uint8 at a row, (T, classes) float64, in
    which `signs` may stand."""
    logits = model(look[None, None])[0].astype(np.float64)
    points = [k for k, name in enumerate(model.classes) if name in POINTS & signs]
    logits[:, points] += LIMITS.point_gain
    return ctc.log_softmax(logits)
