"""How fast classifiers answer, measured in turns, so that a busy spell of the machine meets all."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

ROUNDS = 20  # turns that each takes
CALLS = 25  # single tiles a turn
BATCH, BATCHES = 1000, 5  # tiles a call, and calls, when throughput is measured

Model = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Speed:
    """How fast one classifier answers, through `Classifier`."""

    median_ms: float  # of one tile
    range_ms: tuple[float, float]  # 10th and 90th percentile
    tiles_per_s: float  # median, `BATCH` tiles a call
    tail_ms: tuple[float, float] = (math.nan, math.nan)  # 95th and 99th percentile of one tile


def race(models: Sequence[Model], tiles: np.ndarray) -> list[Speed]:
    """The speed of each classifier on tiles (N, C, H, W) uint8."""
    singles: list[list[float]] = [[] for _ in models]
    batches: list[list[float]] = [[] for _ in models]
    for model in models:
        model(tiles[:BATCH])  # warm up: first calls allocate and choose kernels
    with _one_thread():
        for turn in range(1 + ROUNDS):
            for model, times in zip(models, singles, strict=True):
                seconds = [_seconds(model, tiles[i : i + 1]) for i in range(CALLS)]
                times += seconds if turn else []  # the first turn is for warming up
    for _ in range(BATCHES):
        for model, times in zip(models, batches, strict=True):
            times.append(_seconds(model, tiles[:BATCH]))
    size = min(BATCH, len(tiles))
    return [_speed(*times, size) for times in zip(singles, batches, strict=True)]


def _seconds(model: Model, tiles: np.ndarray) -> float:
    start = time.perf_counter()
    model(tiles)
    return time.perf_counter() - start


@contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch on one thread: for a single tile the second brings nothing, and while others use the
    machine the two wait for each other: 70 ms instead of 0.3. Where no model has loaded it, there
    is nothing to do.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _speed(singles: list[float], batches: list[float], size: int) -> Speed:
    levels = np.quantile(singles, (0.1, 0.5, 0.9, 0.95, 0.99))
    low, median, high, *tail = (float(level) * 1000 for level in levels)
    return Speed(median, (low, high), size / float(np.median(batches)), (tail[0], tail[1]))
