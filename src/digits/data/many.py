"""Many made-up samples, the same for a seed whatever the number of processes that make them."""

import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import TypeVar

import cv2
import numpy as np
from numpy.random import Generator

from digits import threads
from digits.data.row_ink import Sources

CHUNK = 250  # samples that one generator makes

Sample = TypeVar("Sample")
Make = Callable[[Sources, Generator], Sample]


def many(
    make: Make[Sample], count: int, source: Sources, seed: int, processes: int = 1
) -> list[Sample]:
    """`count` samples that `make`, a function of a module, makes of the source."""
    sizes = [min(CHUNK, count - at) for at in range(0, count, CHUNK)]
    seeds = [(seed, number) for number in range(len(sizes))]
    if processes == 1:
        return list(chain(*map(partial(_chunk, make, source), sizes, seeds)))
    context = get_context("spawn")  # forked copies of a process with threads may hang
    with ProcessPoolExecutor(processes, context, _share, (source,)) as pool:
        return list(chain(*pool.map(partial(_chunk, make, None), sizes, seeds)))


_shared: list[Sources] = []  # of a worker process


def _share(source: Sources) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for who asked
    cv2.setNumThreads(1)
    threads.of_onnx = 1
    _shared[:] = [source]


def _chunk(
    make: Make[Sample], source: Sources | None, size: int, seed: tuple[int, int]
) -> list[Sample]:
    rng = np.random.default_rng(seed)
    return [make(source or _shared[0], rng) for _ in range(size)]
