"""`digits optimize` on a small network trained on the UCI scans."""

import importlib.util
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from digits import archs, checkpoint, classifier, data
from digits.__main__ import main
from digits.commands import optimize
from digits.errors import DigitsError
from digits.optimization import benchmark, html_program, integer_file, parity, phone_file


@pytest.fixture(scope="module")
def content() -> dict:
    """A `base` network after two seconds of training, in float64: in float32 each kind of processor
    learns other weights, and with some of them int8 gives two scans another label."""
    torch.manual_seed(0)
    model = archs.create("base")
    normalize, learned = model[0], model[1:].double()
    train = data.load("uci").train
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(40):
        batch = torch.randint(len(train), (128,))
        logits = learned(normalize(train.images[batch]).double())
        loss = torch.nn.functional.cross_entropy(logits, train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return checkpoint.pack("base", model.float(), config={"dataset": "uci"})


@pytest.fixture
def folder(content: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with models/best_model.pth in it."""
    checkpoint.save(tmp_path / "models" / "best_model.pth", content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spoil(content: dict) -> dict:
    """A hidden unit of huge activation that nothing listens to: float32 answers as before, but in
    int8 its range leaves one level for all the others.
    """
    weights = {name: value.clone() for name, value in content["state_dict"].items()}
    first, second = [name for name in weights if name.endswith("weight")][:2]
    weights[first.replace("weight", "bias")][0] = 1e6
    weights[second][:, 0] = 0
    return {**content, "state_dict": weights}


def models(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "models").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "output"),
    [
        ("--quantize", "optimized_model.onnx"),
        (
            "--model models/best_model.pth --output models/optimized_model.pt --quantize"
            " --any_speed",
            "optimized_model.pt",
        ),
        ("--output models/plain.onnx --max-drop 0", "plain.onnx"),
    ],
)
def test_makes_an_artefact_that_reads_the_test_set(
    flags: str, output: str, folder: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["optimize", *flags.split()]) == 0
    printed = capsys.readouterr().out
    assert ".pth" in printed and "tiles/s" in printed and f"models/{output}" in printed
    assert models(folder) == ["best_model.pth", output]

    test = data.load("uci").test
    accuracies = []
    for name in models(folder):
        logits = classifier.load(folder / "models" / name)(test.images.numpy())
        accuracies.append((logits.argmax(1) == test.labels.numpy()).mean())
    assert accuracies[0] > 0.8  # the network has learnt something, so that there is what to lose
    assert accuracies[1] >= accuracies[0] - 0.002


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_too_great_a_loss_fails_and_leaves_everything_as_it_was(
    suffix: str, content: dict, folder: Path, capsys: pytest.CaptureFixture
) -> None:
    checkpoint.save(folder / "models" / "best_model.pth", spoil(content))
    older = folder / "models" / f"older{suffix}"
    older.write_bytes(b"older")
    for output in (older, folder / "models" / f"new{suffix}"):
        assert main(["optimize", "--quantize", "--output", str(output)]) == 1
        error = capsys.readouterr().err.strip()
        assert "\n" not in error and "accuracy falls by" in error and "--max_drop" in error
    assert models(folder) == ["best_model.pth", older.name] and older.read_bytes() == b"older"


@pytest.mark.slow
def test_a_shipped_model_stands_for_the_checkpoint_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    shipped = folder / "shipped"
    shipped.mkdir()
    default = shipped / f"{classifier.DEFAULT_SHIPPED}.pth"
    (folder / "models" / "best_model.pth").rename(default)
    default.with_suffix(".onnx").write_bytes(b"")
    monkeypatch.setattr(classifier, "pretrained_dir", lambda: shipped)
    assert main(["optimize", "--quantize", "--output", "a.onnx"]) == 0
    assert f"shipped/{default.name} -> a.onnx" in capsys.readouterr().out


def test_only_checkpoints_can_be_optimized(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (folder / "a.onnx").write_bytes(b"")
    assert main(["optimize", "--model", "a.onnx", "--quantize"]) == 1
    assert "only a checkpoint" in capsys.readouterr().err
    assert models(folder) == ["best_model.pth"]


@pytest.mark.slow
def test_an_int8_program_that_is_not_fast_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(parity, "PROGRAM_SPEED", (1e6, 1e6))
    assert main(["optimize", "--quantize", "--output", "a.pt"]) == 1
    error = capsys.readouterr().err.strip()
    assert "\n" not in error and "times as fast" in error and "--any_speed" in error
    assert models(folder) == ["best_model.pth"] and not (folder / "a.pt").exists()


@pytest.mark.slow
def test_several_outputs_are_put_in_their_places_together_or_not_at_all(
    content: dict, folder: Path, capsys: pytest.CaptureFixture
) -> None:
    flags = ["optimize", "--quantize", "--output", "a.onnx", "--output", "b.c"]
    assert main(flags) == 0
    printed = capsys.readouterr().out
    assert "bytes of weights and tables" in printed
    assert "-> a.onnx" in printed and "-> b.c" in printed
    for name in ("a.onnx", "b.c"):
        (folder / name).unlink()
    checkpoint.save(folder / "models" / "best_model.pth", spoil(content))
    assert main(flags) == 1
    assert [path.name for path in folder.iterdir()] == ["models"]


@pytest.mark.slow
def test_the_benchmark_measures_every_format_that_runs_here_and_saves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    without = replace(integer_file.FORMATS[".html"], tool=lambda: None)
    monkeypatch.setitem(integer_file.FORMATS, ".html", without)
    monkeypatch.setitem(sys.modules, "torchao.quantization.pt2e.quantizer", None)
    formats = ("int8.onnx", "int8.pt2", "int8.c", "int8.html")
    monkeypatch.setattr(benchmark.side_by_side, "__defaults__", (formats, 1))
    assert main(["optimize", "--benchmark"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == benchmark.head().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed[2:5]]
    assert [row[1] for row in rows] == ["float32, eager", "int8.onnx", "int8.c"]
    for row in rows:
        threads, first, peak = row[9:]
        assert threads.startswith("1, ") and (first == "-") == (row[1] == "int8.c")
        assert float(peak.partition(" ")[0]) > 10
    assert printed[5].startswith("int8.pt2: needs torchao") and "pip install" in printed[5]
    assert printed[-1].startswith("int8.html: not run: needs Node.js")
    assert [path.name for path in folder.iterdir()] == ["models"]
    assert models(folder) == ["best_model.pth"]
    with pytest.raises(SystemExit):
        main(["optimize", "--benchmark", "--output", "a.onnx"])


@pytest.mark.slow
def test_what_cannot_be_run_here_is_saved_only_when_that_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(html_program, "node", lambda: None)
    without = replace(integer_file.FORMATS[".html"], tool=html_program.node)
    monkeypatch.setitem(integer_file.FORMATS, ".html", without)
    flags = ["optimize", "--quantize", "--output", "a.html"]
    assert main(flags) == 1
    error = capsys.readouterr().err.strip()
    assert "apt-get install nodejs" in error and "--unproved" in error and "\n" not in error
    assert not Path("a.html").exists()
    assert main([*flags, "--unproved"]) == 0
    assert "not run: needs Node.js" in capsys.readouterr().out and Path("a.html").exists()


@pytest.mark.parametrize("flags, times", [("", 3), ("--dataset uci", 1)])
def test_tiles_that_the_model_learned_from_are_not_taken_for_validation(
    flags: str, times: int, content: dict, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[data.Dataset] = []

    def refined(_: object, dataset: data.Dataset, *__: object) -> None:
        seen.append(dataset)
        raise DigitsError("seen")

    monkeypatch.setattr(optimize, "refined", refined)
    config = {"dataset": "uci,uci", "weights": "1,2", "hold_out": 40}
    checkpoint.save(folder / "models" / "best_model.pth", {**content, "config": config})
    assert main(["optimize", "--prune", "0.5", *flags.split()]) == 1
    own = data.load("uci", hold_out=40)
    assert len(seen[0].train) == times * len(own.train)
    assert len(seen[0].validation) == min(times, 2) * len(own.validation)


def test_integer_formats_are_asked_for_with_quantize(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as exit_code:
        main(["optimize", "--output", "a.c"])
    assert exit_code.value.code == 2 and "give --quantize" in capsys.readouterr().err


def test_the_suffix_must_name_a_format(folder: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as exit_code:
        main(["optimize", "--output", "models/a.mlmodel"])
    assert exit_code.value.code == 2 and ".onnx" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", phone_file.FORMATS)
def test_a_missing_extra_is_one_line_before_anything_is_made(
    suffix: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("work was begun"))
    assert main(["optimize", "--quantize", "--output", "a.onnx", "--output", f"a{suffix}"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{suffix} needs" in line and line.endswith(f"[{suffix[1:]}]'")
    assert [path.name for path in folder.iterdir()] == ["models"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_nothing(
    number: signal.Signals, folder: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    """When both files are written, and neither is in its place."""
    written = []

    def compare(*_: object) -> None:
        written.extend(path.stat().st_size for path in folder.glob(".*"))
        signal.raise_signal(number)

    monkeypatch.setattr(parity, "compare", compare)
    # what runs behind ignores SIGINT from its start
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = main(["optimize", "--output", "a.onnx", "--output", "b.onnx"])
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert code == 128 + number and len(written) == 2 and min(written) > 1000
    assert [path.name for path in folder.iterdir()] == ["models"]
    assert len(capsys.readouterr().err.splitlines()) <= 1


@pytest.mark.slow
def test_what_a_killed_run_left_is_swept_when_it_is_old(folder: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from digits.optimization import artefact\n"
        "with artefact.staged(Path('models/a[1].onnx')): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    (left,) = (folder / "models").glob(".*")
    os.utime(left, (0, 0))
    of_a_living = folder / "models" / f".a[1].onnx.{os.getpid()}.x.onnx"
    of_another = folder / "models" / ".b.onnx.hidden.onnx"
    for file in (of_a_living, of_another):
        file.write_bytes(b"")
    assert main(["optimize", "--output", "models/a[1].onnx"]) == 0
    assert set((folder / "models").glob(".*")) == {of_a_living, of_another}
