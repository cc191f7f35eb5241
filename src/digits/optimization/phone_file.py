"""A model as a file for phones, answered by the Python package of the runtime that is on them: .pte
by ExecuTorch, .tflite by LiteRT. Both take one tile a call, (1, C, H, W) uint8 -> logits (1, K).
"""

import contextlib
import importlib.util
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from digits.classifier import METADATA_KEY, Classifier, metadata_of
from digits.errors import DigitsError
from digits.extras import needs
from digits.optimization import phone_program
from digits.optimization.phone_program import Run
from digits.optimization.program import quantized_by
from digits.optimization.quiet import quiet
from digits.optimization.source import Source


@dataclass(frozen=True)
class Format:
    """How a file is written and run, and the package that does both."""

    write: Callable[[Source, Path, Tensor | None], None]
    load: Callable[[Path], Run]
    package: str


def require(suffix: str) -> None:
    """Let pass a format whose package is there, or that needs none.

    Raises:
        DigitsError: it is not; the line says how to install it.
    """
    if suffix in FORMATS and importlib.util.find_spec(FORMATS[suffix].package) is None:
        raise DigitsError(f"--output: {suffix} {needs(FORMATS[suffix].package)}")


def make(source: Source, path: Path, calibration: Tensor | None) -> Classifier:
    """Write a source to `path`: float32, or int8 with `calibration` (training tiles (M, C, H, W)
    uint8); what answers with it.

    Raises:
        DigitsError: the package is not there.
    """
    require(path.suffix)
    kind = FORMATS[path.suffix]
    with quiet(), contextlib.redirect_stderr(io.StringIO()):  # bars of progress
        kind.write(source, path, calibration)
        run = kind.load(path)
    said = source.content
    return Classifier(
        run,
        path,
        tuple(said["classes"]),
        said["temperature"],
        said["thresholds"],
        shape=_shape(source),
    )


def _shape(source: Source) -> tuple[int, ...]:
    return tuple(source.content["input_shape"])


def _example(source: Source) -> tuple[Tensor]:
    return (torch.zeros(1, *_shape(source), dtype=torch.uint8),)


def _write_pte(source: Source, path: Path, calibration: Tensor | None) -> None:
    """Lowered to XNNPACK. A second method, named as in other files, gives what the checkpoint says
    of itself, as JSON."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.backends.xnnpack.quantizer import xnnpack_quantizer as xnnpack
    from executorch.exir import to_edge_transform_and_lower

    program = torch.export.export(source.model, _example(source))
    if calibration is not None:
        config = xnnpack.get_symmetric_quantization_config(is_per_channel=True)
        quantizer = xnnpack.XNNPACKQuantizer().set_global(config)
        int8 = quantized_by(quantizer, program, calibration.split(1))
        program = torch.export.export(int8, _example(source))
    said = {METADATA_KEY: json.dumps(metadata_of(source.content))}
    lowered = to_edge_transform_and_lower(
        program, partitioner=[XnnpackPartitioner()], constant_methods=said
    )
    path.write_bytes(lowered.to_executorch().buffer)


def _write_tflite(source: Source, path: Path, calibration: Tensor | None) -> None:
    import litert_torch
    from ai_edge_quantizer import algorithm_manager, quantizer, recipe
    from ai_edge_quantizer.qtyping import TFLOperationName

    litert_torch.convert(source.model, _example(source)).export(str(path))
    if calibration is None:
        return
    made = quantizer.Quantizer(str(path), recipe.static_wi8_ai8())
    made.update_quantization_recipe(  # logits stay float32
        ".*", TFLOperationName.OUTPUT, algorithm_key=algorithm_manager.AlgorithmName.NO_QUANTIZE
    )
    (signature,) = phone_program.interpreter_of(path).get_signature_list().items()
    name, takes = signature[0], signature[1]["inputs"][0]
    given = [{takes: tile.numpy()} for tile in calibration.split(1)]
    made.quantize(made.calibrate({name: given})).export_model(str(path), overwrite=True)


FORMATS = {
    ".pte": Format(_write_pte, phone_program.load_pte, "executorch"),
    ".tflite": Format(_write_tflite, phone_program.load_tflite, "litert_torch"),
}
