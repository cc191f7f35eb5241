"""Three convolutions, 32-64-64, and a dense layer of 64: small, and good on the CPU."""

from torch import nn

from digits.archs._layers import Normalize, conv_relu


def build(classes: int, dropout: float = 0.25) -> nn.Module:
    return nn.Sequential(
        Normalize(),
        *conv_relu(1, 32), nn.MaxPool2d(2),  # (N, 32, 13, 13)
        *conv_relu(32, 64), nn.MaxPool2d(2),  # (N, 64, 5, 5)
        *conv_relu(64, 64),  # (N, 64, 3, 3)
        nn.Flatten(), nn.Linear(64 * 3 * 3, 64), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(64, classes),
    )  # fmt: skip
