"""Prove that an artefact still answers as its checkpoint does, and measure what it is good for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from digits import metrics
from digits.classifier import Classifier
from digits.errors import DigitsError

ROUNDS = 20  # the two take turns this often, so that a busy spell of the machine meets both
CALLS = 25  # single tiles a turn
BATCH, BATCHES = 1000, 5  # tiles a call, and calls, when throughput is measured


@dataclass(frozen=True)
class Figures:
    """What one artefact is good for. Times are of one tile, through `Classifier`."""

    name: str
    size_bytes: int
    accuracy: float
    median_ms: float
    range_ms: tuple[float, float]  # 10th and 90th percentile
    tiles_per_s: float


def compare(
    before: Classifier, after: Classifier, tiles: np.ndarray, labels: np.ndarray
) -> tuple[Figures, Figures]:
    """The figures of two classifiers on tiles (N, 1, 28, 28) uint8 and labels (N,), in turns."""
    pair = (before, after)
    singles: tuple[list[float], list[float]] = ([], [])
    batches: tuple[list[float], list[float]] = ([], [])
    for classifier in pair:
        classifier(tiles[:BATCH])  # warm up: first calls allocate and choose kernels
    with _one_thread():
        for turn in range(1 + ROUNDS):
            for classifier, times in zip(pair, singles, strict=True):
                seconds = [_seconds(classifier, tiles[i : i + 1]) for i in range(CALLS)]
                times += seconds if turn else []  # the first is for warming up
    for _ in range(BATCHES):
        for classifier, times in zip(pair, batches, strict=True):
            times.append(_seconds(classifier, tiles[:BATCH]))
    return (
        _figures(before, tiles, labels, singles[0], batches[0]),
        _figures(after, tiles, labels, singles[1], batches[1]),
    )


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
            f"{f.median_ms:>7.3f} ms ({f.range_ms[0]:.3f}-{f.range_ms[1]:.3f}) "
            f"{f.tiles_per_s:>9,.0f}"
            for f in (before, after)
        ),
        f"{'ratio':10} {after.size_bytes / before.size_bytes:>10.0%} "
        f"{100 * (after.accuracy - before.accuracy):>+6.2f} pt "
        f"{before.median_ms / after.median_ms:>14.1f}x as fast "
        f"{after.tiles_per_s / before.tiles_per_s:>11.1f}x",
    ]
    return "\n".join(rows)


def _seconds(classifier: Classifier, tiles: np.ndarray) -> float:
    start = time.perf_counter()
    classifier(tiles)
    return time.perf_counter() - start


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch on one thread: for a single tile the second brings nothing, and while others use the
    machine the two wait for each other: 70 ms instead of 0.3.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _figures(
    classifier: Classifier,
    tiles: np.ndarray,
    labels: np.ndarray,
    singles: list[float],
    batches: list[float],
) -> Figures:
    low, median, high = (float(q) * 1000 for q in np.quantile(singles, (0.1, 0.5, 0.9)))
    return Figures(
        name=classifier.path.suffix,
        size_bytes=classifier.path.stat().st_size,
        accuracy=metrics.accuracy(classifier(tiles), labels),
        median_ms=median,
        range_ms=(low, high),
        tiles_per_s=min(BATCH, len(tiles)) / float(np.median(batches)),
    )
