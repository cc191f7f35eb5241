"""The benchmark of formats measures what it says, on a small network and the small scans."""

import json
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from benchmarks import quantization

from digits import checkpoint
from digits.errors import DigitsError
from digits.optimization import worker
from digits.optimization.benchmark import start
from digits.spec import CLASSES, pretrained_dir
from tests.test_optimization import content


@pytest.mark.slow
def test_all_formats_take_turns_and_start_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    path, output, figure = tmp_path / "a.pth", tmp_path / "a.json", tmp_path / "a.png"
    checkpoint.save(path, content("micro"))
    flags = ["--formats", "int8.onnx", "--repeats", "2", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", ["quantization", str(path), *flags, "--figure", str(figure)])
    assert quantization.main() == 0
    plain, int8 = json.loads(output.read_text("utf-8"))["rows"]
    assert (plain["format"], int8["format"]) == ("float32, eager", "int8.onnx")
    assert plain["faster"] == {"median": 1.0, "min": 1.0, "max": 1.0} and plain["lost"] == 0
    assert int8["one_tile_ms"]["median"] <= int8["p95_ms"]["median"] <= int8["p99_ms"]["median"]
    assert 0 < int8["first_answer_s"]["median"] < plain["first_answer_s"]["median"]
    assert 10e6 < int8["peak_bytes"] < plain["peak_bytes"]
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 4 and "| int8.onnx |" in table[3] and figure.stat().st_size > 1000


def test_a_library_that_is_not_installed_loses_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = metadata.version

    def version(name: str) -> str:
        if name == "torchao":
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(quantization, "measure", lambda *_: ([], ["int8.pt2: needs torchao"]))
    output = tmp_path / "a.json"
    monkeypatch.setattr(sys, "argv", ["quantization", "a.pth", "--output", str(output)])
    assert quantization.main() == 0
    versions = json.loads(output.read_text("utf-8"))["versions"]
    assert versions["torchao"] is None and versions["torch"] == known("torch")


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    np.save(tmp_path / "tiles.npy", np.zeros((40, 1, 28, 28), np.uint8))
    return tmp_path / "tiles.npy"


def test_each_has_a_process_of_its_own_which_finds_this_package(
    tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is not installed, and another is."""
    (tmp_path / "digits.py").write_text("raise SystemExit('another')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = pretrained_dir() / "micro.onnx"
    with worker.Worker(path, tiles, CLASSES) as one, worker.Worker(path, tiles, CLASSES) as two:
        assert len({one.process.pid, two.process.pid}) == 2
        for size, calls in ((1, 25), (40, 2)):
            times = one.turn(size, calls, 60.0, 1)
            assert len(times) == calls and min(times) > 0
        assert len(two.turn(1, 25, 0.0, 1)) == 0  # no budget
    assert one.process.returncode and two.process.returncode
    assert 0 < start(path, 1)["first_answer_s"]["median"] < 60


def test_a_process_that_ends_early_is_one_line(
    tiles: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    (tmp_path / "cut.onnx").write_bytes(b"cut")
    with pytest.raises(DigitsError, match=r"^cut\.onnx: its process ended with 1"):
        worker.races([tmp_path / "cut.onnx"], tiles, CLASSES, 1)


@pytest.mark.skipif(not worker.STATUS.exists(), reason="this system does not tell memory")
def test_peaks_of_memory_are_of_each_process(tiles: Path) -> None:
    paths = [pretrained_dir() / f"micro{suffix}" for suffix in (".onnx", ".pth")]
    (race,), (onnx, eager) = worker.races(paths, tiles, CLASSES, 1)
    assert all(one.batch == 40 and one.tiles_per_s > 0 for one in race)
    assert onnx and eager and 2e7 < onnx < eager - 5e7
