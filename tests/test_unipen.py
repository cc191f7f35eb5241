"""Files in UNIPEN's format, as its release, pendigits and recording programs write them."""

from pathlib import Path

import numpy as np
import pytest

from digits import data
from digits.data import unipen
from digits.errors import DigitsError

RECORDED = """.VERSION 1.0
.DATA_SOURCE someone
.COMMENT .PEN_DOWN within a line is no statement
.HIERARCHY WORD CHARACTER
.X_DIM 2000
.Y_DIM 1000
.X_POINTS_PER_INCH 200
.Y_POINTS_PER_INCH 100
.POINTS_PER_SECOND 100
.COORD T X Y P
.WRITER_ID some one
.SEGMENT WORD 0-4 OK "it"
.SEGMENT CHARACTER 0,4:1-4:2 OK "i"
.SEGMENT CHARACTER 2 BAD "t"
.SEGMENT CHARACTER 2 GOOD "\\""
.SEGMENT CHARACTER ? OK "t"
.PEN_DOWN
0 10 20 5
1 10 40 5
.DT 12
.PEN_UP
2 11 40 0
.PEN_DOWN 3 30 -20 5 4 30.5 40 5
.PEN_UP
.PEN_UP
5 11 40 0
.PEN_DOWN
6 1 1 5
7 2 2 5
8 3 3 5
9 4 4 5
"""
PENDIGITS = """.INCLUDE dene.doc
.SEGMENT DIGIT 0 ? "1"
.COMMENT 1 {one} 224
.PEN_DOWN
 100 500
 100 100
.PEN_UP
.DT 100
.SEGMENT DIGIT 1-2 ? "4"
.COMMENT 4 {two} 225
.PEN_DOWN
 100 500
 50 300
 200 300
.PEN_UP
.DT 100
.PEN_DOWN
 150 400
 150 100
.PEN_UP
"""


def file(folder: Path, text: str, name: str = "a.dat") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "latin-1")
    return path


def test_what_is_recorded_is_read(tmp_path: Path) -> None:
    word, i, quote = unipen.read(file(tmp_path, RECORDED))
    assert [(s.kind, s.label) for s in (word, i, quote)] == [
        ("WORD", "it"), ("CHARACTER", "i"), ("CHARACTER", '"'),
    ]  # fmt: skip
    assert {s.writer for s in (word, i, quote)} == {"some one"}
    # Components 1 and 3 are of a pen in the air; y is down, in pixels twice as high as wide.
    assert [stroke.tolist() for stroke in i.strokes] == [
        [[10, -40], [10, -80]], [[2, -4], [3, -6]],
    ]  # fmt: skip
    assert quote.strokes[0].tolist() == [[30, 40], [30.5, -80]]
    assert [len(stroke) for stroke in word.strokes] == [2, 2, 4]


def test_the_originals_of_pendigits_are_read(tmp_path: Path) -> None:
    one, four = unipen.read(file(tmp_path, PENDIGITS.format(one=12, two=13), "orig.tra"))
    assert (one.label, one.writer, len(one.strokes)) == ("1", "12", 1)
    assert (four.label, four.writer, len(four.strokes)) == ("4", "13", 2)
    assert one.strokes[0].dtype == np.float32 and one.strokes[0][0, 1] < one.strokes[0][1, 1]


@pytest.mark.medium
def test_such_a_file_is_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [PENDIGITS.format(one=w, two=w) for w in range(5)]
    strokes = 3
    moved = [
        text.replace("DIGIT 1-2", f"DIGIT {strokes * w + 1}-{strokes * w + 2}")
        .replace("DIGIT 0", f"DIGIT {strokes * w}")
        .replace(" 100 100", f" {100 + 20 * w} 100")
        .replace(" 50 300", f" 50 {300 - 20 * w}")
        for w, text in enumerate(texts)
    ]
    dataset = data.load(str(file(tmp_path, "".join(moved), "orig.tra")))
    assert dataset.classes == ("1", "4") and dataset.shape == (1, 28, 28)
    assert "10 pictures of 2 classes by 5 writers" in capsys.readouterr().err
    ones = np.concatenate([p.arrays[0][p.arrays[1] == 0] for p in (dataset.train, dataset.test)])
    assert (ones[:, 0] > 99).any(axis=2).sum(axis=1).min() >= 18, "a one is high"
    assert len({part for _, _, part in dataset.listing}) == 3


def test_included_files_lie_beside_or_in_include(tmp_path: Path) -> None:
    file(tmp_path, ".COORD X Y\n.PEN_DOWN\n1 2\n3 4\n", "include/apa/pen.dat")
    file(tmp_path, ".WRITER_ID w7\n", "data/1a/who.doc")
    text = '.SEGMENT DIGIT 0 OK "1"\n.INCLUDE apa/pen.dat\n.INCLUDE who.doc\n'
    (sample,) = unipen.read(file(tmp_path, text, "data/1a/a.dat"), tmp_path)
    assert sample.strokes[0].tolist() == [[1, -2], [3, -4]] and sample.writer == "w7"


@pytest.mark.parametrize("text, says", [
    ('.SEGMENT DIGIT 1 OK "1"\n.PEN_DOWN\n1 2\n', "is of component 1, and there are 1"),
    ('.INCLUDE b.dat\n.SEGMENT DIGIT 0 OK "1"\n', "there are 0; b.dat, which it includes, is miss"),
    (".COORD X Y\n.PEN_DOWN\n1 2\n3\n", "line 2: .PEN_DOWN: 3 numbers, of 2 columns"),
    ("\n.PEN_DOWN\n1 two\n", "line 2: .PEN_DOWN: could not convert string to float: 'two'"),
    (".PEN_DOWN\n1 nan\n", "line 1: .PEN_DOWN: 2 numbers"),
    (".COORD X T\n", "line 1: .COORD: names no X and Y"),
    (".INCLUDE a.dat\n", "files that include each other"),
    (".INCLUDE ../outside.dat\n", "lies outside of"),
])  # fmt: skip
def test_what_is_broken_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    file(tmp_path, ".COORD X Y\n", "outside.dat")
    with pytest.raises(DigitsError) as told:
        unipen.read(file(tmp_path, text, "in/a.dat"))
    assert says in str(told.value) and "\n" not in str(told.value)


def test_a_file_without_characters_is_no_data_set(tmp_path: Path) -> None:
    for text in ("", "any text", '.SEGMENT WORD 0 OK "two"\n.PEN_DOWN\n1 2\n3 4\n'):
        with pytest.raises(DigitsError, match="no segment in it is one character"):
            data.load(str(file(tmp_path, text)))
    with pytest.raises(DigitsError, match="cannot be read"):
        unipen.read(tmp_path / "none.dat")
