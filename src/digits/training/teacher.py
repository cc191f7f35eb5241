"""Learn from a trained model beside the labels (distillation: Hinton et al. 2015)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits import checkpoint, classifier
from digits.errors import DigitsError

SHARE = 0.9  # of the teacher's answers in what is learned, against the labels
SOFTNESS = 2.0  # both distributions are taken at this temperature


def load(name: str, classes: tuple[str, ...], device: torch.device) -> nn.Module:
    """The model of a checkpoint, by its path or the name of a shipped one, on `device`.

    Raises:
        DigitsError: there is none, or it tells other classes apart.
    """
    content = checkpoint.load(classifier.find(name).with_suffix(".pth"))
    if tuple(content["classes"]) != classes:
        raise DigitsError(
            f"--teacher {name} knows {len(content['classes'])} classes and the student is to know "
            f"{len(classes)}; --nondigits makes the class `none`"
        )
    model = checkpoint.build(content).to(device)
    model.to(memory_format=torch.channels_last)
    return model.requires_grad_(False)


def divergence(logits: Tensor, taught: Tensor) -> Tensor:
    """The sum over a batch of KL(teacher || student), both logits (N, K), times the square of
    SOFTNESS, which keeps its gradients as large as the labels'."""
    student = F.log_softmax(logits / SOFTNESS, dim=1)
    teacher = F.log_softmax(taught / SOFTNESS, dim=1)
    return F.kl_div(student, teacher, reduction="sum", log_target=True) * SOFTNESS**2
