"""The benchmark of formats measures what it says, on a small network and the small scans."""

import json
import sys
from pathlib import Path

import pytest
from benchmarks import quantization

from digits import checkpoint
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
