"""Many pictures into one file: torn lines, going on, every format, a decoder that crashes."""

import csv
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from digits.errors import DigitsError
from digits.reading import bulk
from digits.reading.answer import Answer
from digits.reading.bulk import AnswerFile

PARQUET = pytest.mark.skipif(
    not importlib.util.find_spec("pyarrow"), reason="pyarrow is not installed"
)
SUFFIXES = [
    pytest.param(suffix, marks=PARQUET) if suffix == ".parquet" else suffix
    for suffix in bulk.SUFFIXES
]


def answer(name: str, text: str = "7") -> dict[str, Any]:
    return Answer(name, "read", text, 0.99, warnings=["a", "b"], seconds=0.01).as_json()


def images(path: Path) -> list[str]:
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return [row["image"] for row in csv.DictReader(file)]
    if path.suffix == ".jsonl":
        return [json.loads(line)["image"] for line in path.read_text().splitlines()]
    import pyarrow.parquet

    return list(pyarrow.parquet.read_table(path)["image"].to_pylist())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_goes_on_where_it_stopped(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"answers{suffix}"
    file = AnswerFile(path, resume=False)
    for name in ("a.png", 'b, "c".png'):
        file.write(answer(name, "1\n2"))
    if suffix != ".parquet":
        file.write(answer("torn.png"))
        file._file.close()
        path.write_bytes(path.read_bytes()[:-5])
    else:
        file.finish()
    file = AnswerFile(path, resume=True)
    assert file.answered == {"a.png", 'b, "c".png'}
    file.write(answer("d.png"))
    file.finish()
    assert images(path) == ["a.png", 'b, "c".png', "d.png"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_is_flat(tmp_path: Path) -> None:
    file = AnswerFile(tmp_path / "a.csv", resume=False)
    file.write(answer("a.png", "12\n345"))
    file.finish()
    (row,) = csv.DictReader((tmp_path / "a.csv").read_text().splitlines())
    assert row["text"] == "12 345" and row["warnings"] == "a; b" and row["error"] == ""


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("")
    with pytest.raises(DigitsError, match="--resume"):
        AnswerFile(path, resume=False)
    with pytest.raises(DigitsError, match=r"\.csv, \.jsonl, \.parquet"):
        AnswerFile(tmp_path / "a.txt", resume=False)
    with pytest.raises(DigitsError, match="cannot be written"):
        AnswerFile(path / "b.csv", resume=False)


def _start(*_: object) -> None:
    """Instead of loading a model."""


def _read(name: str) -> dict[str, Any]:
    if "crash" in name:
        os._exit(11)
    return answer(name)


def test_a_crashing_decoder_costs_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from multiprocessing import get_context

    monkeypatch.setattr(bulk, "_start", _start)
    monkeypatch.setattr(bulk, "_read", _read)
    monkeypatch.setattr(bulk, "get_context", lambda kind: get_context("fork"))
    names = [f"{i}.png" for i in range(20)]
    names[7] = "crash.png"
    answers = list(bulk.read_all(names, Path("none"), processes=2))
    assert [a["image"] for a in answers] == names
    assert [a["status"] for a in answers].count("error") == 1
    assert "crashed" in answers[7]["error"]
