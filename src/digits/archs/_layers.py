"""Layers that several architectures share."""

import torch
from torch import Tensor, nn

from digits.spec import PIXEL_MEAN, PIXEL_STD


class Normalize(nn.Module):
    """The first layer of every model: tiles (N, 1, H, W) on the 0..255 scale -> mean 0, std 1.

    Being part of the model, it travels with every artefact: none is fed pixels of another scale.
    """

    def forward(self, tiles: Tensor) -> Tensor:
        pixels = tiles if tiles.is_floating_point() else tiles.to(torch.float32)
        return (pixels - PIXEL_MEAN) * (1 / PIXEL_STD)


def conv_relu(channels_in: int, channels: int, padding: int = 0) -> list[nn.Module]:
    """A 3x3 convolution and its activation."""
    return [nn.Conv2d(channels_in, channels, 3, padding=padding), nn.ReLU()]


def conv_norm_relu(channels_in: int, channels: int) -> list[nn.Module]:
    """A 3x3 convolution that keeps the size; batch norm brings the bias."""
    convolution = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU()]


def initialise(model: nn.Module, weight_init: object) -> nn.Module:
    """Set every linear and convolution weight by `weight_init`, every bias to zero."""
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            weight_init(layer.weight)  # type: ignore[operator]
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model
