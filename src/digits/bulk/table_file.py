"""A picture's numbers as the table that they stand in: a .csv or .xlsx file."""

import csv
import io
import re
from pathlib import Path
from typing import Any

from digits import checkpoint
from digits.cells import text_cell
from digits.errors import DigitsError, UsageError
from digits.extras import required
from digits.reading.answer import Answer, value
from digits.reading.table import grid

SUFFIXES = (".csv", ".xlsx")
IN_DOUBT = "FFE699"  # the colour of a cell: yellow


def check(path: Path) -> None:
    """Whether a table can be written there, before anything is read.

    Raises:
        UsageError: the suffix is not known.
        DigitsError: the file exists, or openpyxl is not installed.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"--output {path}: a table is one of {', '.join(SUFFIXES)}")
    if path.exists():
        raise DigitsError(f"--output {path}: exists; remove it, or name another file")
    if path.suffix == ".xlsx":
        _openpyxl()


def write(path: Path, answer: Answer, decimal: str = ".") -> None:
    """The table of an answer: its texts as CSV, or its values, where they are numbers, as XLSX, in
    which cells in doubt are coloured.

    Numbers that make no table are a column, in reading order. `decimal` is the sign before the
    decimals of a number.

    Raises:
        DigitsError: the file cannot be written.
    """
    where = answer.places or [(line, 1) for line in range(1, len(answer.rows) + 1)]
    lines = grid([row.text for row in answer.rows], where)
    unsure = {place for row, place in zip(answer.rows, where, strict=True) if row.status != "read"}
    content = _as_csv(lines) if path.suffix == ".csv" else _as_xlsx(lines, unsure, decimal)
    checkpoint.write_bytes(path, content)


def _as_csv(lines: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([text_cell(text) for text in line] for line in lines)
    return text.getvalue().encode()


def _as_xlsx(lines: list[list[str]], unsure: set[tuple[int, int]], decimal: str) -> bytes:
    openpyxl = _openpyxl()
    book, coloured = openpyxl.Workbook(), openpyxl.styles.PatternFill("solid", IN_DOUBT)
    for y, line in enumerate(lines, 1):
        for x, text in enumerate(line, 1):
            number = value(text, decimal)
            is_code = re.match(r"-?0\d", text)  # as 007 and ZIP codes: their zeros are to stay
            cell = book.active.cell(y, x, text if number is None or is_code else number)
            if isinstance(cell.value, str):
                cell.data_type = "s"  # never a formula, whatever it begins with
            if (y, x) in unsure:
                cell.fill = coloured
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _openpyxl() -> Any:
    return required("openpyxl", "--output: .xlsx", "or use .csv")
