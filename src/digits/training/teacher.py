"""Learn from a trained model beside the labels (distillation: Hinton et al. 2015).

The teacher's answers are taken at its calibrated temperature. Softer ones, as in the paper, made
small students worse: a teacher that was trained with smoothed labels is too soft as it is.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits import checkpoint, classifier
from digits.errors import DigitsError

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
    content = checkpoint.load(classifier.find_checkpoint(name))
    if tuple(content["classes"]) != classes:
        raise DigitsError(
            f"--teacher {name} knows {len(content['classes'])} classes and the student is to know "
            f"{len(classes)}; --nondigits makes the class `none`"
        )
    model = checkpoint.build(content).to(device)
    model.to(memory_format=torch.channels_last)
    return Teacher(model, content["temperature"])


def require_shape(name: str, shape: tuple[int, ...]) -> None:
    """Let pass a teacher that takes the tiles (C, H, W) of the student.

    Raises:
        DigitsError: there is none of this name, or it takes others.
    """
    takes = tuple(checkpoint.load(classifier.find_checkpoint(name))["input_shape"])
    if takes != shape:
        raise DigitsError(f"--teacher {name} takes tiles of {takes}, the student {shape}")


def divergence(logits: Tensor, taught: Tensor) -> Tensor:
    """KL(teacher || student) of each tile (N,), of logits (N, K)."""
    student, teacher = F.log_softmax(logits, dim=1), F.log_softmax(taught, dim=1)
    return F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)
