"""Ten convolutions over 2x2 blocks, 48-96, most of them in residual blocks: the most accurate."""

from torch import Tensor, nn

from digits.archs._layers import Blocks, Normalize, Residual, conv_norm_relu


class Strongest(nn.Module):
    """(N, C, H, W) -> (N, C): each channel's maximum over the tile."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(dim=(2, 3))


def build(classes: int, dropout: float = 0.1) -> nn.Module:
    return residual(48, 96, classes, dropout)


def residual(first: int, then: int, classes: int, dropout: float) -> nn.Module:
    """`first` channels at 14x14 and `then` at 7x7."""
    return nn.Sequential(
        Normalize(),
        Blocks(), *conv_norm_relu(4, first), Residual(first), nn.MaxPool2d(2),
        *conv_norm_relu(first, then), Residual(then), Residual(then), Residual(then),
        Strongest(), nn.Dropout(dropout), nn.Linear(then, classes),
    )  # fmt: skip
