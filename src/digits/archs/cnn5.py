"""Five convolutions, 32-32-64-64-128, dense 512 and 256, with batch norm."""

from torch import nn

from digits.archs._layers import Normalize, conv_norm_relu


def build(classes: int, dropout: float = 0.25) -> nn.Module:
    def dense(width_in: int, width: int) -> list[nn.Module]:
        linear = nn.Linear(width_in, width, bias=False)
        return [linear, nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout)]

    return nn.Sequential(
        Normalize(),
        *conv_norm_relu(1, 32), *conv_norm_relu(32, 32), nn.MaxPool2d(2),  # (N, 32, 14, 14)
        *conv_norm_relu(32, 64), *conv_norm_relu(64, 64), nn.MaxPool2d(2),  # (N, 64, 7, 7)
        *conv_norm_relu(64, 128), nn.Dropout2d(dropout / 2),
        nn.Flatten(), *dense(128 * 7 * 7, 512), *dense(512, 256),
        nn.Linear(256, classes),
    )  # fmt: skip
