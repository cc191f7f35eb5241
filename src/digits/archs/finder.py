"""Finds numbers on a page: a U-Net over 4x4 blocks, 16-96 channels, 0.45 million parameters.

It says of every second pixel whether it lies in a number's row, and whether in its core.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.archs._layers import Residual, Standardize, conv_norm_relu, down

KIND = "page images"  # what it takes; it says of each pixel what is there
BLOCK = 4  # pixels: the first layer sees blocks of so many squared
CHANNELS = 16, 32, 48, 64, 96  # of the maps, each half as large as the one before
SIDE = 32  # channels of the way back up


class Finder(nn.Module):
    """Page images uint8 (N, 1, H, W), H and W multiples of 64 -> logits (N, H/2, W/2, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        first = CHANNELS[0]
        self.standardize = Standardize()
        self.first = nn.Sequential(*conv_norm_relu(BLOCK * BLOCK, first), Residual(first))
        self.downs = nn.ModuleList(map(down, CHANNELS, CHANNELS[1:]))
        wide = [first, *[SIDE] * (len(CHANNELS) - 1)]
        self.sides = nn.ModuleList(
            nn.Conv2d(channels, side, 1) for channels, side in zip(CHANNELS, wide, strict=True)
        )
        self.ups = nn.ModuleList(nn.Sequential(*conv_norm_relu(SIDE, side)) for side in wide[:-1])
        self.head = nn.Sequential(*conv_norm_relu(first, 24), nn.Conv2d(24, 4 * classes, 1))

    def forward(self, images: Tensor) -> Tensor:
        x = F.pixel_unshuffle(self.standardize(images), BLOCK)
        maps = [self.first(x.contiguous(memory_format=torch.channels_last))]
        for halve in self.downs:
            maps.append(halve(maps[-1]))
        x = self.sides[-1](maps[-1])
        for k in reversed(range(len(self.ups))):
            larger = F.interpolate(self.ups[k](x), scale_factor=2, mode="bilinear")
            x = (larger + self.sides[k](maps[k])).relu()
        return F.pixel_shuffle(self.head(x), 2).permute(0, 2, 3, 1)


def build(classes: int) -> nn.Module:
    """See `Finder`."""
    return Finder(classes)
