"""Ten convolutions over 2x2 blocks, 48-96, most of them in residual blocks: the most accurate."""

from torch import Tensor, nn

from digits.archs._layers import Blocks, Normalize, conv_norm_relu


class Residual(nn.Module):
    """x + two convolutions of x, as wide as it (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        *layers, _last_relu = conv_norm_relu(channels, channels) + conv_norm_relu(
            channels, channels
        )
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.body(x)).relu()


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
