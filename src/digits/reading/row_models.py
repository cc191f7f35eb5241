"""The networks that read a row whole: ours, and a general one as a second opinion.

The general one began as PP-OCRv6's small recogniser (PaddleOCR, Apache-2.0) and went on learning
here (`tools/ship_general.py`). DIGITS_ROWS=own in the environment switches it off.
"""

import os
from functools import cache

from digits import classifier
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.spec import pretrained_dir

OWN, GENERAL = "_rows.onnx", "_general.onnx"  # in models/pretrained/
SWITCH, CHOICES = "DIGITS_ROWS", ("both", "own")


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
