"""Learn from a trained model beside the labels (distillation: Hinton et al. 2015).

The teacher's answers are taken at its calibrated temperature. Softer ones, as in the paper, made
small students worse: a teacher that was trained with smoothed labels is too soft as it is.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits import checkpoint
from digits.errors import DigitsError
from digits.spec import NONE
from digits.training import transfer

SHARE = 0.9  # of the teacher's answers in what is learned, against the labels


class Teacher(nn.Module):
    """A trained model that is never trained on: tiles -> calibrated logits (N, K)."""

    def __init__(self, model: nn.Module, temperature: float) -> None:
        super().__init__()
        self.model = model.requires_grad_(False)
        self.temperature = temperature

    def forward(self, tiles: Tensor) -> Tensor:
        return self.model(tiles) / self.temperature


def load(name: str, classes: tuple[str, ...], device: torch.device) -> Teacher:
    """The model of a checkpoint, by its path or the name of a shipped one, on `device`.

    Raises:
        DigitsError: there is none, or it tells other classes apart.
    """
    content = transfer.content_of(name)
    if tuple(content["classes"]) != classes:
        raise DigitsError(f"--teacher {name}: {_difference(content['classes'], classes)}")
    model = checkpoint.build(content).to(device)
    model.to(memory_format=torch.channels_last)
    return Teacher(model, content["temperature"])


def _difference(known: Sequence[str], classes: Sequence[str]) -> str:
    """What a teacher knows and its student does not, and the other way round, in words."""
    alone = [
        (who, ", ".join(name for name in some if name not in others))
        for who, some, others in (
            ("it alone knows", known, classes), ("the student alone", classes, known)
        )
    ]  # fmt: skip
    said = ", ".join(f"{who} {names:.60}" for who, names in alone if names)
    advice = "; --nondigits makes the class `none`" if NONE in set(known) - set(classes) else ""
    return f"{said}{advice}" or "it knows the classes in another order"


def require_shape(name: str, shape: tuple[int, ...]) -> None:
    """Let pass a teacher that takes the tiles (C, H, W) of the student.

    Raises:
        DigitsError: there is none of this name, or it takes others.
    """
    takes = tuple(transfer.content_of(name)["input_shape"])
    if takes != shape:
        raise DigitsError(f"--teacher {name} takes tiles of {takes}, the student {shape}")


def divergence(logits: Tensor, taught: Tensor) -> Tensor:
    """KL(teacher || student) of each tile (N,), of logits (N, K)."""
    student, teacher = F.log_softmax(logits, dim=1), F.log_softmax(taught, dim=1)
    return F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)
