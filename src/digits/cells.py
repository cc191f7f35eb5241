"""Text as a cell of a table that a spreadsheet may open."""

FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001, spreadsheets calculate what begins so


def cell(name: str) -> str:
    """A file's name, or what begins with one, that no spreadsheet takes for a formula.

    `./=1+1.png` is the same file as `=1+1.png`.
    """
    return f"./{name}" if name.startswith(FORMULA) else name
