"""The one training loop: tiles and labels in memory -> the weights of the best epoch.

each batch: augment, mix, forward, loss, backward, step, average;
each epoch: evaluate on validation, keep the best, save what a resumption needs.
"""

import math
import signal
import sys
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from digits.data import Split
from digits.data.augment import augment
from digits.data.mixing import mix
from digits.device import autocast_dtype, timer
from digits.errors import DigitsError
from digits.training.config import TrainConfig
from digits.training.progress import EpochBar, print_patience, print_row
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.state import TrainingState
from digits.training.step import Engine
from digits.training.stop import StopRequest

LOOK_EVERY = 20  # steps between looks at the loss where looking waits for a GPU or other ranks
MAX_RATE_CUTS = 5


@dataclass(frozen=True)
class Outcome:
    """`weights` of epoch `best_epoch`, which is 0 if no epoch was completed."""

    weights: dict[str, Tensor]
    best_epoch: int
    history: list[dict[str, float]]  # one row an epoch
    train_seconds: float
    warmup_seconds: float  # and compilation
    stopped_by: int  # the number of the signal, or 0
    finished: bool  # trained to its last step, or until patience ended


def fit(
    model: nn.Module,
    train: Split,
    validation: Split,
    config: TrainConfig,
    run: Run,
    ranks: Ranks,
    resume: bool = False,
) -> Outcome:
    """Train `model` on its device, where both splits lie whole. Saves states into `run`.

    A signal ends it early, with the state saved and `stopped_by` set in the outcome; so does one
    that comes too late to end anything, for who has more to train.

    Raises:
        DigitsError: the loss is not finite, the disk is full, there is nothing to resume, or a
            batch of one tile is too small for the network.
    """
    device = next(model.parameters()).device
    train = ranks.even_share(train)
    batch = min(ranks.share_of(config.batch_size), len(train))  # a smaller set is one batch
    lengths = epoch_lengths(config, len(train), batch)
    starts = [0, *accumulate(lengths)]
    total_steps = starts[-1]
    # the epoch whose losses choose the tiles of the last
    chosen_by = config.epochs - 2 if config.hardest < 1 and config.epochs > 1 else None
    if batch == 1 and any(isinstance(layer, nn.BatchNorm1d) for layer in model.modules()):
        raise DigitsError(f"--arch {config.arch}: its batch norm needs --batch_size 2 or more")
    look_every = 1 if device.type == "cpu" and ranks.count == 1 else LOOK_EVERY

    state = TrainingState(model, config, total_steps, autocast_dtype(device))
    if chosen_by is not None:
        state.losses = torch.zeros(len(train), device=device)
    saved = run.state_to_resume() if resume else None
    engine = Engine(state, config, ranks, total_steps)
    warmup_seconds = engine.warm_up(train[:batch])
    if saved:
        state.restore(saved)
    elif config.on_nan == "lower":
        save(state, run, ranks)
    rate_cuts, stopping = round(-math.log2(state.progress.rate_factor)), 0.0
    failed_at = 0  # the step of the last loss that was not finite
    seconds, seconds_before, saved_at = timer(device), state.progress.seconds, 0.0

    with StopRequest() as stop:
        while state.progress.step < total_steps and not out_of_patience(state, config):
            progress = state.progress
            epoch = bisect_right(starts, progress.step) - 1
            steps, first = lengths[epoch], progress.step - starts[epoch]
            order = epoch_order(len(train), config.seed, epoch).to(device)
            if epoch - 1 == chosen_by:
                order = hardest(order, state.losses, steps * batch)
            # loss and right answers so far; of a resumed epoch one rank carries the others' on
            sums = torch.tensor([progress.epoch_loss, progress.epoch_right], device=device)
            sums *= ranks.first

            bar = EpochBar(epoch, config.epochs, first, steps, ranks.first)
            for i in bar:
                places = order[i * batch : (i + 1) * batch]
                part = train[places]
                generator = seed_step(device, config.seed, progress.step, ranks)
                images = augment(part.images, config.augment, generator)
                images, labels = mix(
                    images, part.labels, config.mixing, len(config.classes), generator
                )

                losses, right = engine.forward_backward(images, labels)
                engine.update()
                sums += torch.stack([losses.sum(), right.sum()])
                if epoch == chosen_by:
                    state.losses[places] = losses / losses.mean()  # all fall during an epoch
                progress.step += 1

                if progress.step % look_every and i < steps - 1:
                    continue
                flag = torch.tensor([float(stop.signal is not None)], device=device)
                loss_sum, right_sum, stopping = ranks.sum(torch.cat([sums, flag])).tolist()
                if not math.isfinite(loss_sum):
                    break
                progress.epoch_loss, progress.epoch_right = loss_sum, right_sum
                done = (i + 1) * batch * ranks.count
                bar.show(loss_sum / done, right_sum / done)
                if i == steps - 1:
                    continue  # an epoch is saved once it has been evaluated, not before
                now = seconds()
                if stopping or now - saved_at > config.save_every:
                    progress.seconds, saved_at = seconds_before + now, now
                    save(state, run, ranks)
                if stopping:
                    break

            if not math.isfinite(loss_sum):
                rate_cuts += 1
                if progress.step == failed_at:  # the state is broken, whatever the rate
                    ranks.same(run.drop_newest_state() if ranks.first else "")
                failed_at = progress.step
                recover(state, run, config, rate_cuts, loss_sum)
                continue
            if progress.step < starts[epoch + 1]:
                break  # stopped within the epoch
            seen = steps * batch * ranks.count
            row: dict[str, float] = {
                "epoch": epoch + 1,
                "train_loss": progress.epoch_loss / seen,
                "train_accuracy": progress.epoch_right / seen,
                **engine.evaluate(validation),
                "learning_rate": float(state.schedule.get_last_lr()[0]),
                "seconds": seconds_before + seconds(),
            }
            is_best = state.keep_if_best(row)
            progress.epoch_loss = progress.epoch_right = 0.0
            progress.seconds, saved_at = row["seconds"], seconds()
            if ranks.first:
                print_row(row, is_best)
                run.write_history(progress.history)
            if math.isfinite(row["validation_loss"]):
                save(state, run, ranks)
            asked = torch.tensor(float(stop.signal is not None), device=device)  # meanwhile
            stopping = stopping or ranks.sum(asked).item()
            if stopping:
                break

    progress = state.progress
    if ranks.first and not stopping and progress.step < total_steps:
        print_patience(config.patience)
    train_seconds = seconds_before + seconds()
    return Outcome(
        progress.best_weights,
        progress.best_epoch,
        progress.history,
        train_seconds,
        warmup_seconds,
        (stop.signal or signal.SIGTERM) if stopping else 0,
        progress.step >= total_steps or out_of_patience(state, config),
    )


def epoch_lengths(config: TrainConfig, tiles: int, batch: int) -> list[int]:
    """The steps of each epoch: the last of several takes `config.hardest` of the tiles."""
    whole = max(tiles // batch, 1)
    last = max(int(tiles * config.hardest) // batch, 1) if config.epochs > 1 else whole
    return [whole] * (config.epochs - 1) + [last]


def hardest(order: Tensor, losses: Tensor, count: int) -> Tensor:
    """Of an order (N,) the `count` tiles whose losses (N,) were the highest. What is learned
    already is not repeated (selective backpropagation: Jiang et al. 2019)."""
    chosen = torch.zeros_like(losses, dtype=torch.bool)
    chosen[losses.topk(count).indices] = True
    return order[chosen[order]]


def epoch_order(count: int, seed: int, epoch: int) -> Tensor:
    """The order (count,) int64 of the samples in one epoch: a function of seed and epoch alone."""
    generator = torch.Generator().manual_seed(hash((seed, epoch)) % 2**62)
    return torch.randperm(count, generator=generator)


def seed_step(device: torch.device, seed: int, step: int, ranks: Ranks) -> torch.Generator:
    """Make dropout and augmentation functions of seed and step, so that a resumed run draws the
    same numbers as an undisturbed one; returns the generator for the augmentation."""
    number = hash((seed, step, ranks.rank)) % 2**62
    if device.type == "cuda":
        torch.cuda.manual_seed(number)
    elif device.type == "mps":
        torch.mps.manual_seed(number)
    else:  # not torch.manual_seed: that also queues work for every GPU that is not there
        torch.default_generator.manual_seed(number)
    return torch.Generator(device).manual_seed(number + 1)


def out_of_patience(state: TrainingState, config: TrainConfig) -> bool:
    """Whether the last `patience` epochs brought nothing better."""
    return len(state.progress.history) - state.progress.best_epoch >= config.patience


def save(state: TrainingState, run: Run, ranks: Ranks) -> None:
    """Let one rank write what a resumption needs."""
    if ranks.first:
        run.save_state(state.progress.step, state.content())


def recover(
    state: TrainingState, run: Run, config: TrainConfig, rate_cuts: int, loss: float
) -> None:
    """After a loss that is not finite: stop, or go back to the last state at half the rate.

    Raises:
        DigitsError: `on_nan` says stop, or halving the rate has not helped.
    """
    step = state.progress.step
    if config.on_nan == "stop" or rate_cuts > MAX_RATE_CUTS:
        kept = f"the last good state is kept in {run.folder}" if run.states() else "none was saved"
        halved = f"{MAX_RATE_CUTS} times half of it did not help"
        advice = "or let --on_nan lower do it" if config.on_nan == "stop" else halved
        raise DigitsError(
            f"the loss became {loss} at step {step}; {kept}; lower --learning_rate, {advice}"
        )
    saved = run.load_state()
    if saved is None:
        raise DigitsError(f"the loss became {loss} at step {step}, and no good state was saved")
    state.restore(saved)
    factor = 0.5**rate_cuts
    state.scale_learning_rate(factor / state.progress.rate_factor)
    state.progress.rate_factor = factor
    print(
        f"warning: the loss became {loss} at step {step}: back to step {state.progress.step} "
        f"with the learning rate times {factor:g}",
        file=sys.stderr,
    )
