"""A file of answers that grows by one picture at a time, and can be gone on with after any kill."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from digits import checkpoint
from digits.cells import cell, cell_text, text_cell
from digits.errors import DigitsError, UsageError, told
from digits.extras import required
from digits.pictures.files import STDIN
from digits.spec import STATUSES

try:
    import fcntl
except ImportError:  # Windows has no such lock: two at once are not told apart there
    fcntl = None  # type: ignore[assignment]

SUFFIXES = (".csv", ".jsonl", ".parquet")
COLUMNS = (
    "image", "page", "pages", "status", "text", "probability", "alternatives", "boxes", "model",
    "expect", "why", "warnings", "seconds", "error",
)  # fmt: skip
NOTED = ["image", "model", "expect", "status"]  # of a table whose answers are gone on with
HEADER = (",".join(COLUMNS) + "\r\n").encode()
FIRST_KEY = b'{"image": '
MOST_FIELD = 1 << 20  # characters of a cell; of 2,500 rows 0.2 million, more than Python takes
CHUNK = 10_000  # answers turned into Parquet at a time

Answers = list[dict[str, Any]]  # to the pages of one picture file


class AnswerFile:
    """A .csv, .jsonl or .parquet file, locked while it is open: `with AnswerFile(...) as file`.

    Parquet cannot be appended to: its answers lie in a .jsonl beside it until the end. A file that
    got no answer is not left behind. `answered` names the pictures that have answers, of which
    `failed` are errors.

    Raises:
        UsageError: the suffix is not known.
        DigitsError: the file exists and is not to be gone on with, or is not one of these;
            another process writes it.
    """

    def __init__(self, path: Path, resume: bool) -> None:
        if path.suffix not in SUFFIXES:
            hint = "; .xlsx with --table" if path.suffix == ".xlsx" else ""
            raise UsageError(f"--output {path}: known are {', '.join(SUFFIXES)}{hint}")
        if path.suffix == ".parquet":
            _parquet()  # what is not installed is said before anything is read
        self.path = path
        self._is_csv = path.suffix == ".csv"
        self.journal = path.with_name(path.name + ".jsonl") if path.suffix == ".parquet" else path
        if not resume and (path.exists() or self.journal.exists()):
            raise DigitsError(f"--output {path}: exists; add --resume to go on, or remove it")
        self._made_with: dict[str, set[str]] = {"model": set(), "expect": set()}
        self.failed = 0
        self._file = self._locked("x+b" if not resume else "a+b")
        try:
            self.answered = set(self._answered())
        except DigitsError:
            self._close()
            raise

    def __enter__(self) -> "AnswerFile":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self.path.suffix == ".parquet" and self._file.tell():
                self._to_parquet()
        finally:
            self._close()

    def has(self, name: str) -> bool:
        """Whether a picture has its answers."""
        return self._stored(name) in self.answered

    def check(self, model: str, expect: str) -> None:
        """Let pass a file whose answers are all by this model, told to expect this.

        Raises:
            DigitsError: some are by another, or were told to expect something else.
        """
        for flag, given, stored in (
            ("model", model, self._stored(model)),
            ("expect", expect, expect),
        ):
            others = sorted(self._made_with[flag] - {stored})
            if others:
                raise DigitsError(
                    f"--output {self.path}: its answers are by --{flag} {others[0]}, not {given}; "
                    f"name another file, or --{flag} {others[0]}"
                )

    def _stored(self, name: str) -> str:
        return _cell(name) if self._is_csv else name

    def write(self, answers: Answers) -> None:
        """Add a picture's answers; they are with the operating system when this returns."""
        with told(f"--output {self.path}: not written"):
            if self._is_csv and not self._file.tell():
                self._file.write(HEADER)
            self._file.write(_as_csv(answers) if self._is_csv else _as_json(answers))
            self._file.flush()

    def _locked(self, mode: str) -> IO[bytes]:
        """The file that is written to, open, and locked until it is closed or we are killed."""
        with told(f"--output {self.path}: cannot be written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.journal.open(mode)
            try:
                if fcntl:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise DigitsError(
                    f"--output {self.path}: another process writes it; wait, or name another file"
                ) from None
        if not os.fstat(file.fileno()).st_nlink:  # who had it before has just removed it
            file.close()
            raise DigitsError(f"--output {self.path}: another process wrote it; try again")
        return file

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # a full disk was told of when it was written to
            self._file.flush()
        with contextlib.suppress(OSError):
            if not self.journal.stat().st_size:
                if fcntl is None:  # Windows deletes no file that is open
                    self._file.close()
                self.journal.unlink()
        with contextlib.suppress(OSError):
            self._file.close()

    def _answered(self) -> Iterator[str]:
        """The pictures that have all their answers; what is not whole at the end is cut off."""
        if self.path.suffix == ".parquet" and self.path.exists():
            for row in self._in_parquet():
                self._note(row)
                yield row["image"]
        self._file.seek(0)
        rows = _csv_rows if self._is_csv else _json_rows
        whole = 0
        try:
            for end, row in rows(self._file):
                if row["status"] not in STATUSES:
                    raise ValueError(row["status"])
                if int(row["page"]) == int(row["pages"]):
                    whole = end
                    self._note(row)
                    yield row["image"]
        except (ValueError, KeyError, TypeError, RecursionError, csv.Error):
            raise self._foreign(self.journal) from None
        self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)

    def _note(self, row: dict[str, Any]) -> None:
        expect = str(row["expect"])
        self._made_with["model"] |= {str(row["model"])} - {""}
        self._made_with["expect"] |= {cell_text(expect) if self._is_csv else expect}
        self.failed += row["status"] == "error"

    def _foreign(self, path: Path) -> DigitsError:
        return DigitsError(
            f"--output {path}: not a file of answers of this version; it stays as it is: name "
            "another file"
        )

    def _in_parquet(self) -> Answers:
        """Of each of its rows what is NOTED."""
        import pyarrow

        parquet = _parquet()
        try:
            with parquet.ParquetFile(self.path) as file:
                if tuple(file.schema_arrow.names) != COLUMNS:
                    raise ValueError
                batches = file.iter_batches(CHUNK)  # of all columns: damage shows now
                rows = [row for some in batches for row in some.select(NOTED).to_pylist()]
                return [{**row, "image": os.fsdecode(row["image"])} for row in rows]
        except (pyarrow.ArrowException, OSError, ValueError, TypeError):
            raise self._foreign(self.path) from None

    def _to_parquet(self) -> None:
        """Write the old Parquet file and the journal together, some answers at a time."""
        import pyarrow

        parquet = _parquet()
        old = {row["image"] for row in self._in_parquet()} if self.path.exists() else set()
        self._file.seek(0)
        new = [row["image"] for _, row in _json_rows(self._file)]
        text, names = pyarrow.string(), pyarrow.string()
        if any(_utf8(name) != name for name in [*old, *new]):
            names = pyarrow.binary()  # Parquet's text is UTF-8
        kinds = {"image": names, "page": pyarrow.int32(), "pages": pyarrow.int32()}
        kinds |= {"probability": pyarrow.float64(), "seconds": pyarrow.float64()}
        schema = pyarrow.schema([(name, kinds.get(name, text)) for name in COLUMNS])

        def fill(file: IO[bytes]) -> None:
            with parquet.ParquetWriter(file, schema) as writer:
                if self.path.exists():
                    with parquet.ParquetFile(self.path) as before:
                        for batch in before.iter_batches(CHUNK):
                            writer.write_table(pyarrow.Table.from_batches([batch]).cast(schema))
                for rows in self._chunks(old, as_bytes=names == pyarrow.binary()):
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema))

        checkpoint.write_atomically(self.path, fill)
        self._file.truncate(0)

    def _chunks(self, old: set[str], as_bytes: bool) -> Iterator[Answers]:
        """The journal's rows, less pictures that are in the Parquet file already: a kill between
        that one's renaming and the journal's end leaves them in both."""

        def row_of(row: dict[str, Any]) -> dict[str, Any]:
            flat = {k: _utf8(v) if isinstance(v, str) else v for k, v in _flat(row).items()}
            return flat | {"image": os.fsencode(row["image"]) if as_bytes else row["image"]}

        self._file.seek(0)
        new = (row_of(row) for _, row in _json_rows(self._file) if row["image"] not in old)
        return iter(lambda: list(islice(new, CHUNK)), [])


def _flat(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as a row of a table: rows of digits joined by spaces, warnings by semicolons; what
    each row may say and its box as JSON."""
    row = {name: answer.get(name, "") for name in COLUMNS}
    return row | {
        "text": answer["text"].replace("\n", " "),
        "alternatives": json.dumps([row["alternatives"] for row in answer["rows"]]),
        "boxes": json.dumps([row["box"] for row in answer["rows"]]),
        "warnings": "; ".join(answer["warnings"]),
    }


def _cell(text: str) -> str:
    return text if text == STDIN else cell(text)


def _as_csv(answers: Answers) -> bytes:
    """Rows with RFC 4180's line ends; bytes of a name that are not UTF-8 stay as they are."""
    text = io.StringIO(newline="")
    for answer in answers:
        row = _flat(answer)
        row |= {name: _cell(row[name]) for name in ("image", "model", "error")}
        row |= {name: text_cell(row[name]) for name in ("text", "expect")}
        csv.writer(text).writerow(row.values())
    return text.getvalue().encode("utf-8", "surrogateescape")


def _as_json(answers: Answers) -> bytes:
    """A line each; what is not UTF-8 in a name is JSON's (and Python's) escape `\\udcff`."""
    return b"".join(_utf8(json.dumps(a, ensure_ascii=False) + "\n").encode() for a in answers)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _csv_rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, str]]]:
    """Whole rows below the header, each with the byte at which it ends.

    Raises:
        ValueError, csv.Error: it has another header, or a row of another kind.
    """
    header = file.readline()
    if header != HEADER:
        if not HEADER.startswith(header):
            raise ValueError(header)
        return
    at, line = len(header), b""

    def lines() -> Iterator[str]:
        nonlocal at, line
        for line in file:
            at += len(line)
            yield line.decode("utf-8", "surrogateescape")

    csv.field_size_limit(MOST_FIELD)
    rows = csv.reader(lines(), strict=True)
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            if not file.read(1):  # torn within quotes: nothing comes after it
                return
            raise
        if row is None or not line.endswith(b"\r\n"):
            return
        yield at, dict(zip(COLUMNS, row, strict=True))


def _json_rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Whole lines, each with the byte at which it ends.

    Raises:
        ValueError: a line is no JSON, or a torn one is not the beginning of an answer.
    """
    at = 0
    for line in file:
        if not line.startswith(FIRST_KEY[: len(line)]):
            raise ValueError(line)
        if not line.endswith(b"\n"):
            return
        at += len(line)
        yield at, json.loads(line)


def _parquet() -> Any:
    return required("pyarrow.parquet", "--output: .parquet", "or use .csv or .jsonl")
