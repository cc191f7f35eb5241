"""As `best`, 64-128: it learns many hands, drawn digits and what is no digit, to read pictures."""

from torch import nn

from digits.archs._layers import Shape
from digits.archs.best import residual
from digits.spec import INPUT_SHAPE


def build(classes: int, shape: Shape = INPUT_SHAPE, dropout: float = 0.1) -> nn.Module:
    return residual(64, 128, classes, shape, dropout)
