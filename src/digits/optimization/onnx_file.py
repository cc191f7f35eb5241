"""A model as the bytes of an .onnx file: float32, float16, or int8 in QDQ form."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from digits import onnx_runtime  # noqa: F401  before what is of ONNX Runtime below
from digits.classifier import ANY_SIDE, METADATA_KEY
from digits.line_image import GRID as PART
from digits.line_image import MOST_WIDTH as MOST_LINE
from digits.optimization.quiet import quiet
from digits.page_image import GRID, MOST_SIDE
from digits.row_image import LEAST_WIDTH, MOST_WIDTH, STRIDE
from digits.spec import INPUT_SHAPE, LINE_SHAPE, PAGE_SHAPE, ROW_SHAPE
from digits.tile import CONTRACT

if TYPE_CHECKING:
    import onnx

INPUT, OUTPUT = "tiles", "logits"
CALIBRATION_BATCH = 64


def onnx_bytes(model: nn.Module, metadata: dict[str, Any], calibration: Tensor | None) -> bytes:
    """An ONNX file that takes what the model takes, tiles, row, page or line images (N, C, H, W)
    uint8 with any N, and any width and height where the model does, and returns its logits float32.

    With `calibration`, inputs (M, C, H, W) uint8 from training, weights and activations become
    int8.
    """
    proto = _export(model, metadata["input_shape"])
    if calibration is not None:
        proto = _quantize(proto, calibration.numpy())
    for node in proto.graph.node:
        del node.metadata_props[:]  # stack traces: 6% of an int8 cnn3
    proto.metadata_props.add(key=METADATA_KEY, value=json.dumps(metadata))
    if tuple(metadata["input_shape"]) == INPUT_SHAPE:
        proto.metadata_props.add(key=INPUT, value=CONTRACT)
    return proto.SerializeToString()


def halved(content: bytes) -> bytes:
    """A float32 ONNX file as one of float16 inside, which takes and returns what it did."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    with quiet():
        proto = convert_float_to_float16(onnx.load_from_string(content), keep_io_types=True)
    return bytes(proto.SerializeToString())


def _export(model: nn.Module, shape: Sequence[int | None]) -> "onnx.ModelProto":
    channels, height, width = (size or ANY_SIDE for size in shape)
    example = torch.zeros(2, channels, height, width, dtype=torch.uint8)  # 1 would become fixed
    dynamic: dict[int, Any] = {0: torch.export.Dim("batch")}
    if tuple(shape) == ROW_SHAPE:
        columns = torch.export.Dim("columns", min=LEAST_WIDTH // STRIDE, max=MOST_WIDTH // STRIDE)
        dynamic[3] = STRIDE * columns
    if tuple(shape) == LINE_SHAPE:
        parts = torch.export.Dim("parts", min=1, max=MOST_LINE // PART)
        dynamic[3] = PART * parts
    if tuple(shape) == PAGE_SHAPE:
        example = torch.zeros(2, channels, 2 * GRID, 3 * GRID, dtype=torch.uint8)
        for axis, name in ((2, "down"), (3, "across")):
            dynamic[axis] = GRID * torch.export.Dim(name, min=1, max=MOST_SIDE // GRID)
    with quiet():
        program = torch.onnx.export(
            model,
            (example,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamo=True,
            dynamic_shapes=(dynamic,),
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def _quantize(proto: "onnx.ModelProto", calibration: np.ndarray) -> "onnx.ModelProto":
    import onnx
    from onnxruntime import quantization

    class Batches(quantization.CalibrationDataReader):  # type: ignore[misc]  # has no types
        def __init__(self) -> None:
            starts = range(0, len(calibration), CALIBRATION_BATCH)
            self.batches = iter([calibration[i : i + CALIBRATION_BATCH] for i in starts])

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else {INPUT: batch}

    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "int8.onnx"
        quantization.quantize_static(
            proto,
            path,
            Batches(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            # 7 bits for weights: on x86 without VNNI, sums of uint8 x int8 overflow 16 bits, and
            # nobody would notice here. It cost 0.01 points of accuracy and no time.
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return onnx.load(path)
