"""A model in its integer form as one HTML page that reads drawn digits without a server."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from digits.optimization import c_file
from digits.optimization.integer import IntegerModel, Layer

TEMPLATE = Path(__file__).parent / "templates" / "digits.html"
NOTHING = np.zeros(0, np.int32)


def html_bytes(model: IntegerModel, card: dict[str, str], thresholds: dict[str, float]) -> bytes:
    """The page: weights in base64, arithmetic in plain JavaScript; `card` as for the C file."""
    head = Layer(model.head_weights, model.head_bias, NOTHING, NOTHING)
    content = {
        "layers": [_plain(layer) for layer in model.layers],
        "head": _plain(head),
        "reduction": model.reduction,
        "octaves": model.octaves,
        "read": c_file.least_read(thresholds),
    }
    text = TEMPLATE.read_text("utf-8").replace("@model@", json.dumps(content))
    about = c_file.about(model, card).replace("-->", "")  # which would end the comment
    return text.replace("@about@", about).encode()


def _plain(layer: Layer) -> dict[str, Any]:
    _, height, width, _ = layer.weights.shape
    return {
        "kernel_height": height,
        "kernel_width": width,
        "stride": layer.stride,
        "pad": layer.pad,
        "pad_value": layer.pad_value,
        "pool": layer.pool,
        "weights": _base64(layer.weights, "i1"),
        "bias": _base64(layer.bias, "<i4"),
        "multiplier": _base64(layer.multiplier, "<u2"),
        "shift": _base64(layer.shift, "u1"),
        "skip": None if layer.skip is None else _base64(layer.skip, "<i4"),
    }


def _base64(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode()
