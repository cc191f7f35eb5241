"""A model in its integer form as one HTML page that reads drawn digits without a server."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from digits import tile
from digits.optimization import c_file
from digits.optimization.integer import IntegerModel, Layer
from digits.vision import ink

TEMPLATE = Path(__file__).parent / "templates" / "digits.html"
ESTIMATE_SIDE = 128  # pixels of the picture on which the page looks for the paper's brightness
LIMITS = {  # of the page's ink and frames: those of digits.vision.ink and digits.tile
    "estimate_side": ESTIMATE_SIDE,
    "reach": ink.LIMITS.reach_of_shorter_side,
    "pen_centile": ink.LIMITS.pen_centile / 100,
    "faint": tile.LIMITS.max_faint_level,
    "kept": tile.LIMITS.max_kept_change,
    "thin": tile.LIMITS.min_stroke_px,
    "thick": tile.LIMITS.max_stroke_px,
    **{
        name: getattr(ink.LIMITS, name)
        for name in (
            "min_paper", "min_contrast", "min_contrast_of_noise", "min_weak_of_strong",
        )
    },
}  # fmt: skip
NOTHING = np.zeros(0, np.int32)


def html_bytes(model: IntegerModel, card: dict[str, str], thresholds: dict[str, float]) -> bytes:
    """The page: weights in base64, arithmetic in plain JavaScript; `card` as for the C file."""
    head = Layer(model.head_weights, model.head_bias, NOTHING, NOTHING)
    content = {
        "bits": model.bits,
        "layers": [_plain(layer, model.bits) for layer in model.layers],
        "head": _plain(head, model.bits),
        "reduction": model.reduction,
        "octaves": model.octaves,
        "limits": LIMITS,
        "read": c_file.least_read(thresholds),
    }
    text = TEMPLATE.read_text("utf-8").replace("@model@", json.dumps(content))
    about = c_file.about(model, card).replace("-->", "")  # which would end the comment
    return text.replace("@about@", about).encode()


def _plain(layer: Layer, bits: int) -> dict[str, Any]:
    _, height, width, _ = layer.weights.shape
    _, weights = c_file.packed(layer.weights.ravel(), bits)
    return {
        "kernel_height": height,
        "kernel_width": width,
        "stride": layer.stride,
        "pad": layer.pad,
        "pad_value": layer.pad_value,
        "pool": layer.pool,
        "weights": _base64(weights, weights.dtype.str),
        "bias": _base64(layer.bias, "<i4"),
        "multiplier": _base64(layer.multiplier, "<u2"),
        "shift": _base64(layer.shift, "u1"),
        "skip": None if layer.skip is None else _base64(layer.skip, "<i4"),
    }


def _base64(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode()
