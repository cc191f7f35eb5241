"""Read very many pictures with all cores into one file of answers, and go on where it stopped.

Pictures stream through: no more than a few per core are in memory. Answers are written in the
pictures' order, one at a time, so that a run that was broken off has lost at most those in flight.
"""

import csv
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any

from digits.errors import DigitsError
from digits.reading.answer import Answer
from digits.reading.reader import Reader

SUFFIXES = (".csv", ".jsonl", ".parquet")
COLUMNS = ("image", "status", "text", "probability", "warnings", "seconds", "error")
IN_FLIGHT = 8  # pictures per process: enough that none waits for the slowest
MOST_CRASHES = 5  # one after the other
CHUNK = 10_000  # answers turned into Parquet at a time


def read_all(
    names: Iterable[str], model: Path, expect: str = "auto", top_k: int = 1, processes: int = 0
) -> Iterator[dict[str, Any]]:
    """Answers as plain data, in the order of the names.

    A picture that kills its process (a decoder's fault) gets an answer `error` like any other.
    """
    count = processes or os.cpu_count() or 1
    waiting = iter(names)
    flying: deque[tuple[str, Future[dict[str, Any]]]] = deque()
    pool, crashes = _pool(count, model, expect, top_k), 0
    try:
        while True:
            while len(flying) < IN_FLIGHT * count and (name := next(waiting, None)) is not None:
                flying.append((name, _submit(pool, name)))
            if not flying:
                return
            name, future = flying.popleft()
            try:
                yield future.result()
                crashes = 0
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                answer = _alone(name, model, expect, top_k)
                crashes = crashes + 1 if answer["status"] == "error" else 0
                if crashes == MOST_CRASHES:
                    raise DigitsError(
                        "reading crashes on every picture; is memory short?"
                    ) from None
                yield answer
                pool = _pool(count, model, expect, top_k)
                flying = deque((other, _submit(pool, other)) for other, _ in flying)
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(count: int, model: Path, expect: str, top_k: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        count,
        mp_context=get_context("spawn"),  # forked copies of ONNX Runtime's threads would hang
        initializer=_start,
        initargs=(model, expect, top_k),
    )


def _submit(pool: ProcessPoolExecutor, name: str) -> "Future[dict[str, Any]]":
    try:
        return pool.submit(_read, name)
    except BrokenProcessPool as error:
        broken: Future[dict[str, Any]] = Future()
        broken.set_exception(error)
        return broken


def _alone(name: str, model: Path, expect: str, top_k: int) -> dict[str, Any]:
    """Read one picture in a process of its own: was it this one that killed the others?"""
    with _pool(1, model, expect, top_k) as pool:
        try:
            return pool.submit(_read, name).result()
        except BrokenProcessPool:
            return Answer(name, "error", error=f"{name}: its decoder crashed").as_json()


_worker: dict[str, Any] = {}  # of one process: its reader, and how many labels to give


def _start(model: Path, expect: str, top_k: int) -> None:
    import cv2

    from digits import classifier

    cv2.setNumThreads(1)
    classifier.compute_on_one_thread()
    _worker.update(reader=Reader.expecting(classifier.load(model), expect), top_k=top_k)


def _read(name: str) -> dict[str, Any]:
    return _worker["reader"].read_file(name).as_json(_worker["top_k"])


class AnswerFile:
    """A file of answers, .csv, .jsonl or .parquet, that is written one answer at a time.

    Parquet cannot be appended to: its answers lie in a .jsonl beside it until `finish`.

    Raises:
        DigitsError: the suffix is not known; the file exists and is not to be gone on with.
    """

    def __init__(self, path: Path, resume: bool) -> None:
        if path.suffix not in SUFFIXES:
            raise DigitsError(f"--output {path}: known are {', '.join(SUFFIXES)}")
        self.path = path
        self.journal = path.with_name(path.name + ".jsonl") if path.suffix == ".parquet" else path
        if not resume and (path.exists() or self.journal.exists()):
            raise DigitsError(f"--output {path}: exists; add --resume to go on, or remove it")
        self.answered = set(self._answered())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = self.journal.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise DigitsError(f"--output {path}: cannot be written: {error.strerror}") from None
        if path.suffix == ".csv" and not self._file.tell():
            csv.writer(self._file).writerow(COLUMNS)

    def write(self, answer: dict[str, Any]) -> None:
        """Add one answer; it is with the operating system when this returns."""
        try:
            if self.path.suffix == ".csv":
                csv.writer(self._file).writerow(_flat(answer).values())
            else:
                self._file.write(json.dumps(answer, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise DigitsError(f"--output {self.path}: not written: {error.strerror}") from None

    def finish(self) -> None:
        """Close the file; make a Parquet file whole."""
        self._file.close()
        if self.path.suffix == ".parquet":
            self._to_parquet()

    def _answered(self) -> Iterator[str]:
        """The pictures that have an answer; half a line at the end is cut off."""
        if self.path.suffix == ".parquet" and self.path.exists():
            yield from _parquet().read_table(self.path, columns=["image"])["image"].to_pylist()
        if not self.journal.exists():
            return
        _drop_torn_line(self.journal)
        with self.journal.open(encoding="utf-8", newline="") as file:
            if self.journal.suffix == ".csv":
                yield from (row["image"] for row in csv.DictReader(file))
            else:
                yield from (json.loads(line)["image"] for line in file)

    def _to_parquet(self) -> None:
        """The old Parquet file and the journal together, some answers at a time."""
        import pyarrow

        parquet, temporary = _parquet(), self.path.with_name(f".{self.path.name}.tmp")
        schema = pyarrow.schema(
            [
                (
                    name,
                    pyarrow.float64() if name in ("probability", "seconds") else pyarrow.string(),
                )
                for name in COLUMNS
            ]
        )
        with parquet.ParquetWriter(temporary, schema) as writer:
            if self.path.exists():
                for batch in parquet.ParquetFile(self.path).iter_batches(CHUNK):
                    writer.write_batch(batch)
            for rows in _chunks(self.journal):
                writer.write_table(pyarrow.Table.from_pylist(rows, schema))
        temporary.replace(self.path)
        self.journal.unlink()


def _flat(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as a row of a table: rows of digits joined by spaces, warnings by semicolons."""
    row = {name: answer.get(name, "") for name in COLUMNS}
    return row | {
        "text": answer["text"].replace("\n", " "),
        "warnings": "; ".join(answer["warnings"]),
    }


def _chunks(journal: Path) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    with journal.open(encoding="utf-8") as file:
        for line in file:
            rows.append(_flat(json.loads(line)))
            if len(rows) == CHUNK:
                yield rows
                rows = []
    if rows:
        yield rows


def _drop_torn_line(path: Path) -> None:
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        while size:
            file.seek(max(0, size - 4096))
            tail = file.read(size - file.tell())
            if b"\n" in tail:
                file.truncate(size - len(tail) + tail.rindex(b"\n") + 1)
                return
            size -= len(tail)
        file.truncate(0)


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise DigitsError(
            "--output: .parquet needs pyarrow: pip install pyarrow; or use .csv or .jsonl"
        ) from None
    return pyarrow.parquet
