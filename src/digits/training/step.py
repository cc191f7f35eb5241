"""One training step and one evaluation, by the fastest correct path on the device."""

import sys
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data import Split
from digits.device import autocast_dtype, timer
from digits.training import teacher
from digits.training.config import TrainConfig
from digits.training.optim import FEWEST_STEPS
from digits.training.ranks import Ranks
from digits.training.state import TrainingState

EVALUATION_BATCH = 1000
WARMUP_STEPS = FEWEST_STEPS
# Fewer steps do not earn compilation back on a GPU. On the CPU none do: measured on two cores with
# AMX, compiled steps took 1.04 (cnn6, batch 512) to 3.6 times (cnn2, batch 64) as long as eager.
COMPILE_FROM_STEPS = 5000


class Engine:
    """Forward, backward and update of a `TrainingState`."""

    def __init__(
        self, state: TrainingState, config: TrainConfig, ranks: Ranks, total_steps: int
    ) -> None:
        self.state, self.config, self.ranks = state, config, ranks
        # 1.6x on the CPU: the layout in which its bf16 convolutions are written
        state.model.to(memory_format=torch.channels_last)
        self.device = next(state.model.parameters()).device
        self.dtype = autocast_dtype(self.device)
        self.net: Callable[[Tensor], Tensor] = ranks.wrap(state.model)
        self.teacher = (
            teacher.load(config.teacher, config.classes, self.device) if config.teacher else None
        )
        self.pieces = 1  # a batch is computed in this many pieces, more when memory runs out
        pays = compilation_pays(self.device, total_steps)
        if {"on": True, "off": False, "auto": pays}[config.compile]:
            self.net = torch.compile(self.net)

    def forward_backward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Leave the batch's mean gradients in the model.

        images (N, 1, 28, 28) on the 0..255 scale, labels (N,), or (N, K) as shares of classes;
        returns the loss of each and whether it was answered right, both (N,) float32. Of several
        classes the largest share is right.
        """
        while True:
            try:
                found = [
                    self._forward_backward_piece(some_images, some_labels, len(labels))
                    for some_images, some_labels in zip(
                        images.chunk(self.pieces), labels.chunk(self.pieces), strict=True
                    )
                ]
                break
            except torch.OutOfMemoryError:
                if self.pieces >= len(labels):
                    raise
            self.state.optimizer.zero_grad()
            self.pieces *= 2
            size = -(-len(labels) // self.pieces)
            print(
                f"warning: out of memory: going on with {self.pieces} pieces of {size} a batch, "
                "gradients accumulated",
                file=sys.stderr,
            )
        losses, right = (torch.cat(parts) for parts in zip(*found, strict=True))
        return losses, right

    def _forward_backward_piece(
        self, images: Tensor, labels: Tensor, total: int
    ) -> tuple[Tensor, Tensor]:
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            logits = self.net(images)
        losses = F.cross_entropy(
            logits.float(), labels, reduction="none", label_smoothing=self.config.label_smoothing
        )
        if self.teacher:
            taught = logits_of(self.teacher, images, self.dtype)
            losses = losses.lerp(teacher.divergence(logits.float(), taught), teacher.SHARE)
        self.state.scaler.scale(losses.sum() / total).backward()
        right = labels if labels.ndim == 1 else labels.argmax(dim=1)
        return losses.detach(), (logits.detach().argmax(dim=1) == right).float()

    def update(self) -> None:
        """Clip the gradients, step the optimizer and the schedule, move the weight average."""
        state = self.state
        if self.config.clip_norm:
            state.scaler.unscale_(state.optimizer)
            nn.utils.clip_grad_norm_(state.model.parameters(), self.config.clip_norm)
        state.scaler.step(state.optimizer)
        state.scaler.update()
        state.schedule.step()
        state.optimizer.zero_grad()
        if state.average:
            state.average.update_parameters(state.model)

    def evaluate(self, split: Split) -> dict[str, float]:
        """Loss and accuracy of the weights that are kept, each rank measuring its share."""
        share = self.ranks.share(split)
        logits = logits_of(self.state.evaluated, share.images, self.dtype)
        loss = F.cross_entropy(logits, share.labels, reduction="sum")
        right = (logits.argmax(dim=1) == share.labels).sum()
        loss_sum, right_sum = self.ranks.sum(torch.stack([loss, right.float()])).tolist()
        return {
            "validation_loss": loss_sum / len(split),
            "validation_accuracy": right_sum / len(split),
        }

    def warm_up(self, part: Split) -> float:
        """Take some steps and undo them: kernels are built, tuned and compiled before the clock
        starts. Returns the seconds that it took."""
        seconds = timer(self.device)
        before = self.state.content_copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the schedule: that it starts over
            for _ in range(WARMUP_STEPS):
                self.forward_backward(part.images.float(), part.labels)
                self.update()
            self.evaluate(part)
        self.state.restore(before)
        return seconds()


def compilation_pays(device: torch.device, steps: int) -> bool:
    """Whether so many steps on a device are enough for compiling them to save time."""
    return device.type == "cuda" and steps >= COMPILE_FROM_STEPS


def logits_of(model: nn.Module, images: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Logits (N, K) float32 of tiles (N, 1, 28, 28), in evaluation mode, without gradients."""
    was_training = model.training
    model.eval()
    with (
        torch.no_grad(),
        torch.autocast(images.device.type, dtype, enabled=dtype is not None),
    ):
        parts = [model(some).float() for some in images.split(EVALUATION_BATCH)]
    model.train(was_training)
    return torch.cat(parts)
