"""Read a row of ink in two ways, by its pieces and as a whole, and weigh them.

The lattice joins pieces into digits and looks at each of them well; the row model reads the whole
row without cutting, so that it knows what stands beside a stroke. Each is wrong where the other is
not: a reading's score is the mean of both log probabilities.
"""

import math
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np

from digits import classifier
from digits.classifier import Classifier
from digits.reading import ctc
from digits.reading.answer import Ranking
from digits.reading.formats import Format, OneOf, accepts
from digits.reading.lattice import Candidate, Reading, read_pieces, search
from digits.reading.scores import Scores
from digits.spec import pretrained_dir
from digits.vision.row_image import row_image
from digits.vision.rows import ROW_HEIGHT, RowInk
from digits.vision.segmentation import Piece, pieces

ROW_MODEL = "_strings.onnx"  # in models/pretrained/; without it the lattice reads alone
WIDEST = 40 * ROW_HEIGHT  # longer rows are the lattice's alone: they are seldom numbers
WEIGHT = 0.6  # of the row model
# A row is looked at as it is, narrower and wider, and what the looks say is averaged: nothing on
# composed strings, which are as those it learned from; 2 points on cheques, which are not.
WIDTHS = (0.9, 1.0, 1.12)
# Of 140 strings composed of MNIST's validation digits, those with a probability above 0.9 were all
# right (half to two thirds of them); 1.0 was too modest, 2.0 too sure.
SHARPNESS = 1.5
SURE = 0.95  # of the row model, a digit: 3 of 157 words of letters have it, 3 of 4 rows cut badly
DOUBTED = 0.6  # support that is enough for `unsure` and too little for `read`
UNLIKELY = 1e-3  # weight of a row being none of its readings


@dataclass(frozen=True)
class RowReadings:
    """What a row may say, likeliest first, and the pieces and candidates that its digits are.

    `ranking` has the texts of `readings` with their probabilities; `certainty` is what the
    row model alone gives the likeliest, 0..1 a digit.
    """

    found: list[Piece]
    made: list[Candidate]
    scores: Scores
    readings: list[Reading]
    ranking: Ranking
    certainty: float = 0.0

    @property
    def text(self) -> str:
        """The likeliest reading."""
        return self.readings[0].text if self.readings else ""

    @property
    def support(self) -> float:
        """How well the likeliest reading's ink fits digits, 0..1 a digit; 0.0 if it has none.

        Where the row model alone has no doubt, digits were only cut badly: that is not nothing.
        """
        if not self.text:
            return 0.0
        fit = math.exp(self.readings[0].score / len(self.text))
        return max(fit, DOUBTED) if self.certainty > SURE else fit


@cache
def row_model() -> Classifier | None:
    """The shipped row model: strips uint8 (N, 1, ROW_IMAGE_HEIGHT, W) -> logits (N, T, classes)."""
    path = pretrained_dir() / ROW_MODEL
    return classifier.load(path, rows=True) if path.is_file() else None


def read_row(row: RowInk, model: Classifier, wanted: Format | None = None) -> RowReadings:
    """The readings of a row, of those that a format allows."""
    found = pieces(row.level)
    made, scores, readings = read_pieces(found, model, wanted)
    whole = row_model()
    if whole is None or not readings or row.level.shape[1] > WIDEST:
        ranking = shares(readings, 1.0, UNLIKELY if wanted else None)
        return RowReadings(found, made, scores, readings, ranking)
    looks = [_look(whole, row_image(row.level), width) for width in WIDTHS]
    known = {reading.text for reading in readings}
    texts = {text: None for look in looks for text, _ in ctc.likely_texts(look, scores.labels)}
    new = [t for t in texts if t and t not in known and (wanted is None or accepts(wanted, t))]
    if new:
        readings = [*readings, *search(made, scores, len(found), OneOf(new))]
    whole_scores = {r.text: _log_probability(r.text, looks, scores.labels) for r in readings}
    weighed = [
        replace(r, score=(1 - WEIGHT) * r.score + WEIGHT * whole_scores[r.text]) for r in readings
    ]
    weighed.sort(key=lambda reading: -reading.score)
    text = weighed[0].text
    certainty = math.exp(whole_scores[text] / max(len(text), 1))
    return RowReadings(
        found, made, scores, weighed, shares(weighed, SHARPNESS, UNLIKELY), certainty
    )


def shares(readings: list[Reading], sharpness: float, other: float | None) -> Ranking:
    """Texts with probabilities, from log scores times `sharpness`.

    They share all probability with `other`, that of it being none of them. With None they keep
    what they have, the product of their digits' probabilities, so long as the sum is below 1.
    """
    weights = [math.exp(sharpness * reading.score) for reading in readings]
    total = max(1.0, sum(weights)) if other is None else sum(weights) + other
    return [(reading.text, w / total) for reading, w in zip(readings, weights, strict=True)]


def _look(whole: Classifier, line: np.ndarray, width: float) -> np.ndarray:
    """Log probabilities (T, K) of a strip (h, w) uint8 that is made wider by a factor."""
    height, columns = line.shape
    columns = 2 * round(columns * width / 2)
    how = cv2.INTER_AREA if width < 1 else cv2.INTER_LINEAR
    stretched = cv2.resize(line, (columns, height), interpolation=how)
    return ctc.log_softmax(whole(stretched[None, None])[0].astype(np.float64))


def _log_probability(text: str, looks: list[np.ndarray], labels: tuple[str, ...]) -> float:
    """What the row model gives a text, the mean of its looks."""
    numbers = [labels.index(label) for label in text]
    return float(np.mean([max(ctc.log_probability(look, numbers), -100.0) for look in looks]))
