"""Read very many pictures with all cores, and go on where one kills its process.

Pictures stream through: no more than a few dozen per core are in memory. Answers come in the files'
order, one file at a time.
"""

import contextlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import cache, partial
from multiprocessing import get_context, parent_process
from pathlib import Path

from digits.bulk.answer_file import Answers
from digits.errors import DigitsError
from digits.pictures.files import STDIN, size, source
from digits.pictures.load import Picture, load
from digits.pictures.packed import File
from digits.reading.answer import Answer
from digits.reading.pages import loaded, read_loaded
from digits.reading.reader import Reader

TOGETHER = 32  # files that a process is given at once: their tiles are one batch, one message
SHARES = 4  # but so few that each process is given some as often as this: none waits at the end
IN_FLIGHT = 3  # of these per process: enough that none waits for the slowest
MOST_CRASHES = 5  # one after the other
MOST_BYTES_OF_TILE = 8192  # of a file that may be a tile, whose picture is kept for the batch

Given = tuple[File, Path | bytes | None]  # a file, and what is in it if a process cannot see it
Read = Callable[[Sequence[Given]], list[Answers]]


class Workers:
    """Processes that read files with a model: `with Workers(model, ...) as workers`.

    Raises:
        DigitsError: from `read`, when the model cannot be loaded, or loading it crashes.
    """

    def __init__(
        self,
        model: Path,
        expect: str = "auto",
        top_k: int = 1,
        decimal: str = ".",
        seconds: float | None = None,
        processes: int = 0,
    ) -> None:
        self._reader = model, expect, seconds
        self._read: Read = partial(_read, self._reader, top_k, decimal)
        self._count = processes or os.cpu_count() or 1
        self._pool = _pool(self._count)
        self._crashes = 0  # one after the other

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def read(self, files: Sequence[File]) -> Iterator[Answers]:
        """The answers to each file's pages as plain data, in the order of the files.

        A picture that kills its process (a decoder's fault) gets an answer `error` like any other.
        """
        together = max(1, min(TOGETHER, len(files) // (SHARES * self._count)))
        waiting = (files[at : at + together] for at in range(0, len(files), together))
        flying: deque[tuple[list[Given], Future[list[Answers]]]] = deque()
        while True:
            while len(flying) < IN_FLIGHT * self._count and (some := next(waiting, None)):
                # workers have no standard input
                given = [(file, source(file) if file.name == STDIN else None) for file in some]
                flying.append((given, _submit(self._pool, self._read, given)))
            if not flying:
                return
            given, future = flying.popleft()
            try:
                yield from future.result()
                self._crashes = 0
            except BrokenProcessPool:
                self._pool.shutdown(cancel_futures=True)
                yield from self._one_by_one(given)
                self._pool = _pool(self._count)
                flying = deque(
                    (other, _submit(self._pool, self._read, other)) for other, _ in flying
                )

    def _one_by_one(self, given: list[Given]) -> Iterator[Answers]:
        """Read files in a process of their own: which of them was it that killed it?"""
        with contextlib.ExitStack() as stack:
            pool: ProcessPoolExecutor | None = None
            for one in given:
                pool = pool or stack.enter_context(self._with_model())
                try:
                    (answers,) = pool.submit(self._read, [one]).result()
                    self._crashes = 0
                except BrokenProcessPool:
                    pool = None
                    self._crashes += 1
                    if self._crashes == MOST_CRASHES:
                        raise DigitsError(
                            "reading crashes on every picture; is memory short?"
                        ) from None
                    name = one[0].name
                    crashed = Answer(name, "error", error=f"{name}: its decoder crashed")
                    answers = [crashed.as_json()]
                yield answers

    def _with_model(self) -> ProcessPoolExecutor:
        """A process that has loaded the model."""
        pool = _pool(1)
        try:
            with _interrupts_held():
                loaded = pool.submit(_load, *self._reader)
            loaded.result()
        except BrokenProcessPool:
            pool.shutdown()
            raise DigitsError(f"{self._reader[0]}: loading it crashes; get another copy") from None
        return pool


def _pool(count: int) -> ProcessPoolExecutor:
    # Forked copies of ONNX Runtime's threads would hang.
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_start)


def _submit(pool: ProcessPoolExecutor, read: Read, given: list[Given]) -> "Future[list[Answers]]":
    try:
        with _interrupts_held():
            return pool.submit(read, given)
    except BrokenProcessPool as error:
        broken: Future[list[Answers]] = Future()
        broken.set_exception(error)
        return broken


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
    from digits import classifier

    threading.Thread(target=_end_with_parent, daemon=True).start()
    classifier.compute_on_one_thread()


def _end_with_parent() -> None:
    """The pool tells its workers of every end of their parent but a kill."""
    parent = parent_process()
    assert parent
    parent.join()
    os._exit(1)


@cache
def _reader(model: Path, expect: str, seconds: float | None) -> Reader:
    from digits import classifier

    return Reader.expecting(classifier.load(model), expect, seconds)


def _load(model: Path, expect: str, seconds: float | None) -> None:
    _reader(model, expect, seconds)


def _read(
    of: tuple[Path, str, float | None], top_k: int, decimal: str, given: Sequence[Given]
) -> list[Answers]:
    reader = _reader(*of)
    start = time.perf_counter()
    small = [_small(file, reader.in_colour) if data is None else None for file, data in given]
    places = [k for k, picture in enumerate(small) if picture]
    answered = dict(zip(places, reader.read_tiles([one for one in small if one]), strict=True))
    seconds = (time.perf_counter() - start) / len(given)
    answers: list[Answers] = []
    for place, (file, data) in enumerate(given):
        if tile := answered.get(place):
            some = [replace(tile, image=file.name, seconds=seconds)]
        else:
            some = read_loaded(reader, file.name, loaded(file, data, reader.in_colour))
        answers.append([answer.as_json(top_k, decimal) for answer in some])
    return answers


def _small(file: File, colour: bool) -> Picture | None:
    """The one picture of a small file, which may be a tile; None where there is none."""
    if size(file) > MOST_BYTES_OF_TILE:
        return None
    try:
        picture = load(source(file), file.name, colour)
    except DigitsError:  # it is said when it is read
        return None
    return None if picture.more else picture
