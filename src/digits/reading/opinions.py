"""What the row models say of looks at a row: ours of each look, the general one of the first."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from digits.classifier import Classifier
from digits.reading import ctc, row_models
from digits.reading.formats import Format, accepts
from digits.spec import CLASSES


@dataclass(frozen=True)
class Limits:
    """How several opinions become one.

    To measure: `benchmarks/sweep.py reading.opinions.NAME VALUES`.
    """

    # Of the general model, and of the classifier beside both (`rows.digit_weight`). Right of 2,980
    # made-up crops by held-out writers, and of 300 rows of MNIST's validation digits: without the
    # general model 70.8 and 93.7%; with 0.2 and 0.15 72.3 and 94.7%; 0.3 and 0.15 72.6 and 95.7%;
    # 0.4 and 0.15 71.8 and 95.0%; 0.3 and 0.05 72.7 and 94.0%.
    general_weight: float = 0.3
    # That both give the same text at the first look: no other look is taken then. So it was on 24%
    # of 400 made-up crops, on 59% of 236 lines of pages and 67% of 150 rows of MNIST's validation
    # digits, and no other look changed a text. From 0.7 on, 37% of 2,600 crops were `read` at 3%
    # errors, not 41 as from 0.9 on and with all looks.
    agreed_probability: float = 0.9
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
    """Log probabilities of columns (T, len(labels) + 1), a look each; the last class is blank."""

    labels: list[str]
    own: list[np.ndarray]
    general: np.ndarray | None

    @property
    def all(self) -> list[np.ndarray]:
        return self.own if self.general is None else [*self.own, self.general]

    def likely_texts(self, wanted: Format, count: int) -> set[str]:
        """The `count` likeliest texts of each look that a format allows."""
        return ctc.likely_texts(self.all, self.labels, wanted, count)

    def of(self, texts: Iterable[str]) -> dict[str, Likelihood]:
        """How likely some texts are."""
        numbers = {text: self.numbers(text) for text in texts}
        logs = [ctc.log_probabilities(seen, list(numbers.values())) for seen in self.all]
        of_look = np.maximum(logs, LIMITS.least_log)  # (looks, texts)
        own = of_look[: len(self.own)]
        general = [None] * len(numbers) if self.general is None else of_look[-1].tolist()
        made = map(Likelihood, own.mean(axis=0).tolist(), np.ptp(own, axis=0).tolist(), general)
        return dict(zip(numbers, made, strict=True))

    def numbers(self, text: str) -> list[int]:
        """A text as places in `labels`."""
        return [self.labels.index(c) for c in text]

    def agree(self, wanted: Format) -> bool:
        """Whether both models are sure of the same text, and it is one that is wanted."""
        texts = {"".join(self.labels[k] for k in ctc.best_path(seen)) for seen in self.all}
        if self.general is None or len(texts) > 1:
            return False
        (text,) = texts
        likely = self.of([text])[text]
        assert likely.general is not None
        sure = min(likely.own, likely.general) >= math.log(LIMITS.agreed_probability)
        return bool(text) and sure and accepts(wanted, text)


def ask(looks: Sequence[np.ndarray], wanted: Format) -> Opinions:
    """The opinions of row images (48, W) uint8: of the first one, and where both row models are not
    sure of the same text that is wanted, ours of the others as well."""
    own, general = row_models.own(), row_models.general()
    kept = [k for k, c in enumerate(own.classes[:-1]) if c in CLASSES or c in wanted.signs]

    def seen(model: Classifier, look: np.ndarray) -> np.ndarray:
        return ctc.only(row_models.log_probs(model, look, wanted.signs), kept)

    of_general = seen(general, looks[0]) if general else None
    first = Opinions([own.classes[k] for k in kept], [seen(own, looks[0])], of_general)
    if first.agree(wanted):
        return first
    others = [seen(own, look) for look in looks[1:]]
    return Opinions(first.labels, [*first.own, *others], of_general)
