"""Reads a whole row of a number without cutting it: 23 convolutions, 48-192, trained by CTC.

A column of the answer is four of the row image's and sees about seven digits around it.
"""

from torch import Tensor, nn

from digits.archs._layers import Blocks, Residual, conv_norm_relu
from digits.row_image import INK, PAPER

KIND = "row images"  # what it takes; it learns by CTC: the last class is the blank
CONTEXT = 5  # columns that a convolution over the columns sees


class Levels(nn.Module):
    """The first layer: row images (N, 1, H, W) on the 0..255 scale -> paper 0, ink about 2."""

    def forward(self, images: Tensor) -> Tensor:
        return (images.float() - PAPER) * (2 / (INK - PAPER))


class Columns(nn.Module):
    """The last layer: (N, classes, 1, T) -> logits (N, T, classes)."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.squeeze(2).transpose(1, 2)


class Along(nn.Module):
    """x + two convolutions of x along the columns: what stands beside a stroke tells what it is."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_block(channels, channels, (1, CONTEXT)),
            *_block(channels, channels, (1, CONTEXT))[:-1],
        )

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.body(x)).relu()


def build(classes: int, dropout: float = 0.1) -> nn.Module:
    """Row images uint8 (N, 1, 48, W) -> logits (N, W / 4, classes)."""
    return nn.Sequential(
        Levels(),
        Blocks(), *_block(4, 48, (3, 3), stride=(2, 1)),  # (N, 48, 12, W/2)
        *conv_norm_relu(48, 64), Residual(64), nn.MaxPool2d(2),  # (N, 64, 6, W/4)
        *conv_norm_relu(64, 128), Residual(128), Residual(128), Residual(128),
        nn.MaxPool2d((2, 1)), Residual(128),
        *_block(128, 192, (3, 3), padding=(0, 1)), Along(192), nn.Dropout(dropout), Along(192),
        nn.Dropout(dropout), Along(192), Along(192), nn.Conv2d(192, classes, 1),
        Columns(),
    )  # fmt: skip


def _block(
    channels_in: int,
    channels: int,
    size: tuple[int, int],
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] | None = None,
) -> list[nn.Module]:
    around = padding or (size[0] // 2, size[1] // 2)
    convolution = nn.Conv2d(channels_in, channels, size, stride, around, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU()]
