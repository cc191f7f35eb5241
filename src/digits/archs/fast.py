"""Two convolutions over 2x2 blocks, 16 and 96: made to be trained in seconds on a CPU."""

from torch import nn

from digits.archs._layers import Blocks, Inner, Normalize, PixelsFirst, Shape, width_after
from digits.spec import INPUT_SHAPE

LEAST_SIDE = 16  # pixels: two convolutions and a pooling leave one position of as many


def build(classes: int, shape: Shape = INPUT_SHAPE, border: int = 0) -> nn.Module:
    """It does not look at `border` pixels at each side, of tiles that are large enough. The sizes
    are those of a border of 2."""
    has_room = min(shape[1:]) - 2 * border >= LEAST_SIDE
    body = [
        *([Inner(border)] if border and has_room else []),  # (N, 1, 24, 24)
        Normalize(),
        Blocks(),  # (N, 4, 12, 12)
        nn.Conv2d(4 * shape[0], 16, 3), nn.MaxPool2d(2), nn.ReLU(),  # (N, 16, 5, 5)
        nn.Conv2d(16, 96, 3), nn.ReLU(),  # (N, 96, 3, 3)
        PixelsFirst(),
    ]  # fmt: skip
    return nn.Sequential(*body, nn.Linear(width_after(body, shape), classes))
