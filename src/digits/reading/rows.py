"""Read a row of ink in two ways, by its pieces and as a whole, and weigh them.

The lattice joins pieces into digits and looks at each of them well; the row model reads the whole
row without cutting, so that it knows what stands beside a stroke. Each is wrong where the other is
not: a reading's score is the mean of both log probabilities.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from digits import classifier
from digits.classifier import Classifier
from digits.reading import ctc
from digits.reading.digits import Scores
from digits.reading.formats import Format, OneOf, accepts
from digits.reading.lattice import Candidate, Reading, read_pieces, search
from digits.spec import pretrained_dir
from digits.vision.cuts import Piece, pieces
from digits.vision.rows import RowInk
from digits.vision.strip import strip

ROW_MODEL = "_strings.onnx"  # in models/pretrained/; without it the lattice reads alone
WEIGHT = 0.5  # of the row model


@dataclass(frozen=True)
class RowReadings:
    """What a row may say, likeliest first, and the pieces and candidates that its digits are."""

    found: list[Piece]
    made: list[Candidate]
    scores: Scores
    readings: list[Reading]


@cache
def row_model() -> Classifier | None:
    """The shipped row model: strips uint8 (N, 1, STRIP_HEIGHT, W) -> logits (N, T, classes)."""
    path = pretrained_dir() / ROW_MODEL
    return classifier.load(path) if path.is_file() else None


def read_row(row: RowInk, model: Classifier, wanted: Format | None = None) -> RowReadings:
    """The readings of a row, of those that a format allows."""
    found = pieces(row.level)
    made, scores, readings = read_pieces(found, model, wanted)
    whole = row_model()
    if whole is None or not readings:
        return RowReadings(found, made, scores, readings)
    log_probs = ctc.log_softmax(whole(strip(row.level)[None, None])[0].astype(np.float64))
    known = {reading.text for reading in readings}
    texts = [text for text, _ in ctc.likely_texts(log_probs, scores.labels) if text]
    new = [t for t in texts if t not in known and (wanted is None or accepts(wanted, t))]
    if new:
        readings = [*readings, *search(made, scores, len(found), OneOf(new))]
    weighed = [_weighed(reading, log_probs, scores.labels) for reading in readings]
    return RowReadings(found, made, scores, sorted(weighed, key=lambda r: -r.score))


def _weighed(reading: Reading, log_probs: np.ndarray, labels: tuple[str, ...]) -> Reading:
    whole = ctc.log_probability(log_probs, [labels.index(label) for label in reading.text])
    return replace(reading, score=(1 - WEIGHT) * reading.score + WEIGHT * max(whole, -100.0))
