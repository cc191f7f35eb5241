"""Says whether a line of a page is one number by hand: 10 convolutions, 32-96 channels.

It sees what stands around the line: print is told by what it stands in, a piece by what goes on.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.archs._layers import Standardize, conv_norm_relu, down

KIND = "line images"  # what it takes
BLOCK = 2  # pixels: the first layer sees blocks of so many squared
CHANNELS = 32, 64, 96  # of the maps, each half as large as the one before


class LineModel(nn.Module):
    """Line images uint8 (N, 1, 72, W) -> logits (N, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        widths, last = (BLOCK * BLOCK, *CHANNELS), CHANNELS[-1]
        self.standardize = Standardize()
        self.body = nn.Sequential(*map(down, widths, CHANNELS), *conv_norm_relu(last, last))
        self.head = nn.Linear(2 * last, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = F.pixel_unshuffle(self.standardize(images), BLOCK)
        maps = self.body(x.contiguous(memory_format=torch.channels_last))
        made: Tensor = self.head(torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1))
        return made


def build(classes: int) -> nn.Module:
    """See `LineModel`."""
    return LineModel(classes)
