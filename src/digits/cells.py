"""Text as a cell of a table that a spreadsheet may open."""

import re

FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001, spreadsheets calculate what begins so
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)  # calculated, it is what it was
MARK = "'"  # the sign before a cell that is text


def cell(name: str) -> str:
    """A file's name, or what begins with one, that no spreadsheet takes for a formula.

    `./=1+1.png` is the same file as `=1+1.png`.
    """
    return f"./{name}" if name.startswith(FORMULA) else name


def text_cell(text: str) -> str:
    """What stands in a picture, as no formula: `-1-2` becomes `'-1-2`; the number `-12` stays."""
    marked = text.lstrip(MARK).startswith(FORMULA) and not NUMBER.fullmatch(text)
    return MARK + text if marked else text


def cell_text(cell: str) -> str:
    """What stands in the picture of which `text_cell` made this cell."""
    marked = cell.startswith(MARK) and cell.lstrip(MARK).startswith(FORMULA)
    return cell[len(MARK) :] if marked else cell
