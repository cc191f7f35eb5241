"""Where numbers stand on a page: a picture through the finder, to lines in reading order; and how
likely the line model takes one for a number by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from digits import classifier, page_image
from digits.classifier import Classifier
from digits.spec import LINE_CLASSES, pretrained_dir
from digits.vision.lines import Line, in_order, lines

FINDER, LINES = "_finder.onnx", "_lines.onnx"  # in models/pretrained/
LEAST = 1e-4  # probability of a line, and that it is none: what lies below tells nothing more


@dataclass(frozen=True)
class Limits:
    """Of the lines that the finder sees.

    To measure: `benchmarks/sweep.py finder.NAME VALUES --only papers`.
    """

    large_of_side: float = 0.16  # the height, of the picture's longer side, of a large line
    # Of a line: what has less is print, words or rules. Of 952 numbers on 70 made-up tables and
    # forms by held-out writers 301 were read with 0.55, 293 with 0.65, and 42 and 27 other lines.
    least_probability: float = 0.55
    # The line model's: what has less is not read. Of 1,892 rows on made-up pages by held-out
    # writers 12 of 1,227 right ones have less, and 193 of 479 that are no number.
    least_number: float = 0.15
    # So many times as high as it is a line is shown to the line model: the finder is not exact. On
    # 2,645 and 3,576 lines of made-up pages by held-out writers the mean loss is 0.282 and 0.271 at
    # one look, 0.272 and 0.261 at two, with 0.9 and 1.1, and 0.268 and 0.260 at these three.
    heights: tuple[float, ...] = (0.9, 1.0, 1.2)
    # That a line is nothing by hand: what is likelier so is print. Of 301 crops, whole numbers and
    # rows of validation digits that are `read` rightly, by held-out writers, none is, in whole or
    # on a side of its gap (none with 0.9 either, but digits that a program draws); of 31 printed
    # numbers that were `read` 30 (30), of 60 that a printed one beside had made wrong 30 (42).
    surely_nothing: float = 0.98


LIMITS = Limits()


@cache
def finder() -> Classifier:
    """The shipped finder: page images uint8 (N, 1, H, W) -> logits (N, H / 2, W / 2, 2)."""
    return classifier.load(pretrained_dir() / FINDER, takes="page images")


def maps(grey: np.ndarray, side: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """How likely each place of a grey picture (H, W) uint8 lies in a number's row, and in its core:
    two maps (h, w) float64 of 0..1 over the whole picture, whose page image has such a `side`,
    the usual one unless told."""
    image = page_image.page_image(grey, side or page_image.LIMITS.side_px)
    logits = finder()(image[None, None])[0].astype(np.float64)
    in_row, in_core = np.moveaxis(1 / (1 + np.exp(-logits)), -1, 0)
    return in_row, in_core


def find_lines(grey: np.ndarray) -> list[Line]:
    """The lines of numbers in a grey picture (H, W) uint8, in reading order.

    Large ones, of which a page image of the usual size shows too little at a time, are looked for
    in a smaller one, in which rows close together are one: such a line counts if the finder is
    surer of it than of any that lies in it, or in which it lies.
    """
    found = lines(*maps(grey), grey.shape)
    small = page_image.LIMITS.coarse_side_px
    if max(grey.shape) * page_image.LIMITS.max_zoom > small:
        for large in lines(*maps(grey, small), grey.shape):
            there = [line.probability for line in found if line.meets(large)]
            is_surer = large.probability >= max(there, default=0.0)
            if large.height >= LIMITS.large_of_side * max(grey.shape) and is_surer:
                found = [large, *(line for line in found if not line.meets(large))]
    return in_order([line for line in found if line.probability >= LIMITS.least_probability])


@cache
def line_model() -> Classifier:
    """The shipped line model: line images uint8 (N, 1, 72, W) -> logits (N, 3)."""
    return classifier.load(pretrained_dir() / LINES, takes="line images")


def checked(line: Line, grey: np.ndarray) -> Line:
    """A line of a grey picture (H, W) uint8, as likely as the line model takes it for one whole
    number by hand."""
    return replace(line, probability=_likely(line, grey)["number"])


def is_nothing(line: Line, grey: np.ndarray) -> bool:
    """Whether a line of a grey picture (H, W) uint8 is surely nothing by hand to the line model."""
    return _likely(line, grey)["nothing"] > LIMITS.surely_nothing


def _likely(line: Line, grey: np.ndarray) -> dict[str, float]:
    """How likely a line is each of LINE_CLASSES to the line model, at looks of several heights (the
    normalised geometric mean)."""
    looks = (line.times_as_high(times).seen(grey) for times in LIMITS.heights)
    shares = [line_model().predict_proba(look[None, None])[0] for look in looks]
    together = np.exp(np.log(shares).mean(axis=0))
    return dict(zip(LINE_CLASSES, (together / together.sum()).tolist(), strict=True))


def may_be_a_number(line: Line) -> bool:
    """Whether a line that was checked is worth reading."""
    return line.probability >= LIMITS.least_number


def columns(likely: Sequence[float]) -> np.ndarray:
    """What is known of the lines of a page, each a number with this probability (N,), as a logistic
    function takes it (N, 3): 1, its log odds, and the mean of the others', 0 where there are none.
    Numbers come together, and so does print."""
    shares = np.clip(likely, LEAST, 1 - LEAST)
    odds = np.log(shares) - np.log1p(-shares)
    mean = (odds.sum() - odds) / max(len(odds) - 1, 1)
    return np.stack([np.ones(len(odds)), odds, mean], axis=1)


def are_plain(lines: Sequence[Line]) -> list[bool]:
    """Whether each of a page's lines that were checked is surely one whole number by hand."""
    known = line_model()
    logits = columns([line.probability for line in lines]) @ known.card["metrics"]["page"]
    return list(1 / (1 + np.exp(-logits)) >= known.thresholds["read"])
