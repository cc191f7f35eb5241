"""Two convolutions, 32 and 64, and a dense layer of 64: the tutorials' network."""

from torch import nn

from digits.archs._layers import Normalize, Shape, conv_relu, width_after
from digits.spec import INPUT_SHAPE


def build(classes: int, shape: Shape = INPUT_SHAPE, dropout: float = 0.25) -> nn.Module:
    body = [
        Normalize(),
        *conv_relu(shape[0], 32), nn.MaxPool2d(2),  # (N, 32, 13, 13)
        *conv_relu(32, 64), nn.MaxPool2d(2), nn.Flatten(),  # (N, 64 * 5 * 5)
    ]  # fmt: skip
    dense = [nn.Linear(width_after(body, shape), 64), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*body, *dense, nn.Linear(64, classes))
