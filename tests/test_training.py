"""The loop: it learns, repeats itself bit for bit, and survives being stopped anywhere."""

import dataclasses
import os
import signal
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from digits import archs, checkpoint
from digits.data import Dataset
from digits.errors import DigitsError
from digits.training import loop, step
from digits.training.config import TrainConfig
from digits.training.loop import Outcome, fit
from digits.training.optim import make_average
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.step import Engine

CONFIG = TrainConfig(arch="cnn3", epochs=2, batch_size=128, learning_rate=3e-3)


def train(dataset: Dataset, folder: Path, resume: bool = False, **changes: object) -> Outcome:
    config = dataclasses.replace(CONFIG, **changes)  # type: ignore[arg-type]
    torch.manual_seed(config.seed)
    folder.mkdir(exist_ok=True)
    model = archs.create(config.arch, **config.arch_arguments)
    return fit(model, dataset.train, dataset.validation, config, Run(folder), Ranks(), resume)


def weights(outcome: Outcome) -> str:
    return checkpoint.digest(outcome.weights)


def test_it_learns_and_keeps_the_best_epoch(uci: Dataset, tmp_path: Path) -> None:
    outcome = train(uci, tmp_path / "run", epochs=6)
    accuracies = [row["validation_accuracy"] for row in outcome.history]
    assert max(accuracies) > 0.9
    assert accuracies[outcome.best_epoch - 1] == max(accuracies)
    lines = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert len(lines) == 1 + 6 and lines[0].startswith("epoch,train_loss,train_accuracy")


@pytest.mark.slow
def test_a_seed_repeats_a_run_bit_for_bit(uci: Dataset, tmp_path: Path) -> None:
    first, same, other = (
        weights(train(uci, tmp_path / name, augment="light", average=0.9, seed=seed))
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first == same != other


@pytest.mark.slow
def test_early_stopping(uci: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = train(uci, tmp_path / "run", epochs=50, patience=2, learning_rate=1e-9)
    assert len(outcome.history) < 50
    assert len(outcome.history) - outcome.best_epoch == 2
    said = capsys.readouterr().err
    assert said.endswith("ended: the last 2 epochs were no better on validation (--patience)\n")
    train(uci, tmp_path / "whole", epochs=1, patience=1)
    assert "ended" not in capsys.readouterr().err


class Interrupt(BaseException):
    """Stands for a kill: nothing in the loop catches it."""


@pytest.mark.slow
@pytest.mark.parametrize("arch, changes", [
    ("cnn3", {"save_every": 0.0}),
    ("improved", {"save_every": 0.0, "average": 0.9}),
    ("cnn2", {"augment": "light", "mixing": "cutmix", "save_every": 0.05}),
    ("fast", {"border": 2, "hardest": 0.5, "schedule": "linear", "save_every": 0.0}),
])  # fmt: skip
def test_resumed_weights_are_those_of_an_undisturbed_run(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arch: str, changes: dict
) -> None:
    undisturbed = weights(train(uci, tmp_path / "whole", arch=arch, **changes))
    update = Engine.update

    for count, limit in enumerate([1, 3, 4, 1, 9]):  # 18 steps in all, 9 an epoch, or 13
        left = [limit + step.WARMUP_STEPS]

        def dies(self: Engine, left: list[int] = left) -> None:
            update(self)
            left[0] -= 1
            if left[0] <= 0:
                raise Interrupt

        monkeypatch.setattr(Engine, "update", dies)
        try:
            resume = bool(count) and bool(Run(tmp_path / "broken").states())
            train(uci, tmp_path / "broken", arch=arch, resume=resume, **changes)
        except Interrupt:
            pass
    monkeypatch.setattr(Engine, "update", update)
    resume = bool(Run(tmp_path / "broken").states())
    resumed = train(uci, tmp_path / "broken", arch=arch, resume=resume, **changes)
    assert weights(resumed) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_resume_goes_on(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    undisturbed = weights(train(uci, tmp_path / "whole"))
    update = Engine.update
    calls = []

    def signals(self: Engine) -> None:
        update(self)
        calls.append(1)
        if len(calls) == step.WARMUP_STEPS + 12:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(Engine, "update", signals)
    outcome = train(uci, tmp_path / "stopped")
    assert outcome.stopped_by == number and outcome.best_epoch == 1
    assert signal.getsignal(number) is not None
    resumed = train(uci, tmp_path / "stopped", resume=True)
    assert weights(resumed) == undisturbed and not resumed.stopped_by


@pytest.mark.slow
def test_a_damaged_newest_state_is_passed_over(
    uci: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    undisturbed = weights(train(uci, tmp_path / "run"))
    _, newest = Run(tmp_path / "run").states()
    newest.write_bytes(newest.read_bytes()[:1000])
    assert weights(train(uci, tmp_path / "run", resume=True)) == undisturbed
    assert f"{newest}: damaged" in capsys.readouterr().err
    for path in Run(tmp_path / "run").states():
        path.write_bytes(b"")
    with pytest.raises(DigitsError, match="no undamaged state"):
        train(uci, tmp_path / "run", resume=True)


def test_a_run_that_is_over_says_so(uci: Dataset, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    train(uci, tmp_path / "run")
    run.model.touch()
    run.drop_states()
    with pytest.raises(DigitsError, match="run: finished; there is nothing to go on with"):
        train(uci, tmp_path / "run", resume=True)


def test_the_folder_of_runs_is_named_for_one_of_them(tmp_path: Path) -> None:
    (tmp_path / "mine" / "runs").mkdir(parents=True)
    with pytest.raises(DigitsError, match=r"mine: not the folder .*; runs are in .*mine/runs"):
        Run.find(str(tmp_path / "mine"))
    with pytest.raises(DigitsError, match=r"no: not the folder of a training run$"):
        Run.find(str(tmp_path / "no"))


@pytest.mark.slow
def test_out_of_memory_halves_the_batch_and_accumulates(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """With a model that depends on each tile alone the gradients are the same, in pieces or not."""
    undisturbed = train(uci, tmp_path / "a", arch="base", epochs=1)
    forward = nn.Linear.forward

    def limited(self: nn.Linear, x: torch.Tensor) -> torch.Tensor:
        if self.training and len(x) > 40:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, x)

    monkeypatch.setattr(nn.Linear, "forward", limited)
    pieces = train(uci, tmp_path / "b", arch="base", epochs=1)
    assert "out of memory: going on with 4 pieces of 32 a batch" in capsys.readouterr().err
    assert pieces.history[0]["train_loss"] == pytest.approx(
        undisturbed.history[0]["train_loss"], rel=0.05
    )


def test_each_epoch_visits_every_sample_once_in_another_order() -> None:
    orders = [loop.epoch_order(100, seed=1, epoch=epoch) for epoch in (0, 1)]
    assert sorted(orders[0].tolist()) == sorted(orders[1].tolist()) == list(range(100))
    assert not torch.equal(*orders)


def test_the_last_epoch_takes_the_tiles_whose_losses_were_the_highest(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[Tensor]] = []
    forward_backward = Engine.forward_backward

    def look(self: Engine, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        losses, right = forward_backward(self, images, labels)
        seen.append([images.flatten(1), losses / losses.mean()])
        return losses, right

    monkeypatch.setattr(Engine, "forward_backward", look)
    outcome = train(uci, tmp_path / "run", arch="fast", epochs=3, hardest=0.5)
    assert len(outcome.history) == 3
    size = CONFIG.batch_size
    whole, last = len(uci.train) // size, len(uci.train) // 2 // size
    steps = seen[step.WARMUP_STEPS :]
    assert len(steps) == 2 * whole + last
    images, losses = (torch.cat(parts) for parts in zip(*steps[whole : 2 * whole], strict=True))
    expected = images[losses.topk(last * size).indices]
    learned = torch.cat([images for images, _ in steps[2 * whole :]])
    assert sorted(learned.sum(dim=1).tolist()) == sorted(expected.sum(dim=1).tolist())


def test_processes_have_epochs_of_one_length(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one of them waits for gradients that nobody sends."""
    steps: list[int] = []

    def lengths(config: TrainConfig, tiles: int, batch: int) -> list[int]:
        steps.append(max(tiles // batch, 1))
        raise Interrupt

    monkeypatch.setattr(loop, "epoch_lengths", lengths)
    config = dataclasses.replace(CONFIG, batch_size=16)
    for rank in (0, 1):
        with pytest.raises(Interrupt):
            fit(nn.Linear(1, 1), uci.train[:239], uci.validation, config, Run(tmp_path),
                Ranks(rank, 2))  # fmt: skip
    assert steps == [14, 14]


def test_one_epoch_takes_all_tiles(uci: Dataset, tmp_path: Path) -> None:
    one = {"arch": "fast", "epochs": 1}
    all_tiles = weights(train(uci, tmp_path / "all", **one))
    assert weights(train(uci, tmp_path / "hard", hardest=0.5, **one)) == all_tiles


def test_given_flags_go_before_defaults() -> None:
    config = TrainConfig.make({"arch": "base", "epochs": 3, "seed": None})
    assert (config.arch, config.epochs, config.seed) == ("base", 3, 0)
    assert TrainConfig.make(config.as_dict()) == config


def test_the_average_follows_a_short_run_and_smooths_a_long_one() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = make_average(model, decay=0.9)
    assert average is not None and make_average(model, decay=0.0) is None
    expected = None
    for value in range(50):
        nn.init.constant_(model.weight, value)
        average.update_parameters(model)
        weight = max(0.1, 9 / (10 + value))
        expected = value if expected is None else expected + weight * (value - expected)
        assert average.module.weight.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["progress", "model", "optimizer", "schedule"])
def test_a_state_with_wrong_content_is_refused(uci: Dataset, tmp_path: Path, part: str) -> None:
    """Its checksum is right, so that it is loaded; but it is of something else."""
    run = Run(tmp_path / "run")
    train(uci, run.folder, epochs=1)
    (path,) = run.states()[-1:]
    saved = checkpoint.load(path)
    for wrong in (None, {}, {"x": torch.zeros(1)}, 7):
        saved.pop("format", None)
        checkpoint.save(path, {**saved, part: wrong})
        with pytest.raises(DigitsError, match="does not fit"):
            train(uci, run.folder, epochs=1, resume=True)
    checkpoint.save(path, {key: value for key, value in saved.items() if key != part})
    with pytest.raises(DigitsError, match="does not fit"):
        train(uci, run.folder, epochs=1, resume=True)
