"""Quantize a chain into its integer form: static, per channel, with fixed-point requantization."""

import numpy as np
import torch
from torch import Tensor

from digits.errors import DigitsError
from digits.optimization.chain import Chain, Grid, Link
from digits.optimization.integer import IntegerModel, Layer
from digits.spec import PIXEL_STD

LARGEST = 2**31 - 1  # of a sum
ROOM = 2.0**22  # of a bias or a skip in a sum: where weights are near 0 their steps are made larger


@torch.no_grad()
def integers_of(chain: Chain, temperature: float = 1.0, bits: int = 8) -> IntegerModel:
    """The integer form of a calibrated chain, with weights of 8 or 4 bits.

    Raises:
        DigitsError: a sum could be over 32 bits.
    """
    grid, scale, before = Grid(bits), 1 / PIXEL_STD, 0.0
    layers = []
    for link in chain.links:
        layers.append(_layer(link, grid, scale, before))
        scale, before = float(link.scale), scale
    step = float(grid.step(chain.head.weight, whole=True))
    weights = _levels(chain.head.weight, step)
    bias = _whole(chain.head.bias / (scale * step))
    return IntegerModel(
        layers, weights, bias, chain.reduction, scale * step, float(temperature), bits
    )


def _layer(link: Link, grid: Grid, scale: float, before: float) -> Layer:
    """`scale` is a step of the link's input, `before` one of the input of the link before."""
    least = link.bias.abs().clamp(min=before) / (scale * ROOM)
    step = torch.maximum(grid.step(link.weight), least[:, None, None, None].float())
    of_sum = step.flatten().double() * scale  # (out,): what 1 in the sum stands for
    multiplier, shift = fixed_point((of_sum / float(link.scale)).numpy())
    layer = Layer(
        _levels(link.weight, step),
        _whole(link.bias / of_sum),
        multiplier,
        shift,
        link.stride,
        link.pad,
        link.pad_value,
        link.pool,
        _whole(before / of_sum) if link.skips else None,
    )
    _require_32_bits(layer)
    return layer


def fixed_point(factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors (C,) float64 in 2^-40..1 as multipliers uint16 over 2^shift uint8."""
    exponent = np.floor(np.log2(factor))
    multiplier = np.round(factor * 2.0 ** (15 - exponent))
    full = multiplier == 2**16  # rounded up to the next power of two
    multiplier, exponent = np.where(full, 2**15, multiplier), exponent + full
    shift = 15 - exponent
    if shift.min() < 1:
        raise DigitsError("a layer's activations are too small for its weights: not quantized")
    return multiplier.astype(np.uint16), shift.astype(np.uint8)


def _levels(weight: Tensor, step: Tensor | float) -> np.ndarray:
    """(out, in, height, width) float -> (out, height, width, in) int8."""
    return torch.floor(weight / step + 0.5).permute(0, 2, 3, 1).numpy().astype(np.int8)


def _whole(values: Tensor) -> np.ndarray:
    return np.clip(np.round(values.double().numpy()), -LARGEST, LARGEST).astype(np.int32)


def _require_32_bits(layer: Layer) -> None:
    most = np.abs(layer.weights.astype(np.int64)).sum(axis=(1, 2, 3)) * 255
    most += np.abs(layer.bias.astype(np.int64))
    if layer.skip is not None:
        most += layer.skip.astype(np.int64) * 255
    if most.max() > LARGEST:
        raise DigitsError("a sum of the quantized model could be over 32 bits: not quantized")
