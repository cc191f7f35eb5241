"""Two convolutions over 2x2 blocks, 16 and 96: made to be trained in a second on a CPU."""

from torch import nn

from digits.archs._layers import Blocks, Normalize, PixelsFirst


def build(classes: int) -> nn.Module:
    return nn.Sequential(
        Normalize(),
        Blocks(),  # (N, 4, 14, 14)
        nn.Conv2d(4, 16, 3), nn.MaxPool2d(2), nn.ReLU(),  # (N, 16, 6, 6)
        nn.Conv2d(16, 96, 3), nn.ReLU(),  # (N, 96, 4, 4)
        PixelsFirst(), nn.Linear(96 * 4 * 4, classes),
    )  # fmt: skip
