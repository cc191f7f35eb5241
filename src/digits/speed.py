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
# (tiles a call, calls, seconds that they may take, threads) -> seconds of each call, at least one
Turn = Callable[[int, int, float, int], list[float]]


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
    return race_in_turns([turns_of(model, tiles) for model in models], len(tiles), budget_s)


def race_in_turns(turns: Sequence[Turn], tiles: int, budget_s: float = BUDGET_S) -> list[Speed]:
    """`race` of those that take their turns themselves, in processes of their own, on N tiles."""
    count = threads.count()
    singles = _singles(turns, budget_s)
    affordable = [budget_s / (1 + BATCHES) / float(np.median(times)) for times in singles]
    sizes = [max(1, min(BATCH, tiles, int(size))) for size in affordable]
    batches = _batches(turns, sizes, count)
    return [_speed(*found, count) for found in zip(singles, batches, sizes, strict=True)]


def turns_of(model: Model, tiles: np.ndarray) -> Turn:
    """The turns of a classifier in this process, through tiles (N, C, H, W) uint8."""

    def turn(size: int, calls: int, budget_s: float, count: int) -> list[float]:
        times: list[float] = []
        with threads.exactly(count):
            while len(times) < calls and sum(times) < budget_s:
                at = len(times) % (len(tiles) // size) * size
                times.append(_seconds(model, tiles[at : at + size]))
        return times

    return turn


def _singles(turns: Sequence[Turn], budget_s: float) -> list[list[float]]:
    """Seconds of single tiles, of each; the first turn is for warming up."""
    for turn in turns:
        turn(1, CALLS, budget_s / 10, 1)
    found: list[list[float]] = [[] for _ in turns]
    for _ in range(ROUNDS):
        for turn, times in zip(turns, found, strict=True):
            if sum(times) < budget_s:
                times += turn(1, CALLS, budget_s - sum(times), 1)
    return found


def _batches(turns: Sequence[Turn], sizes: list[int], count: int) -> list[list[float]]:
    """Seconds of batches of these sizes; the first call allocates and chooses kernels."""
    for turn, size in zip(turns, sizes, strict=True):
        turn(size, 1, math.inf, count)
    found: list[list[float]] = [[] for _ in turns]
    for _ in range(BATCHES):
        for turn, size, times in zip(turns, sizes, found, strict=True):
            times += turn(size, 1, math.inf, count)
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
