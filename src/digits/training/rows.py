"""Train a row model: row images and their texts -> the weights of the running average.

The loss is CTC (Graves et al. 2006): nobody says where in a row a digit stands. Row images are
made anew every REUSE epochs; every step draws its changes from the run's seed and its own number,
so that a resumed run goes on as if nothing had happened.
"""

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits import archs, checkpoint, device
from digits.data import Dataset, Split
from digits.data import rows as made_up
from digits.data.rows import Sample
from digits.device import autocast_dtype, timer
from digits.errors import DigitsError
from digits.row_image import HEIGHT, PAPER, STRIDE
from digits.spec import ROW_CLASSES, ROW_SHAPE
from digits.training import transfer
from digits.training.config import TrainConfig
from digits.training.ensemble import Trained
from digits.training.loop import Outcome, epoch_order, save, seed_step
from digits.training.progress import EpochBar, print_row
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.state import TrainingState
from digits.training.stop import StopRequest

BLANK = len(ROW_CLASSES)  # the last class
VALIDATION = 1500, 10**6  # row images by held-out writers, and their seed
REUSE = 2  # epochs that share their row images: making one takes a third of a step's share
ALIKE = 25  # pixels by which widths within a batch may differ and not be sorted apart


def train(
    config: TrainConfig, dataset: Dataset, folder: Path, run: Run, on: torch.device, resume: bool
) -> Trained:
    """Train the row model that `config` names with MNIST's digits and the hands in `folder`.

    Raises:
        DigitsError: the hands are not there, or what `fit` and `transfer.start` raise.
    """
    processes = os.cpu_count() or 1

    def sources(split: Split, held_out: bool) -> made_up.Sources:
        tiles, labels = split.images[:, 0].numpy(), split.labels.numpy()
        return made_up.sources(tiles, labels, folder, held_out)

    def samples_of(number: int) -> list[Sample]:
        seed = config.seed * 1000 + number
        return made_up.samples(config.rows, learned, seed, processes)

    learned = sources(dataset.train, held_out=False)
    validation = made_up.samples(VALIDATION[0], sources(dataset.validation, True), VALIDATION[1])
    device.seed(config.seed, config.deterministic)
    model = archs.create(config.arch, len(config.classes))
    if config.init:
        transfer.start(model, config, ROW_SHAPE)
    model.to(on)
    outcome = fit(model, samples_of, validation, config, run, resume)
    if outcome.best_epoch:
        model.load_state_dict(outcome.weights)
    return Trained(config.arch, {}, model, [run], [outcome])


def packed(trained: Trained, config: TrainConfig) -> dict[str, Any]:
    """The content of the checkpoint of what was trained."""
    (outcome,) = trained.outcomes
    best = outcome.history[outcome.best_epoch - 1]
    metrics = {
        "validation": {name: best[name] for name in ("validation_loss", "validation_accuracy")},
        "best_epochs": [outcome.best_epoch],
        "train_seconds": outcome.train_seconds,
        "warmup_seconds": outcome.warmup_seconds,
    }
    return checkpoint.pack(
        trained.arch, trained.model, classes=config.classes, input_shape=ROW_SHAPE,
        config=config.as_dict(), metrics=metrics,
    )  # fmt: skip


def fit(
    model: nn.Module,
    samples_of: Callable[[int], list[Sample]],
    validation: list[Sample],
    config: TrainConfig,
    run: Run,
    resume: bool = False,
) -> Outcome:
    """Train `model`; `samples_of(k)` makes the k-th set of row images. Saves states into `run`.

    A signal ends it early, with the state saved and `stopped_by` set in the outcome.

    Raises:
        DigitsError: the loss is not finite, the disk is full, or there is nothing to resume.
    """
    on = next(model.parameters()).device
    model.to(memory_format=torch.channels_last)
    ranks, seconds = Ranks(), timer(on)
    batch = config.batch_size
    steps = -(-config.rows // batch)
    state = TrainingState(model, config, steps * config.epochs, autocast_dtype(on))
    if resume:
        saved = run.load_state()
        if saved is None:
            raise DigitsError(f"{run.folder}: no undamaged state to resume from; train it afresh")
        state.restore(saved)
    progress, before, saved_at = state.progress, state.progress.seconds, 0.0
    samples: list[Sample] = []
    made = -1
    with StopRequest() as stop:
        while progress.step < steps * config.epochs and stop.signal is None:
            epoch, first = divmod(progress.step, steps)
            if made != epoch // REUSE:
                made, samples = epoch // REUSE, samples_of(epoch // REUSE)
            order = batches(samples, batch, config.seed, epoch)
            bar = EpochBar(epoch, config.epochs, first, steps, shown=True)
            for i in bar:
                images, texts, columns = stack([samples[k] for k in order[i]], on)
                generator = seed_step(on, config.seed, progress.step, ranks)
                loss = step(state, vary(images, generator), texts, columns, config)
                if not math.isfinite(loss):
                    raise DigitsError(
                        f"the loss became {loss} at step {progress.step}; lower --learning_rate "
                        f"and go on from the last state with --resume {run.folder}"
                    )
                progress.step += 1
                progress.epoch_loss += loss
                bar.show(progress.epoch_loss / (i + 1), 0.0)
                now = seconds()
                if stop.signal is not None or now - saved_at > config.save_every:
                    progress.seconds, saved_at = before + now, now
                    save(state, run, ranks)
                if stop.signal is not None:
                    break
            if progress.step % steps == 0 and len(progress.history) == epoch:
                row = {
                    "epoch": epoch + 1,
                    "train_loss": progress.epoch_loss / steps,
                    "train_accuracy": math.nan,
                    **evaluate(state.evaluated, validation),
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
        0 if done else stop.signal or signal.SIGTERM,
    )  # fmt: skip


def step(
    state: TrainingState, images: Tensor, texts: list[str], columns: Tensor, config: TrainConfig
) -> float:
    """One step of the optimizer; returns the mean loss of the batch."""
    kind = images.device.type
    dtype = autocast_dtype(images.device)
    with torch.autocast(kind, dtype, enabled=dtype is not None):
        logits = state.model(images.contiguous(memory_format=torch.channels_last))
    loss = ctc_loss(logits, texts, columns)
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


def ctc_loss(logits: Tensor, texts: list[str], columns: Tensor) -> Tensor:
    """The mean CTC loss of logits (N, T, classes), each row `columns` (N,) of them long."""
    targets = torch.tensor([ROW_CLASSES.index(c) for text in texts for c in text], dtype=torch.long)
    lengths = torch.tensor([len(text) for text in texts])
    log_probs = logits.float().log_softmax(-1).transpose(0, 1)
    return F.ctc_loss(
        log_probs, targets.to(logits.device), columns, lengths, BLANK, zero_infinity=True
    )


def batches(samples: list[Sample], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Batches of samples about as wide, in random order: a function of seed and epoch alone."""
    shuffled = epoch_order(len(samples), seed, epoch).tolist()
    shuffled.sort(key=lambda k: samples[k][0].shape[1] // ALIKE)
    cut = [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
    return [cut[k] for k in epoch_order(len(cut), seed + 1, epoch).tolist()]


def stack(some: list[Sample], on: torch.device | str = "cpu") -> tuple[Tensor, list[str], Tensor]:
    """Row images (N, 1, HEIGHT, W) uint8, padded with paper, their texts and columns (N,)."""
    width = max(image.shape[1] for image, _ in some)
    stacked = np.full((len(some), 1, HEIGHT, width), PAPER, np.uint8)
    for into, (image, _) in zip(stacked, some, strict=True):
        into[0, :, : image.shape[1]] = image
    columns = torch.tensor([image.shape[1] // STRIDE for image, _ in some])
    return torch.from_numpy(stacked).to(on), [text for _, text in some], columns


def vary(images: Tensor, generator: torch.Generator) -> Tensor:
    """Row images (N, 1, H, W), each differently sheared, bent, scaled, and lighter or darker."""
    count, _, height, width = images.shape
    on = images.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        drawn = torch.rand((count, *shape), generator=generator, device=on)
        return low + (high - low) * drawn

    affine = torch.zeros(count, 2, 3, device=on)
    affine[:, 0, 0] = uniform(1.0, 1.1)  # narrower alone: what is wider loses its last columns
    affine[:, 1, 1] = uniform(0.92, 1.08)
    affine[:, 0, 1] = uniform(-0.12, 0.12) * height / width
    affine[:, 1, 0] = uniform(-0.02, 0.02) * width / height
    affine[:, 0, 2] = affine[:, 0, 0] - 1  # the first columns stay in
    affine[:, 1, 2] = uniform(-0.05, 0.05)
    pixel = torch.tensor([2 / width, 2 / height], device=on)
    bends = torch.randn((count, 2, 4, 12), generator=generator, device=on)
    bends = F.interpolate(bends, (height, width), mode="bilinear").permute(0, 2, 3, 1)
    grid = F.affine_grid(affine, [count, 1, height, width], align_corners=False)
    x = F.grid_sample(
        images.float(), grid + 0.9 * pixel * bends, padding_mode="border", align_corners=False
    )
    x = (x - PAPER) * uniform(0.7, 1.15, 1, 1, 1) + PAPER + uniform(-8, 8, 1, 1, 1)
    return x.clamp(0, 255)


@torch.no_grad()
def evaluate(model: nn.Module, samples: list[Sample]) -> dict[str, float]:
    """Loss, and the share of rows whose likeliest path spells the text, signs and all."""
    was_training, on = model.training, next(model.parameters()).device
    model.eval()
    order = sorted(range(len(samples)), key=lambda k: samples[k][0].shape[1])
    loss, right = 0.0, 0
    for at in range(0, len(order), 64):
        images, texts, columns = stack([samples[k] for k in order[at : at + 64]], on)
        logits = model(images.float())
        loss += float(ctc_loss(logits, texts, columns)) * len(texts)
        paths = logits.argmax(dim=-1).cpu().numpy()
        right += sum(
            spelled(path[:n]) == text
            for path, n, text in zip(paths, columns.tolist(), texts, strict=True)
        )
    model.train(was_training)
    return {
        "validation_loss": loss / len(samples),
        "validation_accuracy": right / len(samples),
    }


def spelled(path: np.ndarray) -> str:
    """The text of a path (T,) of classes: repeats and blanks dropped."""
    kept = path[np.flatnonzero(np.diff(path, prepend=-1))]
    return "".join(ROW_CLASSES[k] for k in kept if k != BLANK)
