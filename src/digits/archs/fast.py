"""Two convolutions over 2x2 blocks, 16 and 96: made to be trained in a second on a CPU."""

from torch import nn

from digits.archs._layers import Blocks, Normalize, PixelsFirst, Shape, width_after
from digits.spec import INPUT_SHAPE


def build(classes: int, shape: Shape = INPUT_SHAPE) -> nn.Module:
    body = [
        Normalize(),
        Blocks(),  # (N, 4, 14, 14)
        nn.Conv2d(4 * shape[0], 16, 3), nn.MaxPool2d(2), nn.ReLU(),  # (N, 16, 6, 6)
        nn.Conv2d(16, 96, 3), nn.ReLU(),  # (N, 96, 4, 4)
        PixelsFirst(),
    ]  # fmt: skip
    return nn.Sequential(*body, nn.Linear(width_after(body, shape), classes))
