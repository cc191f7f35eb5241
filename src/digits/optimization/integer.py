"""The integer form of a model: what a chip computes, and its reference in NumPy, bit for bit.

Activations are uint8 from 0 on, weights int8 (or 4 bits), sums int32. A sum becomes the next
layer's activation by `requantize`: a 16-bit multiplier and a shift for each channel, no product
over 32 bits.

Shapes: N tiles, H height, W width, C channels (last), K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Run = Callable[[np.ndarray], np.ndarray]  # tiles (N, 1, 28, 28) uint8 -> logits (N, K) int32
CHUNK = 250  # tiles at a time: bounds the memory of their windows

# A sum is clipped here before it is multiplied: the product still fits into 32 bits, and as no
# shift after it is over MOST_SHIFT, what is clipped is 255 or more already.
CLIP, MOST_SHIFT = 0xFF00, 23
ONE = 0xFFFF  # the probability 1
# 32768 / 2^(f/256) is 32768 - (f * (11008 - 11 * f) >> 7) within 0.4%: a parabola through its ends.
HALVING = (11008, 11, 7)


@dataclass(frozen=True)
class Layer:
    """A convolution, what is added to it, its ReLU, and the pooling after it.

    Takes (N, H, W, C) uint8. A dense layer is one whose kernel is as large as its input.
    """

    weights: np.ndarray  # (out, height, width, in) int8
    bias: np.ndarray  # (out,) int32
    multiplier: np.ndarray  # (out,) uint16, 2^15 or more
    shift: np.ndarray  # (out,) uint8
    stride: int = 1
    pad: int = 0  # pixels of `pad_value` on each side
    pad_value: int = 0
    pool: str = ""  # of 2x2: "max", "mean", or "" for none
    skip: np.ndarray | None = None  # (out,) int32: times the input of the layer before; residual

    @property
    def rows(self) -> int:
        """Rows of input under one row of output."""
        return self.weights.shape[1] + (self.stride if self.pool else 0)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the output for those of the input."""
        _, kernel_height, kernel_width, _ = self.weights.shape
        step = 2 if self.pool else 1
        return (
            ((height + 2 * self.pad - kernel_height) // self.stride + 1) // step,
            ((width + 2 * self.pad - kernel_width) // self.stride + 1) // step,
        )


@dataclass(frozen=True)
class IntegerModel:
    """Layers and a head that gives the logits; `scale` times a logit is the float32 one."""

    layers: list[Layer]
    head_weights: np.ndarray  # (K, H, W, C) int8, or (K, 1, 1, C) after a reduction
    head_bias: np.ndarray  # (K,) int32
    reduction: str  # of the last map before the head: "max", "sum", or "" for none
    scale: float
    temperature: float
    bits: int = 8  # of a weight

    @property
    def octaves(self) -> tuple[int, int]:
        """(multiplier, shift): a difference of logits >> shift, times multiplier, >> 16, is its
        log2 in 256ths, of the softmax at the model's temperature."""
        per_unit = self.scale / self.temperature * np.log2(np.e) * 256
        shift = max(0, int(np.floor(-np.log2(per_unit))))
        return min(ONE, round(per_unit * 2.0**shift * 2**16)), shift


def sizes(model: IntegerModel, side: int = 28) -> list[tuple[int, int, int]]:
    """(H, W, C) of the input of each layer, and last of the head's."""
    found = [(side, side, 1)]
    for layer in model.layers:
        height, width = layer.output_size(*found[-1][:2])
        found.append((height, width, len(layer.bias)))
    return found


def logits(model: IntegerModel, tiles: np.ndarray) -> np.ndarray:
    """Tiles (N, 1, 28, 28) uint8 -> logits (N, K) int32."""
    parts = [_logits(model, tiles[i : i + CHUNK]) for i in range(0, len(tiles), CHUNK)]
    return np.concatenate(parts)


def _logits(model: IntegerModel, tiles: np.ndarray) -> np.ndarray:
    x = before = tiles.transpose(0, 2, 3, 1)  # (N, 28, 28, 1)
    for layer in model.layers:
        x, before = _forward(layer, x, before), x
    if model.reduction:
        reduce = np.max if model.reduction == "max" else np.sum
        x = reduce(x.astype(np.int64), axis=(1, 2), keepdims=True)
    return (_products(x, model.head_weights, 1) + model.head_bias)[:, 0, 0].astype(np.int32)


def _forward(layer: Layer, x: np.ndarray, before: np.ndarray) -> np.ndarray:
    """One layer's output (N, H, W, C) uint8; `before` is the input of the layer before."""
    pad = layer.pad
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), constant_values=layer.pad_value)
    sums = _products(padded, layer.weights, layer.stride) + layer.bias
    if layer.skip is not None:
        sums += before * layer.skip.astype(np.int64)
    out = requantize(sums, layer.multiplier, layer.shift)
    return _pooled(out, layer.pool) if layer.pool else out


def _products(x: np.ndarray, weights: np.ndarray, stride: int) -> np.ndarray:
    """The sums of a convolution, (N, H, W, out) int64.

    In float64, whose sums of integers are exact up to 2^53, as BLAS multiplies nothing else fast.
    """
    out, height, width, _ = weights.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(1, 2))
    windows = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)  # N H W height width C
    flat = windows.reshape(*windows.shape[:3], -1).astype(np.float64)
    return (flat @ weights.reshape(out, -1).T.astype(np.float64)).astype(np.int64)


def requantize(sums: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """ReLU and scaling: sums (..., C) -> about sums * multiplier / 2^shift, 0..255 uint8."""
    first = np.maximum(shift.astype(np.int64) - MOST_SHIFT, 0)
    last = shift.astype(np.int64) - first
    clipped = np.clip(sums >> first, 0, CLIP)
    half = np.left_shift(1, last - 1)
    return np.minimum((clipped * multiplier.astype(np.int64) + half) >> last, 255).astype(np.uint8)


def _pooled(x: np.ndarray, kind: str) -> np.ndarray:
    """The maximum or the rounded mean of blocks of 2x2; an odd last row or column is left out."""
    count, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    blocks = x.reshape(count, height // 2, 2, width // 2, 2, channels)
    if kind == "max":
        return blocks.max(axis=(2, 4))
    return ((blocks.sum(axis=(2, 4), dtype=np.int64) + 2) >> 2).astype(np.uint8)


def probabilities(model: IntegerModel, values: np.ndarray) -> np.ndarray:
    """Logits (N, K) int32 -> the softmax (N, K) uint16, of 65535, at the model's temperature."""
    multiplier, shift = model.octaves
    below = values.max(axis=1, keepdims=True).astype(np.int64) - values
    octaves = (np.minimum(below >> shift, ONE) * multiplier) >> 16  # in 256ths
    part = octaves & 255
    slope, bend, by = HALVING
    shares = (32768 - ((part * (slope - bend * part)) >> by)) >> np.minimum(octaves >> 8, 31)
    total = shares.sum(axis=1, keepdims=True)
    return ((shares * ONE + total // 2) // total).astype(np.uint16)
