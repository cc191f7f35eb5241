"""What a model costs: bytes, parameters, multiplications a tile, time."""

import math
from typing import Any

import numpy as np

from digits.classifier import ANY_SIDE, Classifier
from digits.speed import Speed

WEIGHTED = ("Conv", "Gemm", "MatMul")  # ONNX operators whose second input is a weight


def cost(model: Classifier) -> dict[str, int | None]:
    """Size of the file, numbers in weights and biases, multiply-accumulates for one tile.

    An exported program does not say how many parameters it has: None; and nobody can say it of an
    ONNX model where the package onnx is not installed.
    """
    size = model.path.stat().st_size
    if model.path.suffix == ".onnx":
        parameters, macs = _of_onnx(model)
        return {"size_bytes": size, "parameters": parameters, "macs": macs}
    known = _parameters(model) if model.path.suffix == ".pth" else None
    return {"size_bytes": size, "parameters": known, "macs": _macs(model)}


def _parameters(model: Classifier) -> int:
    from digits import checkpoint

    network = checkpoint.build(checkpoint.load(model.path))
    return sum(parameter.numel() for parameter in network.parameters())


def _macs(model: Classifier) -> int:
    """As PyTorch counts them: it counts a multiplication and an addition as two operations."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(np.zeros((1, *(side or ANY_SIDE for side in model.shape)), np.uint8))
    return counter.get_total_flops() // 2


def _of_onnx(model: Classifier) -> tuple[int | None, int | None]:
    """Parameters, and multiply-accumulates by the shapes of weights and outputs."""
    try:
        import onnx
    except ImportError:
        return None, None
    graph = onnx.shape_inference.infer_shapes(onnx.load(model.path), data_prop=True).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.output):
        dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        shapes.setdefault(value.name, tuple(dims))
    parameters = macs = 0
    for node in graph.node:
        if node.op_type in WEIGHTED:
            weight, biases = shapes[node.input[1]], node.input[2:]
            places = math.prod(shapes[node.output[0]][2:]) if node.op_type == "Conv" else 1
            parameters += sum(math.prod(shapes[name]) for name in (node.input[1], *biases))
            macs += math.prod(weight) * places
    return parameters, macs


def describe(model: Classifier, speed: Speed) -> dict[str, Any]:
    """`cost` and a measured `Speed` as plain data."""
    low, high = speed.range_ms
    return {
        **cost(model),
        "one_tile_ms": {"median": speed.median_ms, "p10": low, "p90": high},
        "tiles_per_s": speed.tiles_per_s,
    }
