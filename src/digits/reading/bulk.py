"""Read very many pictures with all cores, and go on where one kills its process.

Pictures stream through: no more than a few per core are in memory. Answers come in the pictures'
order, one picture at a time.
"""

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from multiprocessing import get_context, parent_process
from pathlib import Path

from digits.errors import DigitsError
from digits.reading.answer import Answer
from digits.reading.answer_file import Answers
from digits.reading.pages import read_pages
from digits.reading.reader import Reader
from digits.vision.files import STDIN, source

IN_FLIGHT = 8  # pictures per process: enough that none waits for the slowest
MOST_CRASHES = 5  # one after the other

Read = Callable[..., Answers]
Arguments = tuple[str] | tuple[str, Path | bytes]  # a name, and what is in it if it is no file


def read_all(
    names: Iterable[str],
    model: Path,
    expect: str = "auto",
    top_k: int = 1,
    decimal: str = ".",
    processes: int = 0,
) -> Iterator[Answers]:
    """The answers to each name's pages as plain data, in the order of the names.

    A picture that kills its process (a decoder's fault) gets an answer `error` like any other.

    Raises:
        DigitsError: the model cannot be loaded, or loading it crashes.
    """
    count = processes or os.cpu_count() or 1
    read = partial(_read, model, expect, top_k, decimal)
    waiting = iter(names)
    flying: deque[tuple[Arguments, Future[Answers]]] = deque()
    pool, crashes = _pool(count), 0
    try:
        while True:
            while len(flying) < IN_FLIGHT * count and (name := next(waiting, None)) is not None:
                # workers have no standard input
                given: Arguments = (name, source(name)) if name == STDIN else (name,)
                flying.append((given, _submit(pool, read, given)))
            if not flying:
                return
            given, future = flying.popleft()
            try:
                yield future.result()
                crashes = 0
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                answers = _alone(given, read, model, expect)
                crashes = crashes + 1 if answers[-1]["status"] == "error" else 0
                if crashes == MOST_CRASHES:
                    raise DigitsError(
                        "reading crashes on every picture; is memory short?"
                    ) from None
                yield answers
                pool = _pool(count)
                flying = deque((other, _submit(pool, read, other)) for other, _ in flying)
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(count: int) -> ProcessPoolExecutor:
    # Forked copies of ONNX Runtime's threads would hang.
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_start)


def _submit(pool: ProcessPoolExecutor, read: Read, given: Arguments) -> "Future[Answers]":
    try:
        with _interrupts_held():
            return pool.submit(read, *given)
    except BrokenProcessPool as error:
        broken: Future[Answers] = Future()
        broken.set_exception(error)
        return broken


def _alone(given: Arguments, read: Read, model: Path, expect: str) -> Answers:
    """Read one picture in a process of its own: was it this one that killed the others?"""
    with _pool(1) as pool:
        try:
            with _interrupts_held():
                loaded = pool.submit(_load, model, expect)
            loaded.result()
        except BrokenProcessPool:
            raise DigitsError(f"{model}: loading it crashes; get another copy") from None
        try:
            return pool.submit(read, *given).result()
        except BrokenProcessPool:
            return [Answer(given[0], "error", error=f"{given[0]}: its decoder crashed").as_json()]


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Workers that start within never see a Ctrl-C, which reaches all: it is their parent's."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# What workers do


def _start() -> None:
    import cv2

    from digits import classifier

    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    classifier.compute_on_one_thread()


def _end_with_parent() -> None:
    """The pool tells its workers of every end of their parent but a kill."""
    parent = parent_process()
    assert parent
    parent.join()
    os._exit(1)


@cache
def _reader(model: Path, expect: str) -> Reader:
    from digits import classifier

    return Reader.expecting(classifier.load(model), expect)


def _load(model: Path, expect: str) -> None:
    _reader(model, expect)


def _read(
    model: Path, expect: str, top_k: int, decimal: str, name: str, data: bytes | None = None
) -> Answers:
    answers = read_pages(_reader(model, expect), name, data=data)
    return [answer.as_json(top_k, decimal) for answer in answers]
