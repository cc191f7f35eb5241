"""Files of answers that are refused, and stay as they are: foreign, damaged, there already."""

import json
from pathlib import Path

import pytest

from digits.bulk.answer_file import HEADER, SUFFIXES, AnswerFile
from digits.errors import DigitsError
from tests.test_answer_file import answer, save

pyarrow = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")

NOTE = b"buy milk, call home"
FOREIGN = {
    "note without a newline": ("a.csv", NOTE),
    "other table": ("a.csv", b"name,age\r\nAnn,7\r\n"),
    "byte order mark": ("a.csv", b"\xef\xbb\xbf" + HEADER),
    "semicolons": ("a.csv", HEADER.replace(b",", b";")),
    "older version": ("a.csv", b"image,status,text,probability,warnings,seconds,error\r\n"),
    "short row": ("a.csv", HEADER + b"a.png,1\r\n"),
    "quote that does not end": ("a.csv", HEADER + b'"' + b"a,b\r\n" * 250_000),
    "JSON lines as CSV": ("a.csv", b'{"image": "a.png"}\n'),
    "note as JSON lines": ("a.jsonl", NOTE),
    "other JSON lines": ("a.jsonl", b'{"name": "Ann"}\n'),
    "answer without a status": ("a.jsonl", b'{"image": "a.png"}\n'),
    "nested too deep": ("a.jsonl", b'{"image": ' + b"[" * 100_000 + b"\n"),
    "CSV as JSON lines": ("a.jsonl", HEADER),
    "note as Parquet": ("a.parquet", NOTE),
    "foreign journal": ("a.parquet.jsonl", NOTE),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_file_is_refused_and_stays_as_it_is(case: str, tmp_path: Path) -> None:
    name, content = FOREIGN[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DigitsError, match="not a file of answers") as error:
        AnswerFile(tmp_path / name.removesuffix(".jsonl" * name.count("parquet.")), resume=True)
    assert "\n" not in str(error.value)
    assert (tmp_path / name).read_bytes() == content and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_cut_parquet_file_is_refused_and_stays_as_it_is(keep: float, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    save(path, *(f"{i}.png" for i in range(50)))
    content = path.read_bytes()[: int(keep * path.stat().st_size)]
    path.write_bytes(content)
    with pytest.raises(DigitsError, match="not a file of answers"):
        AnswerFile(path, resume=True)
    assert path.read_bytes() == content and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    path.mkdir()
    with pytest.raises(DigitsError):
        AnswerFile(path, resume=True)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(DigitsError, match="cannot be written"):
        AnswerFile(tmp_path / "a" / "b.csv", resume=False)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.parquet.jsonl"])
def test_what_lies_there_is_named_with_the_way_on(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(DigitsError, match="exists; add --resume"):
        AnswerFile(tmp_path / name.replace("parquet.jsonl", "parquet"), resume=False)


def test_other_suffixes_are_refused() -> None:
    with pytest.raises(DigitsError, match=r"\.parquet; \.xlsx with --table"):
        AnswerFile(Path("a.xlsx"), resume=False)
    with pytest.raises(DigitsError, match=r"\.parquet$"):
        AnswerFile(Path("a.txt"), resume=False)


def test_answers_with_a_status_of_another_version_are_foreign(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(answer("a.png") | {"status": "sure"}) + "\n")
    with pytest.raises(DigitsError, match="not a file of answers"):
        AnswerFile(path, resume=True)


def test_a_table_with_other_columns_is_foreign(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    save(path, "a.png")
    pyarrow.write_table(pyarrow.read_table(path).drop_columns(["seconds"]), path)
    with pytest.raises(DigitsError, match="not a file of answers"):
        AnswerFile(path, resume=True)
