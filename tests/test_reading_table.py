"""The table among the numbers of a picture: lines and columns, and the file of it."""

import csv
import math
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from digits.bulk import table_file
from digits.commands import predict
from digits.errors import DigitsError
from digits.reading.answer import Answer, Digit, Row
from digits.reading.table import grid, places
from digits.tile import Box

NO_TILE = np.zeros((28, 28), np.uint8)
TABLE = [["12", "407", ""], ["5", "", "88"], ["3140", "9", "61"]]


def boxes(text: str, x: float, y: float, turn: float = 0.0) -> list[Box]:
    """Digits of 20x30 pixels from (x, y) on, on a page turned by so many degrees."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    at = [(x + 22 * k, y) for k in range(len(text))]
    return [(round(c * u - s * v), round(s * u + c * v), 20, 30) for u, v in at]


def table(turn: float = 0.0) -> tuple[list[str], list[list[Box]], list[tuple[int, int]]]:
    """The texts of TABLE in no order, where they stand, and in which line and column."""
    made = [
        (text, boxes(text, 100 + 150 * column, 200 + 60 * line, turn), (line + 1, column + 1))
        for line, texts in enumerate(TABLE)
        for column, text in enumerate(texts)
        if text
    ]
    random.Random(3).shuffle(made)
    texts, numbers, where = zip(*made, strict=True)
    return list(texts), list(numbers), list(where)


@pytest.mark.parametrize("turn", [-6, 0, 6])
def test_each_number_has_its_line_and_column(turn: float) -> None:
    texts, numbers, where = table(turn)
    assert places(numbers) == where
    assert grid(texts, where) == TABLE


@pytest.mark.parametrize(("lower", "lines"), [(15, [1, 1, 2, 2]), (22, [1, 2, 3, 3])])
def test_numbers_of_about_one_height_are_in_a_line(lower: int, lines: list[int]) -> None:
    """Of digits of 30 pixels, so much lower than the number beside it."""
    numbers = [
        boxes("12", x, y) for x, y in [(100, 200), (250, 200 + lower), (100, 300), (250, 300)]
    ]
    assert [line for line, _ in places(numbers)] == lines


@pytest.mark.parametrize(("overlap", "columns"), [(30, [1, 2, 3]), (45, [1, 1, 2])])
def test_columns_may_overlap_a_little(overlap: int, columns: list[int]) -> None:
    """Of numbers of 130 pixels one below the other."""
    numbers = [boxes("123456", 100, 200), boxes("123456", 230 - overlap, 300)]
    assert [column for _, column in places([*numbers, boxes("12", 500, 200)])] == columns


def test_short_numbers_do_not_tell_how_a_table_is_turned() -> None:
    numbers = [boxes("12", x, y) for y in (200, 260) for x in (100, 400)]
    askew = [[first, (x, y + 8, *size)] for first, (x, y, *size) in numbers]
    assert places(askew) == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_rows_one_below_the_other_or_side_by_side_are_no_table() -> None:
    assert places([boxes("12", 50, 60 * k) for k in range(5)]) == []
    assert places([boxes("12", 150 * k, 60) for k in range(5)]) == []
    assert places([]) == grid([], []) == []


def test_numbers_that_share_a_cell_stand_side_by_side_in_it() -> None:
    assert grid(["1", "2", "3"], [(1, 1), (1, 1), (2, 2)]) == [["1 2", ""], ["", "3"]]


def answer(texts: list[str], numbers: list[list[Box]]) -> Answer:
    rows = []
    for text, where in zip(texts, numbers, strict=True):
        made = [Digit(c, 0.99, box, [], NO_TILE) for c, box in zip(text, where, strict=True)]
        rows.append(Row(text, 0.98, where[0], [(text, 0.98)], made, 0.9, status="read"))
    return Answer("a.png", "read", "\n".join(texts), 0.9, rows)


def test_json_says_the_cells() -> None:
    texts, numbers, where = table()
    cells = answer(texts, numbers).as_json()["cells"]
    assert [(cell["row"], cell["column"]) for cell in cells] == where
    assert [cell["text"] for cell in cells] == texts
    assert cells[0]["box"] == list(numbers[0][0]) and cells[0]["probability"] == 0.98
    assert {cell["status"] for cell in cells} == {"read"}
    assert answer(["12"], [boxes("12", 5, 5)]).as_json()["cells"] == []


def test_the_file_is_the_table(tmp_path: Path) -> None:
    texts, numbers, _ = table()
    table_file.write(tmp_path / "a.csv", answer(texts, numbers))
    with (tmp_path / "a.csv").open(newline="") as file:
        assert list(csv.reader(file)) == TABLE
    table_file.write(tmp_path / "a.xlsx", answer(["07", *texts], [boxes("07", 0, 500), *numbers]))
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert [[cell.value for cell in line] for line in sheet] == [
        [None, 12, 407, None], [None, 5, None, 88], [None, 3140, 9, 61], ["07", None, None, None],
    ]  # fmt: skip


def test_cells_in_doubt_are_coloured(tmp_path: Path) -> None:
    texts, numbers, _ = table()
    read = answer(texts, numbers)
    doubted = [replace(row, status="unsure") if row.text == "9" else row for row in read.rows]
    table_file.write(tmp_path / "a.xlsx", replace(read, rows=doubted))
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    coloured = [cell.value for line in sheet for cell in line if cell.fill.patternType]
    assert coloured == [9]


@pytest.mark.parametrize(
    ("text", "kept"),
    [("0", 0), ("0.5", 0.5), ("-4", -4), ("07", "07"), ("-07", "-07"), ("12/5", "12/5")],
)
def test_what_a_spreadsheet_keeps_of_a_text(tmp_path: Path, text: str, kept: object) -> None:
    table_file.write(tmp_path / "a.xlsx", answer([text], [boxes(text, 0, 0)]))
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").active["A1"].value == kept


def test_no_text_is_a_formula(tmp_path: Path) -> None:
    """Of a model with classes of its own a text may begin with any sign."""
    table_file.write(tmp_path / "a.xlsx", answer(["=1+1"], [boxes("=1+1", 0, 0)]))
    cell = openpyxl.load_workbook(tmp_path / "a.xlsx").active["A1"]
    assert (cell.data_type, cell.value) == ("s", "=1+1")


def test_no_signed_text_is_a_formula(tmp_path: Path) -> None:
    signed = answer(["-1-2", "-12"], [boxes("-1-2", 0, 0), boxes("-12", 0, 90)])
    table_file.write(tmp_path / "a.csv", signed)
    assert (tmp_path / "a.csv").read_text().split() == ["'-1-2", "-12"]
    table_file.write(tmp_path / "a.xlsx", signed)
    cells = [line[0] for line in openpyxl.load_workbook(tmp_path / "a.xlsx").active]
    assert [(cell.value, cell.data_type) for cell in cells] == [("-1-2", "s"), (-12, "n")]


def test_what_is_no_table_is_a_column(tmp_path: Path) -> None:
    table_file.write(tmp_path / "a.csv", answer(["5", "6"], [boxes("5", 0, 0), boxes("6", 0, 90)]))
    assert (tmp_path / "a.csv").read_text().split() == ["5", "6"]


@pytest.mark.parametrize("name", ["a.txt", "there.csv"])
def test_where_no_table_can_be_written_is_said_first(tmp_path: Path, name: str) -> None:
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(DigitsError, match=r"csv"):
        table_file.check(tmp_path / name)
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_the_command_writes_one_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rows.csv"
    arguments = ["--image", "test_images/two_rows.png", "--table", "--output", str(out)]
    assert predict.main(arguments) == 0
    assert out.read_text().split() == ["2026", "1147"]
    assert "numbers: 2, columns: 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [(["--table"], "--output"), (["--table", "--output", "a.csv", "--resume"], "--resume")],
)
def test_wrong_usage(arguments: list[str], wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        predict.main(["--image", "test_images/two_rows.png", *arguments])
    assert wrong in capsys.readouterr().err


def test_what_an_xlsx_file_needs_is_said_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    table_file.check(tmp_path / "a.csv")
    with pytest.raises(DigitsError, match="needs openpyxl"):
        table_file.check(tmp_path / "a.xlsx")
