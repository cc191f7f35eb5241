"""The commands as a newcomer types them, on the UCI scans: what is written, printed, returned."""

import contextlib
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from digits import checkpoint
from digits.__main__ import COMMANDS, main
from digits.spec import version
from digits.training.recipes import PRESETS

SRC = Path(__file__).parents[1] / "src"
SMALL = ["--dataset", "uci", "--epochs", "2", "--cpu"]


@pytest.mark.slow
def test_train_writes_a_run_and_the_best_model(
    run_folder: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["train", "--arch", "base", *SMALL]) == 0
    printed = capsys.readouterr()
    assert "test accuracy" in printed.out and "device: cpu" in printed.err
    (run,) = run_folder.glob("runs/*-base")
    assert {path.name for path in run.iterdir()} == {
        "config.json", "history.csv", "metrics.json", "model.onnx", "model.pth",
        "training_curves.png", "confusion_matrix.png", "sample_predictions.png",
    }  # fmt: skip
    assert (run / "model.pth").read_bytes() == Path("models/best_model.pth").read_bytes()
    content = checkpoint.load("models/best_model.pth")
    assert content["config"]["epochs"] == 2 and 0 < content["thresholds"]["read"] <= 1
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test"]["count"] == 360 and metrics["train_seconds"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_train(run_folder: Path, preset: str) -> None:
    assert main(["train", "--preset", preset, "--dataset", "uci", "--cpu"]) == 0
    config = checkpoint.load("models/best_model.pth")["config"]
    assert config["arch"] == PRESETS[preset]["arch"]
    assert config["learning_rate"] == PRESETS[preset]["learning_rate"]


@pytest.mark.slow
def test_an_ensemble_is_one_model_that_ships_like_any_other(run_folder: Path) -> None:
    small = ["--dataset", "uci", "--cpu"]
    assert main(["train", "--arch", "fast", "--ensemble", "2", "--epochs", "2", *small]) == 0
    (run,) = run_folder.glob("runs/*-fast")
    parts = sorted(path.name for path in run.glob("*/training_curves.png"))
    assert len(parts) == 2 and not list(run.rglob("state-*"))
    content = checkpoint.load("models/best_model.pth")
    assert (content["arch"], content["arch_args"]) == ("ensemble", {"member": "fast", "count": 2})
    assert main(["evaluate", *small]) == 0
    assert (
        main(["optimize", "--output", "e.onnx", "--quantize", "--max_drop", "5", *small[:2]]) == 0
    )
    assert main(["train", "--arch", "fast", "--teacher", "models/best_model.pth", *small]) == 0


@pytest.mark.slow
def test_tensorboard_gets_every_epoch(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, float]] = []

    class Writer:
        def __init__(self, folder: str) -> None:
            assert Path(folder).name == "tensorboard"

        def add_scalar(self, name: str, value: float, step: float) -> None:
            written.append((name, step))

        def flush(self) -> None:
            pass

    stand_in = ModuleType("torch.utils.tensorboard")
    stand_in.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", stand_in)
    assert main(["train", "--arch", "base", "--tensorboard", *SMALL]) == 0
    assert {("validation_accuracy", 1), ("validation_accuracy", 2)} <= set(written)


def test_tensorboard_that_is_not_there_is_one_line(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert main(["train", "--arch", "base", "--tensorboard", *SMALL]) == 1
    assert "[tensorboard]'" in capsys.readouterr().err


@pytest.mark.slow
def test_evaluate_measures_and_draws(run_folder: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["train", "--arch", "cnn3", "--nondigits", "0.1", *SMALL]) == 0
    trained = capsys.readouterr().out
    flags = ["--model", "models/best_model.pth", "--dataset", "uci", "--output", "report", "--cpu"]
    assert main(["evaluate", *flags]) == 0
    evaluated = capsys.readouterr().out
    accuracy = trained.split()[2]
    assert accuracy.endswith("%") and f"accuracy   {accuracy}" in evaluated
    names = {path.name for path in Path("report").iterdir()}
    assert {"report.html", "metrics.json", "training_curves_1.svg"} <= names


def test_flags_take_dashes_and_list_needs_no_torch(capsys: pytest.CaptureFixture) -> None:
    assert main(["train", "--list", "--learning-rate=0.1", "--save-dir", "x"]) == 0
    assert capsys.readouterr().out.startswith("base ")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_version_is_that_of_the_project(command: str, capsys: pytest.CaptureFixture) -> None:
    with contextlib.suppress(SystemExit):  # how argparse ends
        main([*command.split(), "--version"])
    stated = re.search(r'^version = "(.+)"$', (SRC.parent / "pyproject.toml").read_text(), re.M)
    assert stated and capsys.readouterr().out == f"digits {stated[1]}\n"


def test_a_clone_that_is_not_installed_knows_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = version()

    def not_found(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", not_found)
    assert version() == installed


@pytest.mark.parametrize("argv, says", [
    ([], "usage: digits <command>"),
    (["fly"], "usage: digits <command>"),
    (["train", "--gpu", "--cpu"], "not allowed with argument"),
    (["train", "--learning_rate", "-1"], "-1 is not above 0"),
    (["train", "--learning_rate", "inf"], "inf is not finite"),
    (["train", "--epochs", "0"], "0 is not at least 1"),
    (["train", "--label_smoothing", "nan"], "nan is not"),
    (["train", "--arch", "cnn9"], "invalid choice: 'cnn9'"),
    (["train", "--resume", "--epochs", "3"], "--resume keeps the run's own --epochs"),
])  # fmt: skip
def test_wrong_usage_is_exit_code_2(
    argv: list[str], says: str, capsys: pytest.CaptureFixture
) -> None:
    try:
        code = main(argv)
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2 and says in captured.err and not captured.out


@pytest.mark.slow
def test_gpu_without_one_warns_and_demanding_one_fails(
    run_folder: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digits.device.works", lambda kind: None if kind == "cpu" else "none found")
    assert main(["train", "--arch", "cnn2", "--gpu", "--dataset", "uci", "--epochs", "1"]) == 0
    assert "warning: --gpu: no working GPU found" in capsys.readouterr().err
    assert main(["train", "--device", "cuda", "--dataset", "uci"]) == 1
    assert "--device cuda does not work here (none found)" in capsys.readouterr().err


def test_a_card_whose_kernels_fail_is_said_and_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    import torch

    from digits import device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def ones(*size: int, device: str) -> torch.Tensor:
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device")

    monkeypatch.setattr(torch, "ones", ones)
    assert device.pick().type == "cpu"
    assert "the cuda device does not work: CUDA error: no kernel image" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("command", [path.stem for path in SRC.glob("*.py")])
def test_scripts_hand_over(command: str) -> None:
    result = subprocess.run(
        [sys.executable, SRC / f"{command}.py", "--help"], capture_output=True, text=True
    )
    assert result.returncode == 0 and result.stdout.startswith(f"usage: {command}")
