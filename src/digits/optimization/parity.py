"""Prove that an artefact still answers as its checkpoint does, and measure what it is good for."""

from dataclasses import dataclass

import numpy as np

from digits import metrics
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.speed import Speed, race


@dataclass(frozen=True)
class Figures:
    """What one artefact is good for."""

    name: str
    size_bytes: int
    accuracy: float
    speed: Speed


def compare(
    before: Classifier, after: Classifier, tiles: np.ndarray, labels: np.ndarray
) -> tuple[Figures, Figures]:
    """The figures of two classifiers on tiles (N, 1, 28, 28) uint8 and labels (N,)."""
    first, second = race((before, after), tiles)
    return _figures(before, tiles, labels, first), _figures(after, tiles, labels, second)


def require_parity(before: Figures, after: Figures, max_drop: float) -> None:
    """Let pass an artefact that lost at most `max_drop` points (hundredths) of accuracy.

    Raises:
        DigitsError: it lost more.
    """
    drop = 100 * (before.accuracy - after.accuracy)
    if drop > max_drop + 1e-9:
        enough = np.ceil(drop * 10 - 1e-6) / 10
        raise DigitsError(
            f"accuracy falls by {drop:.2f} points, from {before.accuracy:.2%} to "
            f"{after.accuracy:.2%}: not saved; allow it with --max_drop {enough:g}"
        )


def table(before: Figures, after: Figures) -> str:
    """Both as lines of a table, and the ratios under them."""
    rows = [
        f"{'':10} {'size':>10} {'accuracy':>9} {'one tile (10-90%)':>26} {'tiles/s':>9}",
        *(
            f"{f.name:10} {f.size_bytes / 1000:>7,.0f} kB {f.accuracy:>9.2%} "
            f"{f.speed.median_ms:>7.3f} ms ({f.speed.range_ms[0]:.3f}-{f.speed.range_ms[1]:.3f}) "
            f"{f.speed.tiles_per_s:>9,.0f}"
            for f in (before, after)
        ),
        f"{'ratio':10} {after.size_bytes / before.size_bytes:>10.0%} "
        f"{100 * (after.accuracy - before.accuracy):>+6.2f} pt "
        f"{before.speed.median_ms / after.speed.median_ms:>14.1f}x as fast "
        f"{after.speed.tiles_per_s / before.speed.tiles_per_s:>11.1f}x",
    ]
    return "\n".join(rows)


def _figures(
    classifier: Classifier, tiles: np.ndarray, labels: np.ndarray, speed: Speed
) -> Figures:
    accuracy = metrics.accuracy(classifier(tiles), labels)
    return Figures(classifier.path.suffix, classifier.path.stat().st_size, accuracy, speed)
