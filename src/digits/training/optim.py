"""The optimizer, the schedule of its rate, and the running average of the weights."""

import math

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel

from digits.training import transfer
from digits.training.config import TrainConfig

TAKEN_OVER = 0.1  # of --learning_rate, for layers that were trained before
FEWEST_STEPS = 3  # of a schedule: so many the warm-up takes, and takes back
RISING = 0.2  # of the steps of a linear schedule
PLATEAU_FACTOR, PLATEAU_EPOCHS = 0.3, 1  # the rate falls to this share after as many without gain
Tensors = tuple[Tensor, ...] | list[Tensor]


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019), one fused kernel; weights decay, biases do not. Layers that
    are taken over from another model learn at TAKEN_OVER of the rate."""
    learning = [p for p in model.parameters() if p.requires_grad]
    fresh = transfer.fresh_layers(model, config) if config.init else []
    new = {id(p) for layer in fresh for p in layer.parameters()}
    groups = [
        {"params": some, "weight_decay": decay, "lr": config.learning_rate * share}
        for share in ((1.0, TAKEN_OVER) if config.init else (1.0,))
        for is_matrix, decay in ((True, config.weight_decay), (False, 0.0))
        if (some := [
            p for p in learning
            if (p.ndim > 1) == is_matrix and (share == 1.0) == (not config.init or id(p) in new)
        ])
    ]  # fmt: skip
    cycled = config.schedule == "one-cycle"
    betas = (config.beta1 or (0.95 if cycled else 0.9), config.beta2)
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=betas, fused=True)


class OnPlateau(ReduceLROnPlateau):
    """Counts steps, as other schedules do, and lowers the rate where `look` sees no gain."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        super().__init__(optimizer, factor=PLATEAU_FACTOR, patience=PLATEAU_EPOCHS)

    def step(self) -> None:  # type: ignore[override]
        self.last_epoch += 1

    def look(self, loss: float) -> None:
        """At the end of an epoch, of its loss on validation."""
        steps = self.last_epoch
        super().step(loss)
        self.last_epoch = steps


def make_schedule(optimizer: torch.optim.Optimizer, config: TrainConfig, steps: int) -> LRScheduler:
    """`one-cycle`: up for 30% of the steps and down for the rest, momentum the other way (Smith
    2018). `linear`: up for 20% and down to nothing, in straight lines. `cosine`: down along half a
    wave (Loshchilov & Hutter 2017). `plateau`: down whenever validation gets no better."""
    steps = max(steps, FEWEST_STEPS)
    if config.schedule == "linear":
        up = RISING * steps
        return LambdaLR(optimizer, lambda step: min((step + 1) / up, (steps - step) / (steps - up)))
    if config.schedule == "cosine":
        return LambdaLR(optimizer, lambda step: (1 + math.cos(math.pi * step / steps)) / 2)
    if config.schedule == "plateau":
        return OnPlateau(optimizer)
    return OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=steps,
        cycle_momentum=not config.beta1,
    )


def make_average(model: nn.Module, decay: float) -> AveragedModel | None:
    """An exponential moving average of weights and batch statistics, or None for decay 0.

    It starts short, over a tenth of the steps so far: else the random weights of the beginning
    would weigh on the average of a run of few steps.
    """
    if not decay:
        return None

    @torch.no_grad()
    def update(averages: Tensors, values: Tensors, count: Tensor | int) -> None:
        weight = max(1 - decay, 9 / (10 + int(count)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, weight)
        else:
            torch._foreach_copy_(averages, values)

    return AveragedModel(model, multi_avg_fn=update, use_buffers=True)
