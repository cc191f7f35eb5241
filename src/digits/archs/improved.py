"""An MLP of four hidden layers, 1024-512-256-128, with batch norm: an MLP at its best."""

import math

from torch import nn

from digits.archs._layers import Normalize, Shape, initialise
from digits.spec import INPUT_SHAPE

HIDDEN = (1024, 512, 256, 128)


def build(classes: int, shape: Shape = INPUT_SHAPE, dropout: float = 0.4) -> nn.Module:
    """Batch norm, ReLU and dropout after each hidden layer; Kaiming initialisation (He 2015)."""
    layers: list[nn.Module] = [Normalize(), nn.Flatten()]
    width = math.prod(shape)
    for hidden in HIDDEN:
        layers += [nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(dropout)]
        width = hidden
    model = nn.Sequential(*layers, nn.Linear(width, classes))
    return initialise(model, nn.init.kaiming_normal_)
