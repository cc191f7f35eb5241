"""From a folded sequential model to its chain: every layer becomes a convolution, or part of one.

A dense layer is a convolution with a kernel as large as its input; a 3x3 one over 2x2 blocks of
pixels is one of 6x6 with stride 2; the normalisation of pixels goes into the first layer's bias. A
border that is not looked at becomes zeros around the first kernel.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from digits.archs._layers import Blocks, Inner, Normalize, PixelsFirst, Residual
from digits.archs.best import Strongest
from digits.archs.tiny import Mean
from digits.errors import DigitsError
from digits.optimization.chain import Chain, Link
from digits.spec import INPUT_SHAPE, PIXEL_MEAN, PIXEL_STD

PAPER = round(PIXEL_MEAN)  # the pixel that stands for 0 in the padding of a first layer
NOTHING_TO_DO = (nn.Dropout, nn.Dropout2d, nn.Identity, Normalize)


def chain_of(model: nn.Module, shape: Sequence[int] = INPUT_SHAPE) -> Chain:
    """The chain of a folded sequential model in evaluation mode that takes tiles of this shape; its
    logits are the model's.

    Raises:
        DigitsError: it has layers that the integer form has not.
    """
    builder = _Builder(shape)
    for layer in model if isinstance(model, nn.Sequential) else [model]:
        builder.add(layer)
    return builder.chain()


class _Builder:
    """The links so far, and the shape (C, H, W) of the map that the next layer sees."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.links: list[Link] = []
        self.active: list[bool] = []  # whether each link has its ReLU
        self.shape = tuple(shape)
        self.in_blocks = self.pixels_first = False
        self.border = 0  # pixels at each side that are not looked at
        self.reduction = ""

    def add(self, layer: nn.Module) -> None:
        if isinstance(layer, nn.Conv2d):
            self._convolution(layer)
        elif isinstance(layer, nn.Linear):
            self._link(Link(self._kernel(layer), layer.bias))
        elif isinstance(layer, nn.ReLU):
            self.active[-1] = True
        elif isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
            self._pool(layer)
        elif isinstance(layer, Residual):
            self._residual(layer)
        elif isinstance(layer, Strongest | Mean):
            self.reduction = "max" if isinstance(layer, Strongest) else "sum"
        elif isinstance(layer, Blocks):
            self.in_blocks = True
        elif isinstance(layer, Inner):
            self.border = layer.border
        elif isinstance(layer, nn.Flatten | PixelsFirst):
            self.pixels_first = isinstance(layer, PixelsFirst)
        else:
            _require(isinstance(layer, NOTHING_TO_DO), layer)

    def chain(self) -> Chain:
        *links, head = self.links
        if not all(self.active[:-1]) or self.active[-1]:
            raise DigitsError(
                "only models with a ReLU after each layer but the last have an integer form; take "
                "--output model.onnx"
            )
        chain = Chain(links, head, self.reduction)
        _absorb_normalisation(chain)
        return chain.eval()

    def _link(self, link: Link) -> None:
        self.links.append(link)
        self.active.append(False)
        out, _, *kernel = link.weight.shape
        height, width = (
            (size + 2 * link.pad - k) // link.stride + 1
            for size, k in zip(self.shape[1:], kernel, strict=True)
        )
        self.shape = (out, height, width)

    def _convolution(self, layer: nn.Conv2d) -> None:
        assert isinstance(layer.padding, tuple)
        _require(layer.stride == (1, 1) and layer.groups == 1 and layer.dilation == (1, 1), layer)
        assert layer.bias is not None, "fold_batch_norm leaves a bias"
        weight, stride, pad = layer.weight, 1, layer.padding[0]
        if self.in_blocks:
            weight, stride, pad = nn.functional.pixel_shuffle(weight, 2), 2, 2 * pad
        _require(not (self.border and pad), layer)
        self._link(Link(nn.functional.pad(weight, [self.border] * 4), layer.bias, stride, pad))
        self.in_blocks, self.border = False, 0

    def _kernel(self, layer: nn.Linear) -> Tensor:
        """A dense layer's weights as those of a convolution, (out, C, H, W)."""
        channels, height, width = self.shape
        if self.reduction == "sum":
            return (layer.weight / (height * width))[:, :, None, None]
        if self.reduction:
            return layer.weight[:, :, None, None]
        if self.pixels_first:
            return layer.weight.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return layer.weight.view(-1, channels, height, width)

    def _pool(self, layer: nn.MaxPool2d | nn.AvgPool2d) -> None:
        plain = layer.kernel_size == layer.stride == 2 and not layer.padding
        mean = isinstance(layer, nn.AvgPool2d)
        _require(plain and not self.links[-1].pool and (self.active[-1] or not mean), layer)
        self.links[-1].pool = "mean" if mean else "max"
        channels, height, width = self.shape
        self.shape = (channels, height // 2, width // 2)

    def _residual(self, layer: Residual) -> None:
        for part in layer.body:
            self.add(part)
        self.links[-1].skips = self.active[-1] = True


def _absorb_normalisation(chain: Chain) -> None:
    """Let the first layer take pixels / PIXEL_STD, whose mean is not 0."""
    first = chain.links[0] if chain.links else chain.head
    with torch.no_grad():
        first.bias.sub_(first.weight.sum(dim=(1, 2, 3)) * (PIXEL_MEAN / PIXEL_STD))
    first.pad_value = PAPER


def _require(true: bool, layer: nn.Module) -> None:
    if not true:
        raise DigitsError(
            f"a {type(layer).__name__} layer has no integer form: .c, .html, --prune and "
            "--finetune are for sequential models; take --output model.onnx"
        )
