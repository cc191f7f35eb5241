"""Ten convolutions over 2x2 blocks, 48-96, most of them in residual blocks: the most accurate."""

from torch import Tensor, nn

from digits.archs._layers import Blocks, Normalize, Residual, Shape, conv_norm_relu
from digits.spec import INPUT_SHAPE


class Strongest(nn.Module):
    """(N, C, H, W) -> (N, C): each channel's maximum over the tile."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).amax(dim=2)  # ExecuTorch takes the maximum of a plain layout only


def build(classes: int, shape: Shape = INPUT_SHAPE, dropout: float = 0.1) -> nn.Module:
    return residual(48, 96, classes, shape, dropout)


def residual(first: int, then: int, classes: int, shape: Shape, dropout: float) -> nn.Module:
    """`first` channels at half the size of a tile, 14x14, and `then` at a quarter."""
    return nn.Sequential(
        Normalize(),
        Blocks(), *conv_norm_relu(4 * shape[0], first), Residual(first), nn.MaxPool2d(2),
        *conv_norm_relu(first, then), Residual(then), Residual(then), Residual(then),
        Strongest(), nn.Dropout(dropout), nn.Linear(then, classes),
    )  # fmt: skip
