"""As `best`, 64-128: it learns many hands, drawn digits and what is no digit, to read pictures."""

from torch import nn

from digits.archs.best import residual


def build(classes: int, dropout: float = 0.1) -> nn.Module:
    return residual(64, 128, classes, dropout)
