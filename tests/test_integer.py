"""The integer form: its chain is the model, its arithmetic what it says, its answers close."""

import numpy as np
import pytest
import torch

from digits import archs
from digits.errors import DigitsError
from digits.optimization import integer
from digits.optimization.chain import Chain, Grid
from digits.optimization.fold import fold_batch_norm
from digits.optimization.integer import Layer
from digits.optimization.sequential import chain_of
from digits.optimization.to_integer import fixed_point, integers_of
from tests.test_optimization import lively, relative_error, tiles

SEQUENTIAL = [name for name in archs.names() if name != "ensemble"]


def calibrated(arch: str) -> Chain:
    chain = chain_of(fold_batch_norm(lively(arch)))
    chain.calibrate(tiles(64))
    return chain


@pytest.mark.slow
@pytest.mark.parametrize("arch", SEQUENTIAL)
def test_a_chain_answers_as_its_model_and_so_do_its_integers(arch: str) -> None:
    model, chain = lively(arch), calibrated(arch)
    batch = tiles(40, seed=9)
    with torch.no_grad():
        oracle, found = model(batch).numpy(), chain(batch).numpy()
    # Padding stands for 0 by a whole pixel, 33, and not by the mean, 33.3.
    assert relative_error(found, oracle) < (0.02 if chain.links[0].pad else 1e-5)
    whole = integers_of(chain)
    assert relative_error(integer.logits(whole, batch.numpy()) * whole.scale, oracle) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["tiny", "cnn3", "best"])
@pytest.mark.parametrize("bits", [8, 4])
def test_simulated_rounding_is_that_of_the_integers(arch: str, bits: int) -> None:
    chain, batch = calibrated(arch), tiles(20, seed=9)
    with torch.no_grad():
        simulated = chain.simulated(batch, Grid(bits)).numpy()
    whole = integers_of(chain, bits=bits)
    assert max(np.abs(layer.weights).max() for layer in whole.layers) == Grid(bits).most
    # Not equal: a sum in the middle of two levels may round to the other, more so ten layers deep.
    assert relative_error(integer.logits(whole, batch.numpy()) * whole.scale, simulated) < 0.1


def test_a_border_that_is_not_looked_at_is_zeros_around_the_first_kernel() -> None:
    torch.manual_seed(0)
    model = archs.create("fast", border=2).eval()
    batch = tiles(20, seed=9)
    scribbled = batch.clone()
    scribbled[..., :2, :] = scribbled[..., -2:, :] = 200
    scribbled[..., :2] = scribbled[..., -2:] = 200
    with torch.no_grad():
        chain, expected = chain_of(model), model(batch)
        for some in (batch, scribbled):
            torch.testing.assert_close(model(some), expected)
            torch.testing.assert_close(chain(some), expected, rtol=1e-4, atol=1e-4)
    assert tuple(chain.links[0].weight.shape[2:]) == (10, 10)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(DigitsError, match=r"Ensemble.*model\.onnx"):
        chain_of(archs.create("ensemble").eval())
    without_relu = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Conv2d(2, 2, 3))
    with pytest.raises(DigitsError, match="ReLU"):
        chain_of(without_relu)


def slow_layer(layer: Layer, x: list, before: list) -> list:
    """One tile (H, W, C), in Python's own integers and plain loops: the oracle of the reference."""
    out, kernel_height, kernel_width, _ = layer.weights.shape
    height, width, pad = len(x), len(x[0]), layer.pad

    def value(c: int, y: int, x_: int) -> int:
        total = int(layer.bias[c])
        for dy in range(kernel_height):
            for dx in range(kernel_width):
                row, column = y * layer.stride + dy - pad, x_ * layer.stride + dx - pad
                inside = 0 <= row < height and 0 <= column < width
                pixel = x[row][column] if inside else [layer.pad_value] * len(x[0][0])
                total += sum(
                    int(w) * v for w, v in zip(layer.weights[c, dy, dx], pixel, strict=True)
                )
        if layer.skip is not None:
            total += int(layer.skip[c]) * before[y][x_][c]
        return round_half_up(total, int(layer.multiplier[c]), int(layer.shift[c]))

    rows = (height + 2 * pad - kernel_height) // layer.stride + 1
    columns = (width + 2 * pad - kernel_width) // layer.stride + 1
    full = [[[value(c, y, x_) for c in range(out)] for x_ in range(columns)] for y in range(rows)]
    if not layer.pool:
        return full
    pick = max if layer.pool == "max" else lambda values: (sum(values) + 2) // 4

    def block(y: int, x_: int, c: int) -> int:
        return pick([full[2 * y + i][2 * x_ + j][c] for i in (0, 1) for j in (0, 1)])

    return [
        [[block(y, x_, c) for c in range(out)] for x_ in range(columns // 2)]
        for y in range(rows // 2)
    ]


def round_half_up(total: int, multiplier: int, shift: int) -> int:
    first = max(shift - 23, 0)
    scaled = ((max(total, 0) >> first) * multiplier + (1 << (shift - first - 1))) >> shift - first
    return min(scaled, 255)


@pytest.mark.parametrize("arch", ["micro", "fast", pytest.param("best", marks=pytest.mark.slow)])
def test_the_reference_equals_plain_loops(arch: str) -> None:
    whole = integers_of(calibrated(arch))
    x = before = tiles(1, seed=3).numpy().transpose(0, 2, 3, 1)
    for layer in whole.layers[:4]:
        out = integer._forward(layer, x, before)
        assert out[0].tolist() == slow_layer(layer, x[0].tolist(), before[0].tolist())
        assert out.max() > 0
        x, before = out, x


def test_requantization_is_the_product_and_fits_32_bits() -> None:
    generator = np.random.default_rng(0)
    factors = 2.0 ** generator.uniform(-22, -0.01, 500)
    multiplier, shift = fixed_point(factors)
    sums = (generator.uniform(-1, 2, (200, 500)) * 255 / factors).astype(np.int64)
    found = integer.requantize(sums, multiplier, shift).astype(int)
    exact = np.clip(sums * factors, 0, 255)
    assert np.abs(found - exact).max() <= 0.52 and found.max() == 255 and found.min() == 0
    assert integer.CLIP * 0xFFFF + 2 ** (integer.MOST_SHIFT - 1) < 2**32
    # What is clipped is over 255 with every multiplier and shift that there is.
    assert integer.CLIP * 2**15 >> integer.MOST_SHIFT >= 255


def test_integer_probabilities_are_the_softmax() -> None:
    whole = integers_of(calibrated("tiny"), temperature=1.7)
    values = integer.logits(whole, tiles(200, seed=4).numpy())
    exact = torch.tensor(values * whole.scale / 1.7).softmax(dim=1).numpy()
    found = integer.probabilities(whole, values)
    assert found.dtype == np.uint16
    assert np.abs(found / 65535 - exact).max() < 0.003
    assert np.abs(found.sum(axis=1) - 65535.0).max() <= 5  # each is rounded
