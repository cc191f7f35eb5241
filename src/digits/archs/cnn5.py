"""Five convolutions, 32-32-64-64-128, dense 512 and 256, with batch norm."""

from torch import nn

from digits.archs._layers import Normalize, Shape, conv_norm_relu, width_after
from digits.spec import INPUT_SHAPE


def build(classes: int, shape: Shape = INPUT_SHAPE, dropout: float = 0.25) -> nn.Module:
    def dense(width_in: int, width: int) -> list[nn.Module]:
        linear = nn.Linear(width_in, width, bias=False)
        return [linear, nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout)]

    body = [
        Normalize(),
        *conv_norm_relu(shape[0], 32), *conv_norm_relu(32, 32), nn.MaxPool2d(2),  # (N, 32, 14, 14)
        *conv_norm_relu(32, 64), *conv_norm_relu(64, 64), nn.MaxPool2d(2),  # (N, 64, 7, 7)
        *conv_norm_relu(64, 128), nn.Dropout2d(dropout / 2), nn.Flatten(),  # (N, 128 * 7 * 7)
    ]  # fmt: skip
    head = [*dense(width_after(body, shape), 512), *dense(512, 256), nn.Linear(256, classes)]
    return nn.Sequential(*body, *head)
