"""A loss that is not finite: what training goes back to, and what it says."""

import contextlib
import dataclasses
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from digits.data import Dataset
from digits.errors import DigitsError
from digits.training import loop, step
from digits.training.config import TrainConfig
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.state import TrainingState
from digits.training.step import Engine
from tests.test_training import train


def poisoned(monkeypatch: pytest.MonkeyPatch, at: int, ever_after: bool = False) -> None:
    """Let the loss of one step, counted from the first after warm-up, become NaN."""
    forward_backward = Engine.forward_backward
    calls = []

    def poison(self: Engine, images: torch.Tensor, labels: torch.Tensor) -> tuple:
        calls.append(1)
        first = step.WARMUP_STEPS + at
        if len(calls) == first or (ever_after and len(calls) > first):
            images = images * float("nan")
        return forward_backward(self, images, labels)

    monkeypatch.setattr(Engine, "forward_backward", poison)


@pytest.mark.slow
def test_nan_stops_with_the_last_good_state(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, at=14)
    with pytest.raises(DigitsError, match=r"the loss became nan at step 14; .*--on_nan lower"):
        train(uci, tmp_path / "run")
    state = Run(tmp_path / "run").load_state()
    assert state and state["progress"]["step"] == 10
    assert all(value.isfinite().all() for value in state["model"].values())


def test_nan_before_any_state_was_saved_promises_none(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, at=2, ever_after=True)
    with pytest.raises(DigitsError, match=r"at step 2; none was saved; lower --learning_rate"):
        train(uci, tmp_path / "run")
    assert not Run(tmp_path / "run").states()


def test_nan_that_lowering_does_not_cure_is_not_told_to_lower(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(monkeypatch, at=2, ever_after=True)
    with pytest.raises(DigitsError, match="did not help") as caught:
        train(uci, tmp_path / "run", on_nan="lower")
    assert "--on_nan" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("at", [2, 14])
def test_nan_lowers_the_rate_and_goes_on(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    poisoned(monkeypatch, at)
    usual = TrainConfig().learning_rate
    outcome = train(uci, tmp_path / "run", on_nan="lower", learning_rate=usual, epochs=3)
    assert len(outcome.history) == 3
    assert max(row["learning_rate"] for row in outcome.history[1:]) < 0.51 * usual
    assert all(value.isfinite().all() for value in outcome.weights.values())


def test_each_loss_that_is_not_finite_halves_the_rate_once(tmp_path: Path) -> None:
    config = dataclasses.replace(TrainConfig(), on_nan="lower", schedule="linear")
    state = TrainingState(nn.Linear(4, 2), config, 10, None)
    run, usual = Run(tmp_path), state.optimizer.param_groups[0]["initial_lr"]
    for cuts in (1, 2, 3):  # a state is saved after each
        loop.save(state, run, Ranks())
        loop.recover(state, run, config, cuts, float("nan"))
        assert state.optimizer.param_groups[0]["initial_lr"] == pytest.approx(usual * 0.5**cuts)
    loop.recover(state, run, config, 4, float("nan"))  # none was saved since
    assert state.optimizer.param_groups[0]["initial_lr"] == pytest.approx(usual * 0.5**4)


@pytest.mark.parametrize("schedule", ["one-cycle", "linear", "cosine", "plateau"])
def test_the_first_step_after_a_cut_takes_the_lower_rate(schedule: str) -> None:
    config = dataclasses.replace(TrainConfig(), schedule=schedule)
    state = TrainingState(nn.Linear(4, 2), config, 10, None)
    usual = state.optimizer.param_groups[0]["lr"]
    state.scale_learning_rate(0.5)
    assert state.optimizer.param_groups[0]["lr"] == pytest.approx(0.5 * usual)


@pytest.mark.slow
def test_a_state_that_is_broken_already_is_not_gone_back_to(
    uci: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rate that breaks the weights in a step after which the loss was finite still."""
    settings = {"arch": "cnn2", "batch_size": 1317, "learning_rate": 1e4, "epochs": 10}
    with contextlib.suppress(DigitsError):
        train(uci, tmp_path / "run", on_nan="lower", **settings)
    said = re.findall(r"back to step (\d+)", capsys.readouterr().err)
    assert said and all(said.count(step) <= 2 for step in said if step != "0")
