"""The file of answers: what is torn, locked, named badly, gone on with."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits.__main__ import main
from digits.bulk import answer_file
from digits.bulk.answer_file import COLUMNS, SUFFIXES, AnswerFile
from digits.data.own_files import items_of
from digits.errors import DigitsError
from digits.evaluation.labelled import labelled
from digits.reading.answer import Answer

pyarrow = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
TEXT_SUFFIXES = (".csv", ".jsonl")
WEIRD = ["=1+1.png", "+1.png", "-1.png", "@a.png", "\xe4.png", "\udcff.png", 'a\nb, "c".png', "-"]


def answer(name: str, text: str = "7", page: int = 1, pages: int = 1) -> dict[str, Any]:
    return Answer(
        name, "read", text, 0.99, warnings=["a", "b"], seconds=0.01, page=page, pages=pages
    ).as_json()


def save(path: Path, *names: str, resume: bool = False) -> None:
    with AnswerFile(path, resume) as file:
        for name in names:
            file.write([answer(name)])


def images(path: Path) -> list[str]:
    if path.suffix == ".csv":
        with path.open(newline="", errors="surrogateescape") as file:
            return [row["image"] for row in csv.DictReader(file)]
    if path.suffix == ".jsonl":
        return [json.loads(line)["image"] for line in path.read_text("utf-8").splitlines()]
    return [os.fsdecode(name) for name in pyarrow.read_table(path)["image"].to_pylist()]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_goes_on_where_it_stopped(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"answers{suffix}"
    save(path, "a.png", 'b, "c".png')
    save(path, "d.png", resume=True)
    save(path, resume=True)
    assert images(path) == ["a.png", 'b, "c".png', "d.png"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_name_comes_back_equal_and_is_answered(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"answers{suffix}"
    save(path, *WEIRD[:4])
    save(path, *WEIRD[4:], resume=True)
    with AnswerFile(path, resume=True) as file:
        assert all(file.has(name) for name in WEIRD) and not file.has("other.png")
    assert [os.path.normpath(name) for name in images(path)] == WEIRD


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(min_size=1, max_size=20), unique=True, max_size=5), st.integers(0, 400))
def test_whatever_the_names_and_wherever_it_is_cut(names: list[bytes], cut: int) -> None:
    import tempfile

    texts = [os.fsdecode(name.replace(b"\0", b"0")) for name in names]
    for suffix in TEXT_SUFFIXES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"a{suffix}"
            save(path, *texts)
            whole = path.read_bytes() if path.exists() else b""
            path.write_bytes(whole[: max(0, len(whole) - cut)])
            with AnswerFile(path, resume=True) as file:
                missing = [name for name in texts if not file.has(name)]
                for name in missing:
                    file.write([answer(name)])
            assert (path.read_bytes() if path.exists() else b"") == whole


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    bad = Answer("=1+1.png", "error", error="=1+1.png: damaged", model="=m.onnx").as_json()
    with AnswerFile(path, resume=False) as file:
        file.write([bad])
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert row["image"] == "./=1+1.png" and row["error"] == "./=1+1.png: damaged"
    assert row["model"] == "./=m.onnx"


SIGNED = ["-1-2", "-07", "-4 -5", "+49", "=1", "'-1-2", "''-3/4", "-", "@"]
NOT_CALCULATED = ["-12", "-0.5", "12", "12-5", "'", "", "'tis"]


@pytest.mark.parametrize("text", [*SIGNED, *NOT_CALCULATED])
def test_a_signed_text_is_no_formula_and_comes_back_equal(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, resume=False) as file:
        file.write([answer("a.png", text)])
    with AnswerFile(path, resume=True) as file:
        assert file.has("a.png")
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert row["text"] == (f"'{text}" if text in SIGNED else text)
    path.write_text(f"path,label\r\na.png,{row['text']}\r\n")
    assert [item.label for item in labelled(path).items] == [text]
    if text:
        assert [item.label for item in items_of(path)] == [text]


def test_a_table_is_flat(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, resume=False) as file:
        file.write([answer("a.tif", "12\n345", 1, 2), answer("a.tif", "6", 2, 2)])
    first, second = csv.DictReader(path.read_text().splitlines())
    assert first["text"] == "12 345" and first["warnings"] == "a; b" and first["error"] == ""
    assert (second["page"], second["pages"]) == ("2", "2")


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
@pytest.mark.parametrize("kept", ["in the second page", "in the name", "without its end", "a page"])
def test_a_torn_picture_is_dropped_and_redone(suffix: str, kept: str, tmp_path: Path) -> None:
    path = tmp_path / f"answers{suffix}"
    save(path, "a.png")
    before = path.read_bytes()
    with AnswerFile(path, resume=True) as file:
        file.write([answer('b\n"c".tif', "1", 1, 2), answer('b\n"c".tif', "2", 2, 2)])
    torn = path.read_bytes()[len(before) :]
    second = torn.rindex(b'"b' if suffix == ".csv" else b'{"image"')
    place = torn.index(b"c")
    end = {"in the second page": -9, "in the name": place, "without its end": -1, "a page": second}
    path.write_bytes(before + torn[: end[kept]])
    with AnswerFile(path, resume=True) as file:
        assert not file.has('b\n"c".tif') and file.has("a.png")
    assert path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_two_at_once_are_refused_until_one_is_killed(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    code = (
        "import sys, time; from pathlib import Path; from tests.test_answer_file import *\n"
        "file = AnswerFile(Path(sys.argv[1]), False); file.write([answer('a.png')])\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[1]
    places = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdout=subprocess.PIPE, env=places, cwd=root
    )
    assert other.stdout
    other.stdout.readline()
    with pytest.raises(DigitsError, match="another process writes it"):
        AnswerFile(path, resume=True)
    other.kill()
    other.communicate()
    save(path, "b.png", resume=True)
    assert images(path) == ["a.png", "b.png"]


def test_parquet_without_pyarrow_fails_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(DigitsError, match=r"pip install '.*\[parquet\]'"):
        AnswerFile(tmp_path / "a.parquet", resume=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_got_no_answer_blocks_no_retry(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    with contextlib.suppress(DigitsError), AnswerFile(path, resume=False):
        raise DigitsError("the model is damaged")
    save(path)
    assert main(["predict", "--image", str(tmp_path / "*.png"), "--output", str(path)]) == 1
    assert not list(tmp_path.iterdir())


def test_what_got_no_answer_is_closed_before_it_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_file, "fcntl", None)  # as on Windows, which deletes no open file
    unlink = Path.unlink

    def closed(path: Path) -> None:
        assert file._file.closed
        unlink(path)

    monkeypatch.setattr(Path, "unlink", closed)
    with AnswerFile(tmp_path / "a.csv", resume=False) as file:
        pass
    assert not list(tmp_path.iterdir())


def test_a_kill_before_the_journals_end_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    file = AnswerFile(path, resume=False)
    file.write([answer("a.png")])
    with monkeypatch.context() as patch:
        patch.setattr(answer_file.os, "fsdecode", os.fsdecode)
        journal = path.with_name("a.parquet.jsonl")
        content = journal.read_bytes()
        file._to_parquet()
        file._file.close()
        journal.write_bytes(content)  # as if killed before it was emptied
    save(path, "b.png", resume=True)
    assert images(path) == ["a.png", "b.png"]


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    file = AnswerFile(tmp_path / "a.csv", resume=False)
    with pytest.raises(DigitsError, match="not written"), file:
        file._file.close()
        file._file = Path("/dev/full").open("wb")  # noqa: SIM115
        file.write([answer("a.png")])


def test_columns_are_those_of_an_answer() -> None:
    assert set(COLUMNS) - {"error", "alternatives", "boxes"} <= set(answer("a.png"))  # of rows


def test_what_stops_leaves_the_journal_and_no_half_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(KeyboardInterrupt), AnswerFile(path, resume=False) as file:
        file.write([answer("a.png")])
        raise KeyboardInterrupt
    assert [one.name for one in tmp_path.iterdir()] == ["a.parquet.jsonl"]
    save(path, resume=True)
    assert images(path) == ["a.png"]


@pytest.mark.skipif(answer_file.fcntl is None, reason="there are no locks")
def test_a_file_that_another_process_removes_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    monkeypatch.setattr(answer_file.fcntl, "flock", lambda *_: path.unlink())
    with pytest.raises(DigitsError, match="another process wrote it"):
        AnswerFile(path, resume=False)


def test_many_answers_become_a_table_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_file, "CHUNK", 2)
    path = tmp_path / "a.parquet"
    save(path, *(f"{k}.png" for k in range(5)))
    assert images(path) == [f"{k}.png" for k in range(5)]
    with pyarrow.ParquetFile(path) as file:
        assert file.metadata.num_row_groups == 3


def test_names_are_text_in_a_table_unless_one_of_them_is_none(tmp_path: Path) -> None:
    save(tmp_path / "a.parquet", "\xe4.png")
    assert pyarrow.read_schema(tmp_path / "a.parquet").field("image").type == "string"
    save(tmp_path / "b.parquet", "\udcff.png")
    assert pyarrow.read_schema(tmp_path / "b.parquet").field("image").type == "binary"


def test_a_reason_that_is_no_text_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with AnswerFile(path, resume=False) as file:
        file.write([answer("a.png") | {"error": "\udcff.png: damaged"}])
    assert pyarrow.read_table(path)["error"].to_pylist() == ["\\udcff.png: damaged"]


def test_standard_input_is_no_formula(tmp_path: Path) -> None:
    save(tmp_path / "a.csv", "-", "-1.png")
    assert images(tmp_path / "a.csv") == ["-", "./-1.png"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_knows_how_its_answers_were_made(suffix: str, tmp_path: Path) -> None:
    path, model = tmp_path / f"a{suffix}", "=mine"  # a formula in a cell
    with AnswerFile(path, resume=False) as file:
        file.write([answer("a.png") | {"model": model, "expect": "@list.txt"}])
    with AnswerFile(path, resume=True) as file:
        file.check(model, "@list.txt")
        with pytest.raises(DigitsError, match=r"its answers are by --model .*=mine, not other"):
            file.check("other", "@list.txt")
        with pytest.raises(DigitsError, match=r"by --expect @list.txt, not auto; .* @list.txt$"):
            file.check(model, "auto")


@pytest.mark.parametrize("more", [0, 1])
def test_answers_of_thousands_of_rows_are_gone_on_with(more: int, tmp_path: Path) -> None:
    path, large = tmp_path / "a.csv", answer("a.png")
    large["rows"] = [{**large, "box": [1, 2, 3, 4], "alternatives": [["1234567", 0.5]] * 9}] * 2500
    with AnswerFile(path, resume=False) as file:
        file.write([large])
        for _ in range(more):
            file.write([answer("b.png")])
    whole = path.read_bytes()
    assert max(map(len, whole.splitlines())) > 131_072
    with AnswerFile(path, resume=True):
        pass
    assert path.read_bytes() == whole
