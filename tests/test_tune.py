"""The search: it goes on where it was stopped, prunes, and never looks at the test set."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from digits.__main__ import main
from digits.archs import names
from digits.errors import DigitsError
from digits.training import tune
from digits.training.config import CHOICES, TrainConfig
from digits.training.lifecycle import begin
from digits.training.recipes import RANGES, RANGES_OF

pytest.importorskip("optuna")
FAST = ["--arch", "micro", "--dataset", "uci", "--epochs", "1", "--cpu", "--seeds", "0"]
STUDY = Path("runs/tune-micro.db")
SRC = Path(__file__).parents[1] / "src"


def study() -> object:
    config, _ = begin({"arch": "micro", "dataset": "uci", "epochs": 1}, None)
    return tune.open_study(STUDY, config)


def test_ranges_are_of_settings_that_there_are() -> None:
    assert set(RANGES_OF) <= set(names())
    for name, (kind, *values) in [*RANGES.items(), *(i for r in RANGES_OF.values()
                                                     for i in r.items())]:  # fmt: skip
        assert name in TrainConfig.names() and kind in ("log", "even", "choice")
        assert all(value in CHOICES.get(name, values) for value in values)
        assert kind == "choice" or len(values) == 2


@pytest.mark.slow
def test_a_study_goes_on_and_is_compared(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", *FAST, "--trials", "2"]) == 0
    assert len(study().trials) == 2
    assert main(["tune", *FAST, "--trials", "3", "--seeds", "2"]) == 0
    out = capfd.readouterr().out
    assert len(study().trials) == 3 and "recipe" in out
    (line,) = [line for line in out.splitlines() if line.startswith("the best ")][-1:]
    assert main(["train", "--cpu", *line.split("train.py ")[1].split()]) == 0
    params = [tuple(sorted(trial.params.items())) for trial in study().trials]
    assert len(set(params)) == 3, "what is gone on with draws other settings"


@pytest.mark.slow
def test_a_killed_study_loses_one_trial(run_folder: Path) -> None:
    command = [sys.executable, SRC / "tune.py", *FAST, "--trials", "1000"]
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 300
        while not STUDY.exists() or len(study().trials) < 3:
            assert time.monotonic() < deadline
            time.sleep(1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = sum(trial.state.name == "COMPLETE" for trial in study().trials)
    assert done >= 2
    assert main(["tune", *FAST, "--trials", str(done + 1)]) == 0


def test_only_the_first_process_of_a_study_draws_by_its_seed(run_folder: Path) -> None:
    def first_draw() -> dict[str, object]:
        drawn: list[dict[str, object]] = []
        one = study()
        one.optimize(lambda trial: drawn.append(tune.suggested(trial, "micro")) or 0.5, n_trials=1)
        return drawn[0]

    first, second, third = (first_draw() for _ in range(3))
    assert first != second and second != third and first != third
    STUDY.unlink()
    assert first_draw() == first, "the seed decides what a study begins with"


def test_the_trial_of_a_dead_process_has_failed_and_its_states_are_gone(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tune, "HEARTBEAT", 1)
    monkeypatch.setattr(tune, "GRACE", 1)
    one = study()
    storage = one._storage
    killed, alive = (storage.create_new_trial(one._study_id) for _ in range(2))
    state = tune.folder_of(STUDY, 0) / "state-000000001.pth"
    state.parent.mkdir(parents=True)
    state.touch()
    storage.record_heartbeat(killed)
    time.sleep(2.1)
    storage.record_heartbeat(alive)
    states = [trial.state.name for trial in study().trials]
    assert states == ["FAIL", "RUNNING"] and not state.exists()


def test_a_study_of_other_settings_is_refused(run_folder: Path) -> None:
    config, _ = begin({"arch": "micro", "dataset": "uci", "epochs": 1}, None)
    tune.open_study(STUDY, config)
    with pytest.raises(DigitsError, match="a study of --epochs 1, not 2; name another"):
        tune.open_study(STUDY, dataclasses.replace(config, epochs=2))
    Path("a.db").write_text("no database")
    with pytest.raises(DigitsError, match=r"a.db: no study that can be used"):
        tune.open_study(Path("a.db"), config)


def test_a_study_is_there_whole_or_not_at_all(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna

    def killed(*_: object) -> None:
        assert not STUDY.exists(), "others would find it half made"
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(optuna.Study, "set_user_attr", killed)
        study()
    assert list(STUDY.parent.iterdir()) == []
    config, _ = begin({"arch": "micro", "dataset": "uci", "epochs": 1}, None)
    first = study().study_name
    tune._make(STUDY, {"arch": "of another who began it at the same time"})
    assert study().study_name == first
    assert tune.open_study(STUDY, config).user_attrs["about"]["arch"] == "micro"


def test_the_best_is_compared_on_seeds_that_the_search_did_not_use(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, dataset = begin({"arch": "micro", "dataset": "uci", "epochs": 1, "seed": 3}, None)
    one = tune.open_study(STUDY, config)
    one.optimize(lambda trial: tune.suggested(trial, "micro") and 0.5, n_trials=1)
    used: list[int] = []
    monkeypatch.setattr(tune, "validated", lambda one, *_: used.append(one.seed) or (0.5, 0))
    tune.compared(one, config, dataset, Path("t"), torch.device("cpu"), 2)
    assert used == [4, 5] * 2
    with pytest.raises(DigitsError, match="a study of --seed 3, not 0"):
        study()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which files are open")
def test_a_study_is_closed_before_its_first_name_is_deleted(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, deleted = Path.unlink, []

    def closed(path: Path, missing_ok: bool = False) -> None:
        opened = [os.path.realpath(fd) for fd in Path("/proc/self/fd").iterdir()]
        assert str(path.resolve()) not in opened, "Windows deletes no file that is open"
        deleted.append(path)
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", closed)
    study()
    assert len(deleted) == 1


def test_where_there_are_no_links_a_study_is_renamed(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    first = study()
    first.set_user_attr("first", True)
    assert not tune._make(STUDY, {"arch": "of another who began it at the same time"})
    assert study().user_attrs["first"] and list(STUDY.parent.iterdir()) == [STUDY]


def test_what_is_worse_than_the_median_is_pruned() -> None:
    import optuna

    told: list[tuple[float, int]] = []

    class Trial:
        def report(self, value: float, step: int) -> None:
            told.append((value, step))

        def should_prune(self) -> bool:
            return told[-1][0] < 0.5

    watch = tune.Watch(Trial())
    watch.add_scalar("train_loss", 0.0, 1)
    watch.add_scalar("validation_accuracy", 0.9, 1)
    watch.flush()
    watch.add_scalar("validation_accuracy", 0.4, 2)
    with pytest.raises(optuna.TrialPruned):
        watch.flush()
    assert told == [(0.9, 1), (0.4, 2)]


def test_the_test_set_is_not_looked_at(run_folder: Path) -> None:
    config, dataset = begin({"arch": "micro", "dataset": "uci", "epochs": 1}, None)
    blind = dataclasses.replace(dataset, test=None)
    best = tune.open_study(STUDY, config)
    assert tune.search(best, config, blind, Path("t"), torch.device("cpu"), 1, 5) == 0
    assert 0 < best.best_value < 1 and not list(Path("t").rglob("state-*"))


def test_a_trial_that_was_stopped_or_failed_is_not_counted(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes = iter([(0.4, signal.SIGINT), (0.5, 0), (0.6, 0)])
    fails = iter([False, True, False, False])

    def trained(*_: object) -> tuple[float, int]:
        if next(fails):
            raise DigitsError("the loss became nan")
        return next(outcomes)

    monkeypatch.setattr(tune, "validated", trained)
    monkeypatch.setattr(tune, "draw", lambda *_: [])
    assert main(["tune", *FAST, "--trials", "2"]) == 128 + signal.SIGINT
    assert main(["tune", *FAST, "--trials", "2"]) == 0
    states = [trial.state.name for trial in study().trials]
    assert states == ["FAIL", "FAIL", "COMPLETE", "COMPLETE"]
    said = capfd.readouterr()
    assert "\ntrial 1: failed: the loss became nan\n" in said.err and "Traceback" not in said.err
    assert "of which 2 ran to their end" in said.out


def test_what_a_trial_begins_with_is_of_the_study_and_in_the_line_to_paste(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def trained(config: TrainConfig, *_: object) -> tuple[float, int]:
        assert (config.init, config.freeze, config.hold_out) == ("micro", 1, 6)
        return 0.5, 0

    monkeypatch.setattr(tune, "validated", trained)
    monkeypatch.setattr(tune, "draw", lambda *_: [])
    flags = "--init micro --freeze 1 --hold_out 6 --dataset uci --epochs 1 --cpu --seeds 0"
    argv = ["tune", *flags.split(), "--data_dir", "my data", "--trials", "1"]
    assert main(argv) == 0
    out = capfd.readouterr().out
    assert "--arch micro --dataset uci --data_dir 'my data' --epochs 1 --hold_out 6" in out
    assert "--init micro --freeze 1" in out and STUDY.exists()
    argv[argv.index("--freeze") + 1] = "99"
    assert main([*argv, "--study", "other.db"]) == 1
    assert "--freeze 99: at most" in capfd.readouterr().err


def test_a_study_is_a_file_that_ends_in_db(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tune", *FAST, "--study", "mine"])
    assert ended.value.code == 2 and "ends in .db" in capfd.readouterr().err
    assert not Path("mine").exists()


def test_without_optuna_it_is_one_line(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["tune", *FAST, "--trials", "1"]) == 1
    assert "[tune]'" in capfd.readouterr().err
