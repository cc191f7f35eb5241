"""The settings of a run as they are written down, read back and given: wrong ones are one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from digits.__main__ import main
from digits.errors import DigitsError
from digits.training.config import TrainConfig

WRONG: list[tuple[str, Any]] = [
    ("arch", 7), ("arch", ["cnn3"]), ("arch", "transformer9000"), ("dataset", None),
    ("dataset", "cats"), ("epochs", "10"), ("epochs", 0), ("epochs", 1.5), ("batch_size", -1),
    ("learning_rate", "fast"), ("augment", "wild"), ("augment", 3), ("seed", -1), ("seed", 2**80),
    ("ensemble", 0), ("deterministic", "yes"), ("hold_out", 1), ("compile", "perhaps"),
    ("on_nan", "hope"), ("patience", True), ("schedule", "up"), ("dropout", 1.5), ("hardest", 5.0),
    ("hardest", -1.0), ("border", -1),
    ("check_labels", 1),
]  # fmt: skip


def test_settings_come_back_as_they_were_written() -> None:
    config = TrainConfig(arch="cnn3", learning_rate=1, epochs=3)
    assert TrainConfig.stored(json.loads(json.dumps(config.as_dict()))) == config
    assert TrainConfig.stored({"arch": "cnn3", "of_a_newer_version": 1}).arch == "cnn3"


@pytest.mark.parametrize("values", [None, [], 7, "epochs", {"epochs": None}])
def test_settings_of_another_kind_are_refused(values: object) -> None:
    with pytest.raises(DigitsError):
        TrainConfig.stored(values)


def resume(text: bytes, capfd: pytest.CaptureFixture) -> str:
    Path("run").mkdir()
    Path("run/config.json").write_bytes(text)
    assert main(["train", "--cpu", "--resume", "run"]) == 1
    error = capfd.readouterr().err
    assert "Traceback" not in error
    assert len([line for line in error.splitlines() if line.startswith("train:")]) == 1
    return error


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_in_a_runs_folder_is_one_line(
    name: str, value: object, run_folder: Path, capfd: pytest.CaptureFixture
) -> None:
    values = {**TrainConfig(arch="micro", dataset="uci", epochs=1).as_dict(), name: value}
    assert "no undamaged state" not in resume(json.dumps(values).encode(), capfd)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_broken_config_file_is_one_line(
    text: bytes, run_folder: Path, capfd: pytest.CaptureFixture
) -> None:
    assert "config.json: not the settings of a run" in resume(text, capfd)


@pytest.mark.parametrize("seed", ["-1", str(2**63), str(2**64), "1" * 5000])
def test_a_seed_that_is_no_seed_is_wrong_usage(
    seed: str, run_folder: Path, capfd: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "--cpu", "--dataset", "uci", "--seed", seed])
    assert stop.value.code == 2 and "--seed" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2**62])
@pytest.mark.parametrize("batch", [1317, 600])
def test_the_largest_seed_and_the_fewest_steps_train(
    seed: int, batch: int, run_folder: Path
) -> None:
    flags = f"--cpu --dataset uci --arch micro --epochs 1 --batch_size {batch} --seed {seed}"
    assert main(["train", *flags.split()]) == 0
    assert Path("models/best_model.pth").is_file()


@pytest.mark.parametrize("device", ["cuda:99", "meta", "xla", "hpu", "", "privateuseone"])
def test_a_device_that_is_not_there_is_one_line(
    device: str, run_folder: Path, capfd: pytest.CaptureFixture
) -> None:
    code = main(["train", "--dataset", "uci", "--epochs", "1", "--device", device])
    error = capfd.readouterr().err
    assert code == 1 and "Traceback" not in error and f"--device {device}" in error
    assert max(len(line) for line in error.splitlines()) < 250
