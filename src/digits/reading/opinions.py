"""What the row models say: of a row, both of one look at it, or ours alone of several; of a digit
alone, ours."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np

from digits.classifier import Classifier
from digits.reading import ctc, row_models
from digits.reading.formats import Format, accepts
from digits.row_image import row_image
from digits.spec import CLASSES, SIGNS

POINTS = frozenset(".,")


@dataclass(frozen=True)
class Limits:
    """How several opinions become one.

    To measure: `benchmarks/sweep.py reading.opinions.NAME VALUES`.
    """

    # Of the general model, and of the classifier beside both (`rows.digit_weight`). Right of 1,200
    # rows of MNIST's validation digits, and by held-out writers of 400 whole numbers, 400 made-up
    # crops and 1,224 lines of made-up pages: with 0.6 and 0.15 1,157, 374, 296 and 903; with 0.7
    # and 0.15 1,158, 377, 299 and 908; 0.7 and 0.25 1,161, 379, 299 and 902; 0.7 and 0.35 1,166,
    # 377, 297 and 902; 0.7 and 0.5 1,160, 366, 288 and 873.
    general_weight: float = 0.7
    # Added to the log odds of a point or comma where the format knows it: who asks for them has
    # more of them than the crops that our row model learned from (Saerens et al. 2002). Of 203
    # made-up numbers with and 200 without one, by held-out writers, 53.7 and 76.0% were right with
    # 0, 63.5 and 73.5% with 1.5, 64.0 and 72.0% with 2.
    point_gain: float = 1.5
    # Of a row to be nothing to our row model: the general one, which takes five times as long, is
    # not asked then. So it was with 420 of 2,180 lines of 160 made-up pages and of a real log; five
    # of these were given as numbers.
    surely_nothing: float = 0.8
    # Likewise of a text to be right. Of 6,379 made-up crops by held-out writers 459 were 0.98 to
    # 0.99 likely to it, and 10 of these wrong; of 1,117 surer ones 5 were.
    surely: float = 0.99
    least_log: float = -50.0  # log probability of a text: what lies below tells nothing more


LIMITS = Limits()


@dataclass(frozen=True)
class Likelihood:
    """Log probabilities of a text: `own` the mean of our row model's looks, `spread` by how much
    these differ, `general` the general one's, if it was asked."""

    own: float
    spread: float
    general: float | None

    @property
    def together(self) -> float:
        """The weighted mean of both models'."""
        if self.general is None:
            return self.own
        return (1 - LIMITS.general_weight) * self.own + LIMITS.general_weight * self.general


@dataclass(frozen=True)
class Opinions:
    """Log probabilities of columns (T, len(labels) + 1), a look each; the last class is blank.

    `signs` are those that our row model sees at its first look and the format leaves out. Of 110
    made-up crops with signs, by held-out writers, whose digits are read rightly it sees some in 91,
    of 263 without any in 5.
    """

    labels: list[str]
    own: list[np.ndarray]
    general: np.ndarray | None
    signs: str = ""

    @property
    def looks(self) -> list[np.ndarray]:
        """All of both models."""
        return self.own if self.general is None else [*self.own, self.general]

    def of(self, texts: Iterable[str]) -> dict[str, Likelihood]:
        """How likely some texts are."""
        numbers = {text: self.numbers(text) for text in texts}
        logs = [ctc.log_probabilities(seen, list(numbers.values())) for seen in self.looks]
        of_look = np.maximum(logs, LIMITS.least_log)  # (looks, texts)
        own = of_look[: len(self.own)]
        general = [None] * len(numbers) if self.general is None else of_look[-1].tolist()
        made = map(Likelihood, own.mean(axis=0).tolist(), np.ptp(own, axis=0).tolist(), general)
        return dict(zip(numbers, made, strict=True))

    def numbers(self, text: str) -> list[int]:
        """A text as places in `labels`."""
        return [self.labels.index(c) for c in text]


def ask(looks: Iterable[np.ndarray], wanted: Format) -> Opinions:
    """The opinions of row images (48, W) uint8: of both row models of the first one, of ours alone
    where that is nothing to it, ours for both where it is sure; ours of all, where it is asked
    alone.

    Of some 758 made-up crops by held-out writers in which something was read 81.7% were right with
    both models at one look, 82.0% with ours at five; 59.2 and 59.6% could be `read` at 3% errors.
    """
    own, general = row_models.own(), row_models.general()
    kept = [k for k, c in enumerate(own.classes[:-1]) if c in CLASSES or c in wanted.signs]

    def seen(model: Classifier, look: np.ndarray) -> np.ndarray:
        return ctc.only(log_probs(model, look, wanted.signs), kept)

    labels = [own.classes[k] for k in kept]
    look, *more = looks if general is None else islice(looks, 1)
    whole = log_probs(own, look, wanted.signs)
    names = (own.classes[k] for k in ctc.best_path(whole))
    signs = "".join(name for name in names if name in SIGNS and name not in wanted.signs)
    ours = ctc.only(whole, kept)
    if general is None:
        return Opinions(labels, [ours, *(seen(own, look) for look in more)], None, signs)
    best = ctc.best_path(ours)
    nothing, text = ctc.log_probabilities(ours, [[], best])
    if nothing > math.log(LIMITS.surely_nothing):
        return Opinions(labels, [ours], None, signs)
    fits = accepts(wanted, "".join(labels[k] for k in best))
    if fits and text > math.log(LIMITS.surely):
        return Opinions(labels, [ours], ours, signs)
    return Opinions(labels, [ours], seen(general, look), signs)


def likeness(tile: np.ndarray, text: str) -> float:
    """How likely our row model takes a tile (28, 28) uint8, with half as much paper on both sides,
    for a text of one character; 1 for one that it does not know. Without paper a 1 may be a wall to
    it. The general one is asked for four times as long, and tells letters no better."""
    model = row_models.own()
    if text not in model.classes:
        return 1.0
    half = tile.shape[1] // 2
    look = row_image(np.pad(tile, ((0, 0), (half, half))), inverted=True)
    seen = log_probs(model, look, frozenset())
    return math.exp(ctc.log_probabilities(seen, [[model.classes.index(text)]])[0])


def log_probs(model: Classifier, look: np.ndarray, signs: frozenset[str]) -> np.ndarray:
    """Log probabilities of the columns of a look (48, W) uint8 at a row, (T, classes) float64, in
    which `signs` may stand."""
    logits = model(look[None, None])[0].astype(np.float64)
    points = [k for k, name in enumerate(model.classes) if name in POINTS & signs]
    logits[:, points] += LIMITS.point_gain
    return ctc.log_softmax(logits)
