"""Files in UNIPEN's format (Guyon et al. 1994): pen strokes as text, and what they are labelled.

A file is a row of statements: a keyword with a dot at the beginning of a line, and what follows it.
`.PEN_DOWN` and `.PEN_UP` hold points, in the columns that `.COORD` names; each that holds any is a
component, and these are counted from 0. `.SEGMENT CHARACTER 3-5 OK "a"` says what components show,
`.WRITER_ID` who wrote them, and `.INCLUDE` has another file read in its place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digits.errors import DigitsError, reason

SUFFIXES = (".dat", ".unp", ".tra", ".tes")  # of UNIPEN's release, and of pendigits' originals
DEEPEST = 8  # files that include each other
_KEYWORD = re.compile(r"^[ \t]*\.([A-Z][A-Z_]*)", re.M)
_LABEL = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S)
_RANGE = re.compile(r"(\d+)(?::(\d+))?(?:-(\d+)(?::(\d+))?)?")


@dataclass(frozen=True)
class Sample:
    """What is labelled: strokes (P, 2) float32, x to the right and y down; `kind` is its level
    (CHARACTER, WORD, ...), `writer` "" where nobody is named."""

    kind: str
    label: str
    writer: str
    strokes: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class _Segment:
    kind: str
    where: str
    label: str
    writer: str


def read(path: Path, root: Path | None = None) -> list[Sample]:
    """The labelled samples of a file, in its order. Those labelled BAD, without a label, or of
    strokes that are not told are left out. What a file includes lies beside it, in `root` (by
    default the file's folder) or in `root`/include.

    Raises:
        DigitsError: it cannot be read, points are no numbers, or a segment's component is missing.
    """
    reader = _Reader(root or path.parent)
    reader.take(path)
    found = [
        Sample(segment.kind, segment.label, segment.writer or reader.writer,
               reader.strokes(path, segment))
        for segment in reader.segments
    ]  # fmt: skip
    return [sample for sample in found if sample.strokes]


class _Reader:
    """What statements have said so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.columns = ["X", "Y"]
        self.per_inch = {"X": 1.0, "Y": 1.0}
        self.writer = ""
        self.components: list[np.ndarray | None] = []  # None while the pen was up
        self.segments: list[_Segment] = []
        self.missing: list[str] = []  # files to be included

    def take(self, path: Path, depth: int = 0) -> None:
        try:
            text = path.read_text("latin-1")
        except OSError as error:
            raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
        if depth > DEEPEST:
            raise DigitsError(f"{path}: files that include each other, deeper than {DEEPEST}")
        for line, keyword, rest in _statements(text):
            try:
                self._say(path, keyword, rest, depth)
            except ValueError as error:
                raise DigitsError(f"{path}: line {line}: .{keyword}: {reason(error)}") from None

    def _say(self, path: Path, keyword: str, rest: str, depth: int) -> None:
        words = rest.split()
        if keyword in ("PEN_DOWN", "PEN_UP"):
            if words:
                points = self._points(words)
                self.components.append(points if keyword == "PEN_DOWN" else None)
        elif keyword == "SEGMENT":
            self._segment(rest)
        elif keyword == "COORD":
            self.columns = words
            if not {"X", "Y"} <= set(words):
                raise ValueError("names no X and Y")
        elif keyword in ("X_POINTS_PER_INCH", "Y_POINTS_PER_INCH") and words:
            self.per_inch[keyword[0]] = float(words[0])
        elif keyword == "WRITER_ID":
            self.writer = " ".join(words)
        elif keyword == "COMMENT":
            self._writer_in_comment(words)
        elif keyword == "INCLUDE":
            self._include(path, rest.strip(), depth)

    def _points(self, words: list[str]) -> np.ndarray:
        """Points (P, 2) float32; UNIPEN's y goes up, and pixels need not be square."""
        values = np.array(words, float)
        if len(values) % len(self.columns) or not np.isfinite(values).all():
            raise ValueError(f"{len(values)} numbers, of {len(self.columns)} columns")
        table = values.reshape(-1, len(self.columns))
        x, y = (table[:, self.columns.index(name)] for name in "XY")
        square = self.per_inch["X"] / self.per_inch["Y"] if min(self.per_inch.values()) > 0 else 1
        return np.stack([x, -y * square], axis=1).astype(np.float32)

    def _segment(self, rest: str) -> None:
        label = _LABEL.search(rest)
        words = (rest[: label.start()] if label else rest).split()
        if label and len(words) > 1 and words[-1] != "BAD":
            text = re.sub(r"\\(.)", r"\1", label[1])
            self.segments.append(_Segment(words[0], words[1], text, self.writer))

    def _writer_in_comment(self, words: list[str]) -> None:
        """pendigits' files name no writers but in comments, `label writer number`."""
        last = self.segments[-1] if self.segments else None
        numbers = len(words) == 3 and all(word.isdecimal() for word in words)
        if last and numbers and words[0] == last.label and not self.writer:
            self.segments[-1] = _Segment(last.kind, last.where, last.label, words[1])

    def _include(self, path: Path, name: str, depth: int) -> None:
        root = self.root.resolve()
        places = [folder / name for folder in (path.parent, root / "include", root)]
        there = [place for place in places if place.is_file()]
        if not there:
            self.missing.append(name)  # many a file includes a text that was not handed on
        elif not there[0].resolve().is_relative_to(root):
            raise ValueError(f"{name} lies outside of {self.root}")
        else:
            self.take(there[0], depth + 1)

    def strokes(self, path: Path, segment: _Segment) -> tuple[np.ndarray, ...]:
        """The strokes of a segment, of the components `3`, `1-4`, `2:10-3:5` (from point 10 of 2 to
        point 5 of 3, counted from 0) or several of these with commas; none if that is not told.

        Raises:
            DigitsError: the file has no such component.
        """
        found: list[np.ndarray] = []
        for part in segment.where.split(","):
            match = _RANGE.fullmatch(part)
            if not match:
                return ()
            first, after, last, until = (int(g) if g else None for g in match.groups())
            numbers = range(first or 0, (first or 0 if last is None else last) + 1)
            if not numbers or numbers[-1] >= len(self.components):
                raise DigitsError(f"{path}: {self._lacks(segment, part)}")
            for number in numbers:
                start = after if number == numbers[0] else None
                end = until + 1 if until is not None and number == numbers[-1] else None
                points = self.components[number]
                found += [] if points is None else [points[start:end]]
        return tuple(points for points in found if len(points))

    def _lacks(self, segment: _Segment, part: str) -> str:
        missing = f"; {self.missing[0]}, which it includes, is missing" if self.missing else ""
        return (
            f"segment {segment.label!r:.20} is of component {part}, and there are "
            f"{len(self.components)}{missing}"
        )


def _statements(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, keyword and what follows it, of each statement."""
    found = list(_KEYWORD.finditer(text))
    line, at = 1, 0
    for i, match in enumerate(found):
        end = found[i + 1].start() if i + 1 < len(found) else len(text)
        line, at = line + text.count("\n", at, match.start(1)), match.start(1)
        yield line, match[1], text[match.end() : end]
