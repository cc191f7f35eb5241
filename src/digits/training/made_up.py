"""Train a model of rows or of pages: made-up pictures -> the weights of the running average.

Pictures are made anew every few epochs; every step draws its changes from the run's seed and its
own number, so that a resumed run goes on as if nothing had happened.
"""

import dataclasses
import math
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from digits import archs, card, checkpoint, device
from digits.data import Dataset, row_ink
from digits.data.row_ink import Sources
from digits.device import autocast_dtype, timer
from digits.errors import DigitsError
from digits.spec import LINE_SHAPE, PAGE_SHAPE, ROW_SHAPE
from digits.training import transfer
from digits.training.config import TrainConfig
from digits.training.ensemble import Trained
from digits.training.loop import Outcome, save, seed_step
from digits.training.progress import EpochBar, print_row
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.state import TrainingState
from digits.training.stop import StopRequest

SHAPES = {archs.ROWS: ROW_SHAPE, archs.PAGES: PAGE_SHAPE, archs.LINES: LINE_SHAPE}
REUSE = 2  # epochs that share their pictures: making one takes a third of a step's share

Sample = TypeVar("Sample")


@dataclass(frozen=True)
class Lesson(Generic[Sample]):
    """What a model learns from, how wrong it is, and how it is judged.

    `samples(k)` makes the k-th set, which `reuse` epochs share. `batches(samples, size, seed,
    epoch)` are places in it. `loss` is of a batch, which it may change by a generator. `evaluate`
    answers `validation_loss` and `validation_accuracy`.
    """

    samples: Callable[[int], list[Sample]]
    batches: Callable[[list[Sample], int, int, int], list[list[int]]]
    loss: Callable[[nn.Module, list[Sample], torch.Generator], Tensor]
    evaluate: Callable[[nn.Module], dict[str, float]]
    reuse: int = REUSE


@dataclass(frozen=True)
class Subject(Generic[Sample]):
    """A kind of models: `make(count, source, seed, processes)` makes samples, `validation` are how
    many judge it and their seed, `lesson(samples_of, validation)` is learned.
    """

    make: Callable[[int, Sources, int, int], list[Sample]]
    validation: tuple[int, int]
    lesson: Callable[[Callable[[int], list[Sample]], list[Sample]], Lesson[Sample]]


def sources(dataset: Dataset, folder: Path) -> tuple[Sources, Sources]:
    """What numbers are written with: to learn from, and by held-out writers.

    Raises:
        DigitsError: the hands are not in `folder`.
    """
    made = []
    for split, held_out in ((dataset.train, False), (dataset.validation, True)):
        tiles, labels = split.images[:, 0].numpy(), split.labels.numpy()
        made.append(row_ink.sources(tiles, labels, folder, held_out))
    return made[0], made[1]


def train(
    subject: Subject[Any], config: TrainConfig, dataset: Dataset, folder: Path, run: Run,
    on: torch.device, resume: bool,
) -> Trained:  # fmt: skip
    """Train the model that `config` names, from new weights or from those of `config.init`, with
    MNIST's digits and the hands in `folder`.

    Raises:
        DigitsError: the hands are not there, or what `fit` and `transfer.start` raise.
    """
    learned, held_out = sources(dataset, folder)

    def samples_of(number: int) -> list[Any]:
        seed = config.seed * 1000 + number
        return subject.make(config.samples, learned, seed, os.cpu_count() or 1)

    count, seed = subject.validation
    lesson = subject.lesson(samples_of, subject.make(count, held_out, seed, 1))
    device.seed(config.seed, config.deterministic)
    shape = SHAPES[archs.kind(config.arch)]
    model = archs.create(config.arch, len(config.classes), shape, **config.arch_arguments)
    settings = dataclasses.replace(config, init=run.begun_with(config.init))
    if config.init:
        transfer.start(model, settings, shape)
    model.to(on)
    outcome = fit(model, lesson, settings, run, resume)
    if outcome.best_epoch:
        model.load_state_dict(outcome.weights)
    return Trained(config.arch, {}, model, [run], [outcome], outcome.finished)


def fit(
    model: nn.Module, lesson: Lesson[Any], config: TrainConfig, run: Run, resume: bool = False
) -> Outcome:
    """Train `model`, saving states into `run`.

    A signal ends it early, with the state saved and `stopped_by` set in the outcome.

    Raises:
        DigitsError: the loss is not finite, the disk is full, or there is nothing to resume.
    """
    on = next(model.parameters()).device
    model.to(memory_format=torch.channels_last)
    ranks, seconds = Ranks(), timer(on)
    batch = config.batch_size
    steps = -(-config.samples // batch)
    state = TrainingState(model, config, steps * config.epochs, autocast_dtype(on))
    if resume:
        state.restore(run.state_to_resume())
    progress, before, saved_at = state.progress, state.progress.seconds, 0.0
    samples: list[Any] = []
    made = -1
    with StopRequest() as stop:
        while progress.step < steps * config.epochs and stop.signal is None:
            epoch, first = divmod(progress.step, steps)
            if made != epoch // lesson.reuse:
                made, samples = epoch // lesson.reuse, lesson.samples(epoch // lesson.reuse)
            order = lesson.batches(samples, batch, config.seed, epoch)
            bar = EpochBar(epoch, config.epochs, first, steps, shown=True)
            for i in bar:
                generator = seed_step(on, config.seed, progress.step, ranks)
                loss = step(state, lesson, [samples[k] for k in order[i]], generator, config)
                if not math.isfinite(loss):
                    raise DigitsError(
                        f"the loss became {loss} at step {progress.step}; train afresh with a "
                        f"lower --learning_rate than {config.learning_rate:g}"
                    )
                progress.step += 1
                progress.epoch_loss += loss
                bar.show(progress.epoch_loss / (i + 1), 0.0)
                if i == steps - 1:
                    continue  # an epoch is saved once it has been evaluated, not before
                now = seconds()
                if stop.signal is not None or now - saved_at > config.save_every:
                    progress.seconds, saved_at = before + now, now
                    save(state, run, ranks)
                if stop.signal is not None:
                    break
            if progress.step % steps == 0:
                row = {
                    "epoch": epoch + 1,
                    "train_loss": progress.epoch_loss / steps,
                    "train_accuracy": math.nan,
                    **lesson.evaluate(state.evaluated),
                    "learning_rate": float(state.schedule.get_last_lr()[0]),
                    "seconds": before + seconds(),
                }
                print_row(row, state.keep_if_best(row))
                run.write_history(progress.history)
                progress.epoch_loss, progress.seconds = 0.0, row["seconds"]
                save(state, run, ranks)
    done = progress.step >= steps * config.epochs
    return Outcome(
        progress.best_weights, progress.best_epoch, progress.history, before + seconds(), 0.0,
        0 if done else stop.signal or signal.SIGTERM, done,
    )  # fmt: skip


def step(
    state: TrainingState, lesson: Lesson[Any], some: list[Any], generator: torch.Generator,
    config: TrainConfig,
) -> float:  # fmt: skip
    """One step of the optimizer; returns the mean loss of the batch."""
    loss = lesson.loss(state.model, some, generator)
    state.scaler.scale(loss).backward()
    state.scaler.unscale_(state.optimizer)
    nn.utils.clip_grad_norm_(state.model.parameters(), config.clip_norm or math.inf)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.schedule.step()
    state.optimizer.zero_grad()
    if state.average:
        state.average.update_parameters(state.model)
    return float(loss.detach())


def answers(model: nn.Module, images: Tensor) -> Tensor:
    """What a model answers to images (N, 1, H, W), in the precision that suits their device."""
    dtype = autocast_dtype(images.device)
    with torch.autocast(images.device.type, dtype, enabled=dtype is not None):
        made = model(images.contiguous(memory_format=torch.channels_last))
    return torch.as_tensor(made).float()


def packed(done: Trained, config: TrainConfig) -> dict[str, Any]:
    """The content of the checkpoint of what was trained."""
    (outcome,) = done.outcomes
    best = outcome.history[outcome.best_epoch - 1]
    metrics = {
        "validation": {name: best[name] for name in ("validation_loss", "validation_accuracy")},
        "best_epochs": [outcome.best_epoch],
        "epochs": card.epochs_of(outcome.history),
        "train_seconds": outcome.train_seconds,
        "warmup_seconds": outcome.warmup_seconds,
    }
    return checkpoint.pack(
        done.arch, done.model, classes=config.classes,
        input_shape=SHAPES[archs.kind(done.arch)],
        config=config.as_dict(), metrics=metrics,
    )  # fmt: skip
