"""Load exported PyTorch programs (.pt2), and let int8 ones run in eager PyTorch at float speed."""

import json
import logging
from operator import attrgetter
from pathlib import Path
from typing import Any

from digits.errors import DigitsError


def load(path: Path, metadata_key: str) -> tuple[Any, dict[str, Any]]:
    """The program as a `torch.fx.GraphModule`, and what it says of itself under the key.

    Raises:
        DigitsError: the file is damaged, or not an exported program of `optimize`.
    """
    import torch

    logging.getLogger("torch").setLevel(logging.ERROR)  # it logs tracebacks of what we catch
    # Registers the operators of int8 programs; compiled without it they run 15 times slower.
    import torchao.quantization.pt2e.quantizer.x86_inductor_quantizer  # noqa: F401

    extra = {metadata_key: ""}
    try:
        with path.open("rb") as file:  # by its path, torch warns of every suffix but .pt2
            program = torch.export.load(file, extra_files=extra)
        metadata = json.loads(extra[metadata_key])
    except Exception as error:  # a damaged archive raises whatever its reader trips over
        reason = str(error).partition("\n")[0]
        raise DigitsError(f"{path}: damaged, or not an exported program ({reason:.80})") from None
    module = program.module()
    run_eagerly(module)
    return module, metadata


def run_eagerly(module: Any) -> None:
    """Rewrite an int8 program of torchao's PT2E in place; its logits stay the same, bit for bit.

    Such a program is made for compilers. Run as it is, it dequantizes every weight in every call
    and rounds with slow reference operators: one tile took 4.3 ms in `improved` and 1.1 in `cnn3`,
    now 0.6 and 0.5. (Float32 takes 0.4 and 0.3; compiling would take 2-18 s at every start. For
    int8 arithmetic, and 0.06 ms, there is .onnx.)
    """
    import torch

    aten, int8 = torch.ops.aten, torch.ops.quantized_decomposed
    # node -> scale, zero point, lowest and highest level it is on
    grids: dict[Any, tuple[Any, ...]] = {}
    for node in module.graph.nodes:
        with module.graph.inserting_before(node):
            if node.target is int8.dequantize_per_channel.default:  # of weights: once and for all
                given = [
                    attrgetter(str(argument.target))(module)
                    if isinstance(argument, torch.fx.Node)
                    else argument
                    for argument in node.args
                ]
                module.register_buffer(node.name, node.target(*given))
                node.replace_all_uses_with(module.graph.get_attr(node.name))
            elif _rounds(node):
                source, *grid, _ = node.args[0].args
                if grids.get(source) != tuple(grid):  # else rounding again changes nothing
                    source = _rounded(module.graph, source, *grid)
                grids[source] = tuple(grid)
                node.replace_all_uses_with(source)
            elif node.target in (aten.max_pool2d.default, aten.flatten.using_ints):
                grids[node] = grids.get(node.args[0], ())  # they make no new values
    module.graph.eliminate_dead_code()
    module.recompile()


def _rounds(node: Any) -> bool:
    """Whether this is the second of a pair quantize, dequantize of one tensor."""
    import torch

    int8 = torch.ops.quantized_decomposed
    return (
        node.target is int8.dequantize_per_tensor.default
        and node.args[0].target is int8.quantize_per_tensor.default
    )


def _rounded(graph: Any, source: Any, scale: float, zero: int, low: int, high: int) -> Any:
    """What quantize and dequantize do, as four fast operators; the last three work in place."""
    import torch

    aten = torch.ops.aten
    value = graph.call_function(aten.mul.Tensor, (source, 1 / scale))
    value = graph.call_function(aten.round_.default, (value,))
    value = graph.call_function(aten.clamp_.default, (value, low - zero, high - zero))
    return graph.call_function(aten.mul_.Tensor, (value, scale))
