"""Several models of one architecture, their logits averaged: made by `train --ensemble`."""

import torch
from torch import Tensor, nn

from digits.archs._layers import Shape
from digits.archs._registry import create
from digits.spec import INPUT_SHAPE


class Ensemble(nn.Module):
    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, tiles: Tensor) -> Tensor:
        return torch.stack([member(tiles) for member in self.members]).mean(dim=0)


def build(
    classes: int, shape: Shape = INPUT_SHAPE, member: str = "fast", count: int = 2, border: int = 0
) -> nn.Module:
    arguments = {"border": border} if border else {}
    return Ensemble([create(member, classes, shape, **arguments) for _ in range(count)])
