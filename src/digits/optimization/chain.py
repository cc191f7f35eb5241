"""A sequential model as the layers that the integer form has, in PyTorch: to be calibrated, trained
on with simulated rounding, and turned into integers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.spec import PIXEL_STD


class Round(torch.autograd.Function):
    """Round half up; the gradient passes as if it had not (Bengio et al. 2013)."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return torch.floor(x + 0.5)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        return gradients[0]


def rounded(x: Tensor) -> Tensor:
    return Round.apply(x)


class Link(nn.Module):
    """A convolution with its skip, ReLU and pooling. `scale` is a step of its uint8 output."""

    scale: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, stride: int = 1, pad: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.detach().clone())  # (out, in, height, width)
        self.bias = nn.Parameter(bias.detach().clone())
        self.stride, self.pad = stride, pad
        self.pad_value, self.pool, self.skips = 0, "", False
        self.register_buffer("scale", torch.tensor(0.0))

    def activations(self, x: Tensor, before: Tensor, weight: Tensor) -> Tensor:
        """What comes out before it is rounded and pooled: (N, out, H, W), 0 or more."""
        pad = self.pad
        if self.pad_value:
            x, pad = F.pad(x, [pad] * 4, value=self.pad_value / PIXEL_STD), 0
        y = F.conv2d(x, weight, self.bias, self.stride, pad)
        return (y + before if self.skips else y).relu()

    def pooled(self, y: Tensor, exact: bool) -> Tensor:
        """Pooling of 2x2; of rounded activations the mean is rounded too unless `exact`."""
        if self.pool == "mean":
            y = F.avg_pool2d(y, 2)
            return y if exact else rounded(y / self.scale) * self.scale
        return F.max_pool2d(y, 2) if self.pool else y


@dataclass(frozen=True)
class Grid:
    """How many bits a weight has."""

    bits: int

    @property
    def most(self) -> int:
        """The largest level: 127 or 7."""
        return 2 ** (self.bits - 1) - 1

    def step(self, weight: Tensor, whole: bool = False) -> Tensor:
        """The size of a level (out, 1, 1, 1), or one for the `whole` tensor."""
        size = weight.detach().abs()
        most = size.amax() if whole else size.amax(dim=(1, 2, 3), keepdim=True)
        return (most / self.most).clamp(min=1e-12)

    def round(self, weight: Tensor, whole: bool = False) -> Tensor:
        step = self.step(weight, whole)
        return rounded(weight / step) * step


class Chain(nn.Module):
    """`links`, then a head: a reduction of the last map and a dense layer over what is left."""

    def __init__(self, links: list[Link], head: Link, reduction: str) -> None:
        super().__init__()
        self.links, self.head, self.reduction = links, head, reduction
        self.all = nn.ModuleList([*links, head])  # for PyTorch to know their parameters

    def forward(self, tiles: Tensor) -> Tensor:
        """Tiles (N, 1, 28, 28) on the 0..255 scale -> logits (N, K), in float arithmetic."""
        x = before = tiles.float() / PIXEL_STD
        for link in self.links:
            x, before = link.pooled(link.activations(x, before, link.weight), True), x
        return self._logits(x, self.head.weight)

    def simulated(self, tiles: Tensor, grid: Grid) -> Tensor:
        """As `forward`, with weights and activations rounded as in the integer form."""
        x = before = tiles.float().round() / PIXEL_STD
        for link in self.links:
            y = link.activations(x, before, grid.round(link.weight))
            y = (rounded(y / link.scale).clamp(max=255)) * link.scale
            x, before = link.pooled(y, False), x
        return self._logits(x, grid.round(self.head.weight, whole=True))

    def _logits(self, x: Tensor, weight: Tensor) -> Tensor:
        if self.reduction == "max":
            x = x.amax(dim=(2, 3), keepdim=True)
        elif self.reduction == "sum":
            x = x.sum(dim=(2, 3), keepdim=True)
        return F.conv2d(x, weight, self.head.bias).flatten(1)

    @torch.no_grad()
    def calibrate(self, tiles: Tensor) -> None:
        """Set each link's scale so that its activations on these tiles are within 255 steps."""
        x = before = tiles.float() / PIXEL_STD
        for link in self.links:
            y = link.activations(x, before, link.weight)
            link.scale.copy_((y.max() / 255).clamp(min=1e-9))
            x, before = link.pooled(y, True), x
