"""How fast classifiers answer, measured in turns, so that a busy spell of the machine meets all."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from digits import threads

ROUNDS = 20  # turns that each takes
CALLS = 25  # single tiles a turn
BATCH, BATCHES = 1000, 5  # tiles a call, and calls, when throughput is measured
BUDGET_S = 30.0  # of each classifier, for single tiles and again for batches

Model = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Speed:
    """How fast one classifier answers, through `Classifier`."""

    median_ms: float  # of one tile, on one thread
    range_ms: tuple[float, float]  # 10th and 90th percentile
    tiles_per_s: float  # median, `batch` tiles a call, on `threads` threads
    tail_ms: tuple[float, float] = (math.nan, math.nan)  # 95th and 99th percentile of one tile
    threads: int = 1
    batch: int = BATCH


def race(models: Sequence[Model], tiles: np.ndarray, budget_s: float = BUDGET_S) -> list[Speed]:
    """The speed of each classifier on tiles (N, C, H, W) uint8: of one tile on one thread, of
    batches on as many as PyTorch is set to, or would be.

    One that needs more than `budget_s` seconds takes fewer turns, and smaller batches.
    """
    count = threads.count()
    with threads.exactly(1):
        singles = _singles(models, tiles, budget_s)
    most = min(BATCH, len(tiles))
    affordable = [budget_s / (1 + BATCHES) / float(np.median(times)) for times in singles]
    sizes = [max(1, min(most, int(size))) for size in affordable]
    with threads.exactly(count):
        batches = _batches(models, tiles, sizes)
    return [_speed(*found, count) for found in zip(singles, batches, sizes, strict=True)]


def _singles(models: Sequence[Model], tiles: np.ndarray, budget_s: float) -> list[list[float]]:
    """Seconds of single tiles, of each model; the first turn is for warming up."""
    for model in models:
        _turn(model, tiles, budget_s / 10)
    found: list[list[float]] = [[] for _ in models]
    for _ in range(ROUNDS):
        for model, times in zip(models, found, strict=True):
            if sum(times) < budget_s:
                times += _turn(model, tiles, budget_s - sum(times))
    return found


def _turn(model: Model, tiles: np.ndarray, budget_s: float) -> list[float]:
    """Seconds of each of `CALLS` single tiles, or of those that the budget allows, at least one."""
    times: list[float] = []
    while len(times) < CALLS and sum(times) < budget_s:
        at = len(times) % len(tiles)
        times.append(_seconds(model, tiles[at : at + 1]))
    return times


def _batches(models: Sequence[Model], tiles: np.ndarray, sizes: list[int]) -> list[list[float]]:
    """Seconds of batches of these sizes; the first call allocates and chooses kernels."""
    for model, size in zip(models, sizes, strict=True):
        model(tiles[:size])
    found: list[list[float]] = [[] for _ in models]
    for _ in range(BATCHES):
        for model, size, times in zip(models, sizes, found, strict=True):
            times.append(_seconds(model, tiles[:size]))
    return found


def _seconds(model: Model, tiles: np.ndarray) -> float:
    start = time.perf_counter()
    model(tiles)
    return time.perf_counter() - start


def _speed(singles: list[float], batches: list[float], size: int, count: int) -> Speed:
    levels = np.quantile(singles, (0.1, 0.5, 0.9, 0.95, 0.99))
    low, median, high, *tail = (float(level) * 1000 for level in levels)
    per_s = size / float(np.median(batches))
    return Speed(median, (low, high), per_s, (tail[0], tail[1]), count, size)
