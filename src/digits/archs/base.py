"""An MLP of three hidden layers, 512-384-192: the plain beginning."""

import math

from torch import nn

from digits.archs._layers import Normalize, Shape, initialise
from digits.spec import INPUT_SHAPE

HIDDEN = (512, 384, 192)


def build(classes: int, shape: Shape = INPUT_SHAPE, dropout: float = 0.2) -> nn.Module:
    """ReLU and dropout after each hidden layer; Xavier initialisation (Glorot & Bengio 2010)."""
    layers: list[nn.Module] = [Normalize(), nn.Flatten()]
    width = math.prod(shape)
    for hidden in HIDDEN:
        layers += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout)]
        width = hidden
    model = nn.Sequential(*layers, nn.Linear(width, classes))
    return initialise(model, nn.init.xavier_uniform_)
