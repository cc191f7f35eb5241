"""Layers that several architectures share."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.spec import PIXEL_MEAN, PIXEL_STD

Shape = tuple[int, int, int]  # channels, height, width of a tile


class Normalize(nn.Module):
    """The first layer of every model: tiles (N, C, H, W) on the 0..255 scale -> mean 0, std 1.

    Being part of the model, it travels with every artefact: none is fed pixels of another scale.
    """

    def forward(self, tiles: Tensor) -> Tensor:
        kind = tiles.device.type
        halved = torch.is_autocast_enabled(kind)  # bf16 and fp16 hold 0..255 exactly
        pixels = tiles.to(torch.get_autocast_dtype(kind) if halved else torch.float32)
        return (pixels - PIXEL_MEAN) * (1 / PIXEL_STD)


class Standardize(nn.Module):
    """The first layer of models of pages: images (N, 1, H, W) on the 0..255 scale -> mean 0,
    deviation 1 each; what is nearly even stays so."""

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.float()
        away = pixels - pixels.mean((1, 2, 3), keepdim=True)
        return away / ((away * away).mean((1, 2, 3), keepdim=True).sqrt() + 8)


class Inner(nn.Module):
    """Leave out `border` pixels at each side of tiles (N, C, H, W): of a framed digit they are
    empty, and a convolution computes them as it does the others."""

    def __init__(self, border: int) -> None:
        super().__init__()
        self.border = border

    def forward(self, tiles: Tensor) -> Tensor:
        return tiles[..., self.border : -self.border, self.border : -self.border]


class Blocks(nn.Module):
    """(N, C, H, W) -> (N, 4C, H/2, W/2): each 2x2 block becomes four channels, laid out last.

    A 3x3 convolution after it is one of 6x6 with stride 2, on a quarter of the positions and four
    channels instead of one: a first layer took longer than all that follow it.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)


class PixelsFirst(nn.Module):
    """Flatten (N, C, H, W) as it lies in memory with channels last: a view, and so is its gradient,
    where `nn.Flatten` copies both and leaves a layout in which the backward pass is slow."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


def conv_relu(channels_in: int, channels: int, padding: int = 0) -> list[nn.Module]:
    """A 3x3 convolution and its activation."""
    return [nn.Conv2d(channels_in, channels, 3, padding=padding), nn.ReLU()]


def conv_norm_relu(channels_in: int, channels: int, padding: int = 1) -> list[nn.Module]:
    """A 3x3 convolution that keeps the size unless told otherwise; batch norm brings the bias."""
    convolution = nn.Conv2d(channels_in, channels, 3, padding=padding, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU()]


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


def down(channels_in: int, channels: int) -> nn.Module:
    """A convolution that makes maps half as high and wide, and a residual block."""
    convolution = nn.Conv2d(channels_in, channels, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU(), Residual(channels))


def width_after(layers: list[nn.Module], shape: Shape) -> int:
    """How many numbers layers make of a tile: what a dense layer behind them takes in."""
    with torch.no_grad():
        made = nn.Sequential(*layers).eval()(torch.zeros(1, *shape))
    for layer in layers:
        layer.train()
    return made.numel()


def initialise(model: nn.Module, weight_init: object) -> nn.Module:
    """Set every linear and convolution weight by `weight_init`, every bias to zero."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            weight_init(layer.weight)  # type: ignore[operator]
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model
