"""A model in its integer form as one C99 file for microcontrollers, with a test of itself."""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from digits import tile
from digits.data import strokes
from digits.optimization import integer, small_frame
from digits.optimization.integer import IntegerModel

TEMPLATE = Path(__file__).parent / "templates" / "digits.c"
POOLS = {"": "NO_POOL", "max": "MAX_POOL", "mean": "MEAN_POOL"}
REDUCTIONS = {"": 0, "sum": 1, "max": 2}
# They stand in the header until `with_accuracy` and `with_size` fill them in.
NOT_MEASURED, NOT_BUILT = "not measured", "not yet"
PICTURE_SIDE = 14  # pixels of a self-test's picture


def c_bytes(model: IntegerModel, card: dict[str, str], thresholds: dict[str, float]) -> bytes:
    """The file; `card` says in its header what it is: name, summary, model, accuracy and so on."""
    text = TEMPLATE.read_text("utf-8")
    parts = {
        "about": about(model, card),
        "defines": _defines(model, thresholds),
        "tables": _tables(model),
        "ram": str(_ring_starts(model)[-1]),
        "best": "static uint8_t best[HEAD_IN];\n" if model.reduction == "max" else "",
        "side": str(PICTURE_SIDE),
        **_self_test(model),
    }
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text.encode()


def about(model: IntegerModel, card: dict[str, str]) -> str:
    """The header's lines: the card, the input's contract and what the model costs."""
    lines = {
        "Model": f"{card['name']}: {card['summary']}",
        "SHA-256": f"{card['checksum']} (of the checkpoint's content)",
        "Accuracy": f"{NOT_MEASURED} (float32: {card['accuracy']})",
        "Input": tile.CONTRACT,
        "Built": NOT_BUILT,
        "Constants": f"{constant_bytes(model):,} bytes of weights ({model.bits} bits) and tables",
        "RAM": f"{ram_bytes(model):,} bytes, and the stack",
        "Work": f"{multiplications(model):,} multiplications a tile",
        "Licence": "MIT, as the code that made it",
    }
    wrapped = [
        textwrap.fill(f"{name:11}{line}", 97, subsequent_indent=" " * 11)
        for name, line in lines.items()
    ]
    title = "Handwritten digits, read with integers alone. Made by `digits optimize`; not edited."
    return textwrap.indent("\n".join([title, "", *wrapped]), " * ", lambda line: True).replace(
        " * \n", " *\n"
    )


def costs(model: IntegerModel) -> str:
    """What the model asks of a chip, in a line."""
    return (
        f"{constant_bytes(model):,} bytes of weights and tables, {ram_bytes(model):,} of RAM, "
        f"{multiplications(model):,} multiplications a tile"
    )


def with_accuracy(text: bytes, accuracy: float, tiles: int) -> bytes:
    """The file with the accuracy (a fraction) that was measured on so many test tiles."""
    note = f"{accuracy:.2%} of {tiles:,} test digits"
    return text.replace(NOT_MEASURED.encode(), note.encode())


def with_size(text: bytes, flash: int, ram: int, by: str) -> bytes:
    """The file with the bytes of flash and RAM that it has when built so."""
    note = f"{flash:,} bytes of flash, {ram:,} of RAM, by {by}"
    return text.replace(NOT_BUILT.encode(), note.encode())


def ram_bytes(model: IntegerModel) -> int:
    """Static memory: the rows, their counters, the logits, and the maxima where there are some."""
    best = len(model.layers[-1].bias) if model.reduction == "max" else 0
    return _ring_starts(model)[-1] + 4 * len(model.layers) + 4 * len(model.head_bias) + best


def constant_bytes(model: IntegerModel) -> int:
    """Weights, and 7 bytes a channel: bias, multiplier, shift; 11 with a skip."""
    count = sum(layer.weights.size for layer in model.layers) + model.head_weights.size
    channels = sum(len(layer.bias) for layer in model.layers)
    skips = any(layer.skip is not None for layer in model.layers)
    return -(-count * model.bits // 8) + channels * (11 if skips else 7) + 4 * len(model.head_bias)


def multiplications(model: IntegerModel) -> int:
    """Products of a weight and a pixel for one tile."""
    maps = integer.sizes(model)
    total = 0
    for layer, (height, width, _) in zip(model.layers, maps[1:], strict=True):
        total += layer.weights.size * height * width * (4 if layer.pool else 1)
    shared = maps[-1][0] * maps[-1][1] if model.reduction == "sum" else 1
    return total + model.head_weights.size * shared


def least_read(thresholds: dict[str, float]) -> int:
    """The probability, of 65535, from which on an answer counts as read."""
    return round(thresholds.get("read", 0.5) * integer.ONE)


def _ring_starts(model: IntegerModel) -> list[int]:
    """Where in the RAM each layer's rows begin, then the last map's row, then the end."""
    starts = [0]
    maps = integer.sizes(model)
    for i, (layer, (_, width, channels)) in enumerate(zip(model.layers, maps[:-1], strict=True)):
        starts.append(starts[-1] + _kept(model, i) * (width + 2 * layer.pad) * channels)
    return [*starts, starts[-1] + maps[-1][1] * maps[-1][2]]


def _kept(model: IntegerModel, index: int) -> int:
    """Rows of a layer's input that are kept: one more for a skip that is pooled after it."""
    after = model.layers[index + 1 : index + 2]
    return model.layers[index].rows + sum(x.skip is not None and bool(x.pool) for x in after)


def _defines(model: IntegerModel, thresholds: dict[str, float]) -> str:
    height, width, channels = integer.sizes(model)[-1]
    multiplier, shift = model.octaves
    values: dict[str, Any] = {
        "DIGITS_CLASSES": len(model.head_bias),
        "DIGITS_READ": least_read(thresholds),
        "DIGITS_SCALE": f"{model.scale:.9e}f",
        "DIGITS_BITS": model.bits,
        "DIGITS_TABLES": constant_bytes(model),
        "DIGITS_STAGES": len(model.layers),
        "DIGITS_MOST_ROWS": max(layer.rows for layer in model.layers),
        "DIGITS_SKIPS": int(any(layer.skip is not None for layer in model.layers)),
        "OCTAVE_MULTIPLIER": f"{multiplier}U",
        "OCTAVE_SHIFT": shift,
        "HEAD_REDUCTION": REDUCTIONS[model.reduction],
        "HEAD_HEIGHT": height,
        "HEAD_WIDTH": width,
        "HEAD_IN": channels,
        "HEAD_ROW": f"(ram + {_ring_starts(model)[-2]})",
        "HEAD_WEIGHTS": f"{sum(layer.weights.size for layer in model.layers)}U",
        "HEAD_CHANNEL": sum(len(layer.bias) for layer in model.layers),
    }
    return "\n".join(f"#define {name} {value}" for name, value in values.items())


def _tables(model: IntegerModel) -> str:
    layers = model.layers
    weights = [layer.weights.ravel() for layer in layers] + [model.head_weights.ravel()]
    channels = [layer.bias for layer in layers] + [model.head_bias]
    tables = [
        _table(*packed(np.concatenate(weights), model.bits), "weights"),
        _table("int32_t", np.concatenate(channels), "biases"),
        _table("uint16_t", np.concatenate([layer.multiplier for layer in layers]), "multipliers"),
        _table("uint8_t", np.concatenate([layer.shift for layer in layers]), "shifts"),
    ]
    if any(layer.skip is not None for layer in layers):
        skips = [np.zeros_like(x.bias) if x.skip is None else x.skip for x in layers]
        tables.append(_table("int32_t", np.concatenate(skips), "skips"))
    return "\n".join([*tables, _stages(model)])


def packed(weights: np.ndarray, bits: int) -> tuple[str, np.ndarray]:
    """The C type and the values of a table of weights (n,) int8; of 4 bits two share a byte."""
    if bits == 8:
        return "int8_t", weights
    nibbles = np.append(weights, np.zeros(len(weights) % 2, np.int8)).astype(np.int16) + 8
    return "uint8_t", (nibbles[::2] | nibbles[1::2] << 4).astype(np.uint8)


def _stages(model: IntegerModel) -> str:
    """The table of stages, a line each, in the order of stage_t's fields."""
    maps, rings = integer.sizes(model), _ring_starts(model)
    lines, weights, channel = [], 0, 0
    for i, layer in enumerate(model.layers):
        out, kernel_height, kernel_width, channels = layer.weights.shape
        fields: list[Any] = [
            *(weights, rings[i], channel, maps[i][1] + 2 * layer.pad, channels, out),
            *(maps[i + 1][1], kernel_height, kernel_width, layer.stride, layer.pad),
            *(layer.pad_value, POOLS[layer.pool], layer.rows, _kept(model, i)),
            int(layer.skip is not None),
        ]
        lines.append(f"    {{{', '.join(map(str, fields))}}},")
        weights, channel = weights + layer.weights.size, channel + out
    return "\n".join(["static const stage_t stages[] IN_FLASH = {", *lines, "};"])


def _table(kind: str, values: Iterable[int], name: str) -> str:
    numbers = textwrap.fill(", ".join(str(value) for value in values), 96)
    return f"static const {kind} {name}[] IN_FLASH = {{\n{textwrap.indent(numbers, '    ')}\n}};"


def _self_test(model: IntegerModel) -> dict[str, str]:
    """Pictures of drawn digits, half of them dark on light, as letters; and their logits."""
    tiles, _ = strokes.draw(10, rng=0)
    blocks = tiles.reshape(10, PICTURE_SIDE, 28 // PICTURE_SIDE, PICTURE_SIDE, -1)
    levels = blocks.mean(axis=(2, 4)).astype(int) // 16
    levels[1::2] = 15 - levels[1::2]
    framed = [small_frame.frame((picture * 17).astype(np.uint8)) for picture in levels]
    values = integer.logits(model, np.stack(framed)[:, None])  # type: ignore[arg-type]
    letters = ["".join(chr(97 + level) for level in picture.ravel()) for picture in levels]
    return {
        "pictures": "\n".join(_string(text) for text in letters),
        "expected": _rows(values),
        "shares": _rows(integer.probabilities(model, values)),
    }


def _rows(values: np.ndarray) -> str:
    """A table of numbers (N, K), a line each row."""
    return "\n".join(f"    {{{', '.join(map(str, row))}}}," for row in values)


def _string(text: str) -> str:
    """A C string, a line for each row of the picture."""
    rows = [text[i : i + PICTURE_SIDE] for i in range(0, len(text), PICTURE_SIDE)]
    return "\n".join(f'    "{row}"' for row in rows) + ","
