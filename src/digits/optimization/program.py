"""A model as the bytes of an exported program (.pt2): float32, or int8 by torchao's PT2E."""

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from digits.classifier import METADATA_KEY
from digits.optimization.quiet import quiet
from digits.spec import INPUT_SHAPE

CALIBRATION_BATCH = 64


def program_bytes(model: nn.Module, metadata: dict[str, Any], calibration: Tensor | None) -> bytes:
    """An exported program: tiles (N, C, H, W) uint8, any N -> logits (N, K) float32.

    With `calibration`, training tiles (M, C, H, W) uint8, weights and activations become int8.
    """
    with quiet(), torch.no_grad():
        shape = metadata.get("input_shape", INPUT_SHAPE)
        program = _export(model, shape)
        if calibration is not None:
            program = _export(_quantize(program, calibration), shape)
        for node in program.graph.nodes:
            for history in ("stack_trace", "from_node", "nn_module_stack", "torch_fn"):
                node.meta.pop(history, None)
        buffer = io.BytesIO()
        torch.export.save(program, buffer, extra_files={METADATA_KEY: json.dumps(metadata)})
    return _deflate(buffer)


def _export(model: nn.Module, shape: Sequence[int] = INPUT_SHAPE) -> ExportedProgram:
    example = torch.zeros(2, *shape, dtype=torch.uint8)  # 2: a batch of 1 would become fixed
    return torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))


def _deflate(archive: io.BytesIO) -> bytes:
    """Compress the zip archive: torch stores it plainly, with 40 kB of JSON for a small network."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(archive) as plain,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as small,
    ):
        for name in plain.namelist():
            small.writestr(name, plain.read(name))
    return packed.getvalue()


def _quantize(program: ExportedProgram, calibration: Tensor) -> nn.Module:
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config())
    quantized = quantized_by(quantizer, program, calibration.split(CALIBRATION_BATCH))
    _drop_dead_weights(quantized)
    return quantized


def quantized_by(quantizer: Any, program: ExportedProgram, batches: Iterable[Tensor]) -> Any:
    """The module of a program made int8 by a quantizer of torchao's PT2E, calibrated on batches of
    training tiles."""
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    observed = prepare_pt2e(program.module(), quantizer)
    for batch in batches:
        observed(batch)
    return convert_pt2e(observed)


def _drop_dead_weights(module: torch.fx.GraphModule) -> None:
    """Delete the float32 weights that nothing reads any more; the file would keep them."""
    used = {node.target for node in module.graph.nodes if node.op == "get_attr"}
    for name, _ in [*module.named_parameters(), *module.named_buffers()]:
        if name not in used:
            owner, _, attribute = name.rpartition(".")
            delattr(module.get_submodule(owner), attribute)
