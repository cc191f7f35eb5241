"""Read a row of a number whole: a network names its columns, and a format chooses among the texts.

The row models look at the row (`opinions`), and the classifier at each digit by itself, as our row
model parts them. A text's score is a weighted mean of their log probabilities.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np

from digits.classifier import Classifier
from digits.reading import ctc, row_models
from digits.reading.answer import Digit, Ranking
from digits.reading.doubt import Features, probability
from digits.reading.formats import Format
from digits.reading.opinions import ask
from digits.reading.scores import score
from digits.row_image import HEIGHT, LEAST_WIDTH, STRIDE, row_image
from digits.spec import CLASSES, INPUT_SHAPE, SIGNS
from digits.tile import Box, frame


@dataclass(frozen=True)
class Limits:
    """How the row models' and the classifier's opinions become one.

    To measure: `benchmarks/sweep.py reading.rows.NAME VALUES`.
    """

    # The looks at a grey crop. Of 700 made-up crops by held-out writers 80.1% were right with one
    # look, 81.1% with both widths, 81.9% with both heights, 82.9% with all.
    paper_share: float = 0.15  # of the height, above and below
    cut_share: float = 0.08  # of the height, off above and below
    widths: tuple[float, float] = (0.88, 1.14)
    texts: int = 3  # that are weighed
    # Of the classifier beside the row models: see `opinions.general_weight`.
    digit_weight: float = 0.25
    # Added to a text's log probability for each digit, as CTC rather drops one where they touch or
    # repeat (the insertion bonus of Hannun et al. 2014). Right of 236 lines of pages, 150
    # rows of MNIST's validation digits and 400 crops, by held-out writers: 92.8, 94.7 and 72.5%
    # with 0, 93.2, 96.0 and 73.0% with 0.3, 94.1, 96.7 and 72.8% with 0.5, 94.5, 96.7 and 72.2%
    # with 0.8. For signs as well, 69.0 instead of 69.5% of 200 crops with signs were right.
    gain_of_digit: float = 0.5
    least_probability: float = 1e-3  # that the classifier leaves to a label
    most_margin: float = 20.0  # of log probability over the next text, likewise
    none_weight: float = 0.01  # of a row being none of its texts, beside the less likely ones
    # From a character's surest column: what stands beyond is not its. Of 30 validation digits in
    # brackets 21 were right with 0.8, 27 with 0.5.
    reach_of_height: float = 0.5
    ink_level: int = 64  # of 255: from which on pixels hang together, and are a digit's


LIMITS = Limits()
NOBODY = -1
Pieces = tuple[np.ndarray, list[Box]]  # labels (h, w) from 1 on of what hangs together, their boxes
Key = tuple[Box, bytes]  # of a part


def looks_at(grey: np.ndarray, inverted: bool) -> Iterator[np.ndarray]:
    """Row images (48, W) uint8 of a grey crop (h, w) uint8: as it is, smaller, larger, narrower and
    wider, all from its left to its right. Each is wrong where the others are not."""
    plain = row_image(grey, inverted)
    yield plain
    height = len(grey)
    above, off = round(LIMITS.paper_share * height), round(LIMITS.cut_share * height)
    taller = cv2.copyMakeBorder(grey, above, above, 0, 0, cv2.BORDER_REPLICATE)
    yield row_image(taller, inverted)
    yield row_image(grey[off : height - off], inverted)
    for factor in LIMITS.widths:
        width = max(LEAST_WIDTH, STRIDE * round(plain.shape[1] * factor / STRIDE))
        yield cv2.resize(plain, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)


@dataclass(frozen=True)
class Part:
    """The ink (h, w) uint8 of one character, and its box in the row's."""

    box: Box
    ink: np.ndarray

    @cached_property
    def key(self) -> Key:
        """Equal where texts part the ink alike, as they mostly do."""
        return self.box, self.ink.tobytes()

    @cached_property
    def tile(self) -> np.ndarray:
        """Its tile (28, 28) uint8."""
        return frame(self.ink)


@dataclass(frozen=True)
class RowReadings:
    """What a row may say: texts with their probabilities, the likeliest first.

    `digits` are those of the likeliest text, boxes in the row; `support` is how well the ink fits
    it, 0..1 a character (a geometric mean); `features` is what its probability was made of; `signs`
    are those that the format leaves out.
    """

    ranking: Ranking
    digits: list[Digit]
    support: float
    features: Features | None = None
    signs: str = ""

    @property
    def text(self) -> str:
        """The likeliest text; '' where nothing is a digit."""
        return self.ranking[0][0] if self.ranking else ""


def read_row(
    level: np.ndarray,
    looks: Iterable[np.ndarray],
    model: Classifier,
    wanted: Format,
    has_time: Callable[[], bool] = lambda: True,
) -> RowReadings:
    """The readings of a row's ink (h, w) uint8, at which `looks`, row images (48, W) uint8, look.

    All of them show the same piece of the picture from its left to its right. Where there is no
    time left, its likeliest text alone is weighed.
    """
    opinions = ask(looks, wanted)
    likely = ctc.likely_texts(opinions.looks, opinions.labels, wanted, LIMITS.texts)
    by_row = opinions.of(likely | {""})
    if by_row[""].together >= max(one.together for one in by_row.values()):
        return RowReadings([], [], 0.0)
    texts = sorted(filter(None, by_row), key=lambda text: -by_row[text].together - _gain(text))
    texts = texts[: LIMITS.texts if has_time() else 1]
    first = opinions.own[0]
    columns = {text: ctc.align(first, opinions.numbers(text)) for text in texts}
    pieces, width = in_pieces(level), level.shape[1] / len(first)
    known: dict[Key, Part] = {}
    parted = {
        text: [
            known.setdefault(part.key, part)
            for part in parts(level, pieces, (columns[text] + 0.5) * width)
        ]
        for text in texts
    }
    by_digit = _by_digit(list(known.values()), model)
    by_classifier = {
        text: sum(by_digit[part.key][c] for part, c in zip(parted[text], text, strict=True))
        for text in texts
    }
    weighed = {
        text: (1 - LIMITS.digit_weight) * by_row[text].together
        + LIMITS.digit_weight * by_classifier[text]
        + _gain(text)
        for text in texts
    }
    texts.sort(key=lambda text: -weighed[text])
    best = texts[0]
    total = {text: weighed[text] - _gain(best) for text in texts}
    features = Features(
        rows=by_row[best].own,
        digits=by_classifier[best],
        margin=min([LIMITS.most_margin, *(total[best] - total[text] for text in texts[1:])]),
        spread=by_row[best].spread,
        length=len(best),
        general=by_row[best].general,
    )
    digits = [
        _digit(label, part, first[column], opinions.labels)
        for label, part, column in zip(best, parted[best], columns[best], strict=True)
        if label in CLASSES
    ]
    support = math.exp(total[best] / len(best))
    ranking = _texts_ranking(texts, total, features)
    return RowReadings(ranking, digits, support, features, opinions.signs)


def _gain(text: str) -> float:
    """What is added to the log probability of a text for its digits."""
    return LIMITS.gain_of_digit * sum(c in CLASSES for c in text)


def _texts_ranking(texts: list[str], total: dict[str, float], features: Features) -> Ranking:
    """The texts (the likeliest first) with their probabilities."""
    right = probability(features, row_models.judging().card["metrics"].get("doubt", []))
    others = {text: math.exp(total[text]) for text in texts[1:]}
    whole = sum(others.values()) + LIMITS.none_weight
    return [(texts[0], right), *((text, (1 - right) * (p / whole)) for text, p in others.items())]


def in_pieces(level: np.ndarray) -> Pieces:
    """What hangs together in a row's ink (h, w) uint8."""
    mask = (level > LIMITS.ink_level).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    return labels, [(int(x), int(y), int(w), int(h)) for x, y, w, h in stats[1:, :4]]


def parts(level: np.ndarray, pieces: Pieces, at: np.ndarray) -> list[Part]:
    """A row's ink (h, w) uint8, of `pieces`, cut into characters that are surest at the columns
    `at` (N,), in pixels.

    What hangs together and holds the surest column of no more than one character belongs whole to
    the character whose column is nearest; all else is cut where there is least ink between the
    columns at which two characters are surest.
    """
    cuts = _cuts(level, at)
    owner = np.repeat(np.arange(len(at)), np.diff(cuts))
    owners = _owners_of(owner, pieces, at)
    inked = level > LIMITS.ink_level
    found = []
    for k, (left, right) in enumerate(pairwise(cuts.tolist())):
        x, y, width, height = cv2.boundingRect((inked & (owners == k)).astype(np.uint8))
        if width:
            there = np.s_[y : y + height, x : x + width]
            ink = np.where(owners[there] == k, level[there], 0).astype(np.uint8)
            found.append(Part((x, y, width, height), ink))
        else:  # without ink, its empty columns
            box = left, 0, max(right - left, 1), len(level)
            found.append(Part(box, np.zeros(box[:1:-1], np.uint8)))
    return found


def _owners_of(owner: np.ndarray, pieces: Pieces, at: np.ndarray) -> np.ndarray:
    """Whose each pixel is, (h, w): as its column's `owner` (w,), but pieces of one character."""
    labels, boxes = pieces
    owners = np.broadcast_to(owner, labels.shape).copy()
    held = [int(((at > x) & (at < x + wide)).sum()) for x, _, wide, _ in boxes]
    reach = LIMITS.reach_of_height * max(
        (b[3] for b, n in zip(boxes, held, strict=True) if n), default=0
    )
    for k, ((x, y, wide, high), inner) in enumerate(zip(boxes, held, strict=True), 1):
        if inner > 1:
            continue
        there = np.s_[y : y + high, x : x + wide]
        inside = labels[there] == k
        away = np.maximum(x - at, at - (x + wide))
        owners[there][inside] = away.argmin() if away.min() < reach else NOBODY
    return owners


def _cuts(level: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The columns (len(at) + 1,) between which characters stand that are surest at `at`: each cut
    is where there is least ink."""
    ink = level.sum(axis=0, dtype=np.float32)
    cuts = [0]
    for left, right in pairwise(at):
        first, last = int(left), max(int(right), int(left) + 1)
        cuts.append(max(first + int(ink[first:last].argmin()), cuts[-1]))
    return np.array([*cuts, level.shape[1]])


def _by_digit(some: list[Part], model: Classifier) -> dict[Key, dict[str, float]]:
    """What the classifier gives each tile: label -> log probability; a sign is not its matter."""
    tiles = np.array([part.tile for part in some], np.uint8)
    scores = score(model, tiles.reshape(-1, *INPUT_SHAPE))
    unknown = scores.none[:, None] / len(scores.labels)  # what is cut badly tells nothing
    logs = np.log(np.maximum(scores.digit + unknown, LIMITS.least_probability))
    signs = dict.fromkeys(SIGNS, 0.0)
    return {
        part.key: dict(zip(scores.labels, log.tolist(), strict=True)) | signs
        for part, log in zip(some, logs, strict=True)
    }


def _digit(label: str, part: Part, column: np.ndarray, labels: Sequence[str]) -> Digit:
    """A digit of a row, and what else its column (K,) may be, as shares of all digits."""
    known = zip(labels, column[:-1], strict=True)
    digits = [(label, math.exp(p)) for label, p in known if label in CLASSES]
    total = max(sum(p for _, p in digits), 1e-30)
    ranking = sorted(((label, p / total) for label, p in digits), key=lambda item: -item[1])
    return Digit(label, dict(ranking)[label], part.box, ranking, part.tile)
