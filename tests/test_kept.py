"""What training keeps: the better model, the place of a run's model, the run to go on with."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digits import archs, checkpoint, data
from digits.__main__ import main
from digits.data import Dataset
from digits.errors import DigitsError
from digits.training.config import TrainConfig
from digits.training.lifecycle import better_than, validation_digest
from digits.training.run import Run

TINY = ["--dataset", "uci", "--arch", "micro", "--epochs", "1", "--cpu"]
BEST = Path("models/best_model.pth")


def model(accuracy: float, dataset: str = "uci", hold_out: int = 12) -> dict[str, Any]:
    return checkpoint.pack(
        "micro",
        archs.create("micro"),
        metrics={"validation": {"validation_accuracy": accuracy, "validation_loss": 1.0}},
        config={"dataset": dataset, "hold_out": hold_out},
    )


def test_the_same_name_may_stand_for_other_tiles(uci: Dataset, tmp_path: Path) -> None:
    """A folder that grew: all of two tiles is less than nearly all of forty."""
    few, many = (validation_digest(uci.validation[:count]) for count in (2, 40))
    old, new = model(1.0), model(0.97)
    checkpoint.save(tmp_path / "older.pth", old)
    assert better_than(new, tmp_path / "older.pth")
    old["metrics"]["validation"]["digest"] = few
    checkpoint.save(tmp_path / "best.pth", old)
    assert better_than(new, tmp_path / "best.pth")  # where one does not tell, names are compared
    new["metrics"]["validation"]["digest"] = many
    assert "other tiles" in better_than(new, tmp_path / "best.pth")
    new["metrics"]["validation"]["digest"] = few
    assert "100.00% on validation against 97.00%" in better_than(new, tmp_path / "best.pth")


@pytest.mark.parametrize(("old", "stays"), [
    (model(0.99), "99.00% on validation against 90.00%"),
    (model(0.90), ""),
    (model(0.80), ""),
    (model(0.80, hold_out=5), "do not compare"),
    (model(0.80, dataset="mnist"), "of mnist"),
    ({"format": 1}, "no model"),
])  # fmt: skip
def test_a_better_model_stays(old: dict[str, Any], stays: str, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "best.pth", old)
    said = better_than(model(0.9), tmp_path / "best.pth")
    assert (stays in said) if stays else not said


def test_a_model_of_any_set_goes_before_one_of_the_small_scans(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "best.pth", model(0.999))
    assert not better_than(model(0.9, dataset="mnist"), tmp_path / "best.pth")
    assert not better_than(model(0.9), tmp_path / "none.pth")


@pytest.mark.slow
def test_a_try_overwrites_a_good_model_only_by_force(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint.save(BEST, model(1.0))
    good = BEST.read_bytes()
    assert main(["train", *TINY]) == 0
    printed = capsys.readouterr()
    (run,) = run_folder.glob("runs/*")
    assert BEST.read_bytes() == good and "best_model.pth is kept: 100.00%" in printed.err
    assert f"model          runs/{run.name}/model.pth" in printed.out
    assert main(["train", *TINY, "--force"]) == 0
    assert BEST.read_bytes() != good


def broken_off(folder: Path, *flags: str) -> Path:
    """The folder of a run that was stopped after its first step, as by Ctrl-C."""
    import signal

    from digits.training import loop

    class Stopped(loop.StopRequest):
        def __enter__(self) -> "Stopped":
            self.signal = signal.SIGINT
            return self

        def __exit__(self, *_: object) -> None:
            pass

    before = set(folder.rglob("runs/*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "StopRequest", Stopped)
        assert main(["train", *TINY, *flags]) == 130
    (run,) = set(folder.rglob("runs/*")) - before
    return run


@pytest.mark.slow
def test_a_resumed_run_keeps_its_save_dir(run_folder: Path) -> None:
    run = broken_off(run_folder, "--save_dir", "mine")
    assert main(["train", "--cpu", "--resume", str(run)]) == 0
    assert Path("mine/best_model.pth").is_file() and not Path("models").exists()


@pytest.mark.slow
def test_a_resumed_run_goes_where_it_is_told(run_folder: Path) -> None:
    run = broken_off(run_folder, "--save_dir", "mine")
    assert main(["train", "--cpu", "--resume", str(run), "--save_dir", "other"]) == 0
    assert Path("other/best_model.pth").is_file() and not Path("mine/best_model.pth").exists()


@pytest.mark.slow
def test_a_run_goes_on_from_what_it_began_with_whoever_overwrites_it(run_folder: Path) -> None:
    digits = ["--epochs", "2", "--save_dir", "mine", "--init", "mine/best_model.pth"]
    checkpoint.save("mine/best_model.pth", model(0.1))
    run = broken_off(run_folder, *digits, "--nondigits", "0.2")
    content = checkpoint.pack("micro", archs.create("micro", 11), classes=(*"0123456789", "none"))
    checkpoint.save("mine/best_model.pth", content)  # as the stopped run does after an epoch
    assert main(["train", "--cpu", "--resume", str(run)]) == 0
    assert checkpoint.load(run / "model.pth")["config"]["init"] == "mine/best_model.pth"
    assert not (run / "init.pth").exists()


@pytest.mark.slow
def test_a_run_whose_data_changed_is_not_gone_on_with(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uci = data.load("uci").train.arrays
    for count in (200, 230):
        np.savez("own.npz", images=uci[0][:count, 0], labels=uci[1][:count])
        if count == 200:
            flags = "--dataset own.npz --frame none --batch_size 16"
            run = broken_off(run_folder, *flags.split())
    assert main(["train", "--cpu", "--resume", str(run)]) == 1
    assert f"own.npz: has changed since {run} began; train afresh" in capsys.readouterr().err
    config = json.loads((run / "config.json").read_text())
    del config["learned_digest"]  # as runs of before are
    (run / "config.json").write_text(json.dumps(config))
    np.savez("own.npz", images=uci[0][:200, 0], labels=uci[1][:200])
    assert main(["train", "--cpu", "--resume", str(run)]) == 0


def test_the_run_that_was_saved_last_is_resumed_whatever_its_name(tmp_path: Path) -> None:
    for name, seconds in (("2031-01-01-000000-a", 1), ("2026-b", 3), ("2027-c", 2)):
        run = Run(tmp_path / name)
        run.folder.mkdir()
        checkpoint.write_json(run.config, {})
        state = run.folder / "state-000000001.pth"
        state.touch()
        os.utime(state, (seconds, seconds))
    assert Run.find("latest", tmp_path).folder.name == "2026-b"
    for name in ("2026-b", "2031-01-01-000000-a"):  # finished; not a run
        (tmp_path / name / ("state-000000001.pth" if "b" in name else "config.json")).unlink()
    assert Run.find("latest", tmp_path).folder.name == "2027-c"
    (tmp_path / "2027-c" / "state-000000001.pth").unlink()
    with pytest.raises(DigitsError, match="no run to resume"):
        Run.find("latest", tmp_path)


@pytest.mark.parametrize("value", [7, None, ["models"]])
def test_a_wrong_save_dir_in_a_runs_folder_is_one_line(
    value: object, run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("run").mkdir()
    config = {**TrainConfig(dataset="uci").as_dict(), "save_dir": value}
    Path("run/config.json").write_text(json.dumps(config))
    assert main(["train", "--cpu", "--resume", "run"]) == 1
    assert "save_dir is no str" in capsys.readouterr().err


@pytest.mark.slow
def test_a_batch_larger_than_the_set_counts_what_it_saw(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import csv

    flags = ["--batch_size", "5000", "--augment", "none", "--learning_rate", "1e-9"]
    assert main(["train", *TINY, *flags]) == 0
    (row,) = csv.DictReader(next(run_folder.glob("runs/*/history.csv")).read_text().splitlines())
    assert 2.2 < float(row["train_loss"]) < 2.7  # -log 0.1 is 2.3; 0.6 where 5,000 were counted
    assert "only one step of training" in capsys.readouterr().err


@pytest.mark.slow
def test_a_preset_on_the_small_scans_says_so_and_learns_them(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--preset", "fast", "--dataset", "uci", "--cpu"]) == 0
    printed = capsys.readouterr()
    assert "--preset fast is made for MNIST" in printed.err
    assert float(printed.out.split()[2].removesuffix("%")) > 95
