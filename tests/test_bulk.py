"""Many pictures with all cores: decoders that crash, a damaged model, a parent that is killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from digits import classifier
from digits.__main__ import main
from digits.bulk import workers
from digits.bulk.workers import Workers
from digits.errors import DigitsError
from digits.pictures.load import from_array, load
from digits.pictures.packed import File
from digits.reading.answer import Answer
from digits.reading.reader import Reader
from digits.tile import frame

FOLDER = Path(__file__).parents[1] / "test_images"
MODEL = classifier.shipped()["micro"]


def _read(
    of: object, top_k: int, decimal: str, given: list[tuple[File, bytes | None]]
) -> list[list[dict[str, Any]]]:
    if any("crash" in file.name for file, _ in given):
        os._exit(11)
    return [[Answer(file.name, "read", "7").as_json()] for file, _ in given]


def _load(model: Path, *_: object) -> None:
    if "crash" in model.name:
        os._exit(11)


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that know the functions of this file."""
    from multiprocessing import get_context

    monkeypatch.setattr(workers, "_start", lambda: None)
    monkeypatch.setattr(workers, "_read", _read)
    monkeypatch.setattr(workers, "_load", _load)
    monkeypatch.setattr(workers, "get_context", lambda kind: get_context("fork"))


def test_a_crashing_decoder_costs_one_answer(forked: None) -> None:
    names = [f"{i}.png" for i in range(100)]  # twelve at once
    names[7] = names[50] = "crash.png"
    with Workers(Path("none"), processes=2) as workers:
        answers = [a for some in workers.read([File(name) for name in names]) for a in some]
    assert [a["image"] for a in answers] == names
    assert [a["status"] for a in answers].count("error") == 2
    assert "crashed" in answers[7]["error"] and "crashed" in answers[50]["error"]


def test_where_all_crash_it_is_not_the_pictures(forked: None) -> None:
    with Workers(Path("none"), processes=2) as workers, pytest.raises(DigitsError, match="memory"):
        list(workers.read([File(f"crash{i}.png") for i in range(100)]))


@pytest.mark.parametrize("names", [["crash"] * 5, ["7", *["crash"] * 5]])
def test_five_crashes_one_after_the_other_are_too_many(forked: None, names: list[str]) -> None:
    """Four may be the pictures'."""
    with Workers(Path("none"), processes=1) as workers:
        given = [(File(f"{name}.png"), None) for name in names]
        answers = workers._one_by_one(given)
        assert [next(answers)[0]["status"] for _ in names[:-1]].count("error") == 4
        with pytest.raises(DigitsError, match="reading crashes on every picture"):
            next(answers)


def test_a_model_that_crashes_is_no_fault_of_the_pictures(forked: None) -> None:
    told = pytest.raises(DigitsError, match=r"crash\.onnx: loading it crashes")
    with Workers(Path("crash.onnx"), processes=2) as workers, told:
        list(workers.read([File("crash.png")]))


def test_a_damaged_model_marks_no_picture(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad, out = tmp_path / "bad.onnx", tmp_path / "answers.csv"
    bad.write_bytes(MODEL.read_bytes()[:5000])
    flags = ["predict", "--image", str(FOLDER / "number.png"), "--output", str(out)]
    assert main([*flags, "--model", str(bad)]) == 1
    assert "bad.onnx: damaged" in capfd.readouterr().err and not out.exists()
    assert main([*flags, "--model", "micro"]) == 0
    assert out.read_text().count("number.png") == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])  # Windows has no SIGKILL
def test_workers_end_with_their_parent(name: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    for i in range(400):
        Image.fromarray(noise.integers(0, 255, (300, 300), np.uint8)).save(tmp_path / f"{i}.png")
    out = tmp_path / "answers.csv"
    flags = ["--image", str(tmp_path), "--model", "micro", "--output", str(out)]
    run = subprocess.Popen([sys.executable, "-m", "digits", "predict", *flags])
    wait_until(lambda: out.exists() and out.stat().st_size > 0)
    workers = children(run.pid)
    run.send_signal(signal.Signals[name])
    run.wait()
    assert workers
    wait_until(lambda: not any(is_running(pid) for pid in workers))


def children(pid: int) -> list[int]:
    """Processes that a process has started, and theirs."""
    found = [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [other for child in found for other in children(child)]


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(holds: Any, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_standard_input_goes_into_the_file(tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    flags = ["--image", "-", "--model", "reader", "--output", str(out)]
    with (FOLDER / "number.png").open("rb") as picture:
        command = [sys.executable, "-m", "digits", "predict", *flags]
        assert subprocess.run(command, stdin=picture).returncode == 0
    assert '"text": "40917"' in out.read_text()


def test_tiles_of_many_files_are_one_batch(tmp_path: Path) -> None:
    """A file looked at with others has the answer that it has alone; what is no tile as well."""
    model = classifier.load(MODEL)
    sizes: list[int] = []

    def forward(tiles: np.ndarray) -> np.ndarray:
        sizes.append(len(tiles))
        return model.forward(tiles)

    tiles = sorted(FOLDER.glob("tile_*.png")) or [_tile(tmp_path, i) for i in range(5)]
    pictures = [load(path) for path in [*tiles, FOLDER / "number.png"]]
    pictures.insert(2, from_array(255 - pictures[0].grey))
    *together, number = Reader.expecting(replace(model, forward=forward)).read_tiles(pictures)
    assert sizes == [len(tiles) + 1]
    assert number is None
    alone = [Reader.expecting(model).read(picture) for picture in pictures[:-1]]
    shares = [answer.probability for answer in alone]
    np.testing.assert_allclose([a.probability for a in together if a], shares, atol=1e-5)
    assert [_without_shares(answer) for answer in together] == list(map(_without_shares, alone))
    assert {word for a in alone for word in a.warnings} == {"light ink on dark paper: inverted"}
    assert not alone[2].warnings, "the negative of a tile is dark ink on light paper"


@pytest.mark.parametrize("expect", ["number", "amount", "/[0-9]{4}/"])
def test_a_tile_is_no_number(tmp_path: Path, expect: str) -> None:
    reader = Reader.expecting(classifier.load(MODEL), expect)
    assert reader.read_tiles([load(_tile(tmp_path, 1))]) == [None]


def _without_shares(answer: Answer | None) -> Answer | None:
    """All of an answer but its probabilities, which a batch rounds otherwise."""
    rows = [replace(row, probability=0, support=0, alternatives=[], digits=[])
            for row in (answer.rows if answer else [])]  # fmt: skip
    return answer and replace(answer, probability=0, rows=rows)


def _tile(folder: Path, place: int) -> Path:
    tile = np.zeros((28, 28), np.uint8)
    tile[4:24, 12 + place % 3 : 15 + place % 3] = 255
    tile[4:7, 8 : 12 + place] = 255
    Image.fromarray(frame(tile)).save(folder / f"{place}.png")
    return folder / f"{place}.png"


def test_a_cluster_that_does_not_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from digits.bulk import ray_engine

    def init(**_: Any) -> None:
        raise Exception("The current node timed out during startup. " + "Some words. " * 100)

    ray = SimpleNamespace(init=init, is_initialized=lambda: False)
    monkeypatch.setattr(ray_engine, "required", lambda *_: ray)
    with pytest.raises(DigitsError, match="Ray does not start: The current node") as told:
        ray_engine._started()
    assert len(str(told.value)) < 150
