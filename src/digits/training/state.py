"""All that a training run needs to go on from a step as if nothing had happened.

Random numbers are not in it: every step seeds its own from the run's seed and the step's number,
so a run that is killed and resumed draws the same ones, on any number of processes.
"""

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from digits.errors import DigitsError
from digits.training.config import TrainConfig
from digits.training.optim import OnPlateau, make_average, make_optimizer, make_schedule


@dataclass
class Progress:
    """Where a run stands, as plain data."""

    step: int = 0
    seconds: float = 0.0  # spent in the loop, over all resumptions
    epoch_loss: float = 0.0  # sums over the steps of the epoch so far
    epoch_right: float = 0.0
    rate_factor: float = 1.0  # of the learning rate, after losses that were not finite
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)


class TrainingState:
    """Model, optimizer, schedule, scaler and weight average of a run, and its progress."""

    def __init__(
        self, model: nn.Module, config: TrainConfig, steps: int, dtype: torch.dtype | None
    ) -> None:
        device = next(model.parameters()).device
        self.model = model
        self.optimizer = make_optimizer(model, config)
        self.schedule = make_schedule(self.optimizer, config, steps)
        self.average = make_average(model, config.average)
        self.scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)
        self.progress = Progress()
        self.losses = torch.zeros(0, device=device)  # of each tile, where a later epoch chooses

    @property
    def evaluated(self) -> nn.Module:
        """The weights that are measured and kept: the running average where there is one."""
        return self.model if self.average is None else self.average.module

    def content(self) -> dict[str, Any]:
        """Plain data for `checkpoint.save`."""
        return {
            "progress": vars(self.progress),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.state_dict() if self.average else {},
            "scaler": self.scaler.state_dict(),
            "losses": self.losses,
        }

    def restore(self, content: dict[str, Any]) -> None:
        """Go back, or on, to where `content` was made.

        Raises:
            DigitsError: it is of another model or run, or of another version.
        """
        try:
            self._restore(content)
        except (LookupError, TypeError, ValueError, RuntimeError, AttributeError, OverflowError):
            raise DigitsError(
                "the saved state does not fit the settings of its run; train it afresh"
            ) from None

    def _restore(self, content: dict[str, Any]) -> None:
        self.progress = _proved(Progress(**copy.deepcopy(content["progress"])))
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(copy.deepcopy(content["optimizer"]))
        self.schedule.load_state_dict(content["schedule"])
        if self.average:
            self.average.load_state_dict(content["average"])
        self.scaler.load_state_dict(content["scaler"])
        self.losses.copy_(content.get("losses", self.losses))  # older states have none
        if self.schedule.last_epoch != self.progress.step:
            raise ValueError("schedule and progress are of different steps")

    def content_copy(self) -> dict[str, Any]:
        """`content` that later steps do not change."""
        return copy.deepcopy(self.content())

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply the whole of the schedule by `factor`."""
        for group in self.optimizer.param_groups:
            for key in {"lr", "initial_lr", "max_lr", "min_lr"} & set(group):
                group[key] *= factor
        if not isinstance(self.schedule, OnPlateau):
            self.schedule.base_lrs = [rate * factor for rate in self.schedule.base_lrs]

    def keep_if_best(self, row: dict[str, float]) -> bool:
        """Note an epoch's row, which a schedule may wait for; keep its weights if no epoch had a
        better validation."""
        progress = self.progress
        if isinstance(self.schedule, OnPlateau):
            self.schedule.look(row["validation_loss"])
        progress.history.append(row)
        if progress.best_epoch and rank_of(row) <= rank_of(
            progress.history[progress.best_epoch - 1]
        ):
            return False
        progress.best_epoch = int(row["epoch"])
        weights = self.evaluated.state_dict()
        progress.best_weights = {name: value.detach().clone() for name, value in weights.items()}
        return True


def _proved(progress: Progress) -> Progress:
    """The progress, of which a checksum only proves that nothing was changed by accident.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    history, best = progress.history, progress.best_epoch
    numbers = (progress.seconds, progress.epoch_loss, progress.epoch_right)
    whole = (
        isinstance(history, list)
        and all(set(row) == set(history[0]) for row in history)
        and all(isinstance(value, int | float) for row in history for value in row.values())
        and all(isinstance(number, int) for number in (progress.step, best))
        and all(isinstance(number, int | float) for number in numbers)
        and progress.step >= 0
        and 0 <= best <= len(history)
        and isinstance(progress.best_weights, dict)
        and all(isinstance(weights, Tensor) for weights in progress.best_weights.values())
    )
    if not whole:
        raise ValueError("no progress of a run")
    for row in history:
        rank_of(row)
    return progress


def rank_of(row: dict[str, float]) -> tuple[float, float]:
    """Epochs compare by validation accuracy, then by loss, of which none is worse than NaN."""
    loss = row["validation_loss"]
    return row["validation_accuracy"], -math.inf if math.isnan(loss) else -loss
