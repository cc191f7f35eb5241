"""Load exported PyTorch programs (.pt2), and let int8 ones run in eager PyTorch at float speed.

PyTorch's own loader trusts the file: it unpickles, and evaluates sizes and names as Python. So the
archive is read here first, held against what `optimize` writes, and only what passed is handed on.
"""

import io
import json
import logging
import re
import zipfile
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from digits.errors import DigitsError, reason

MOST_BYTES = 512 << 20  # of an archive, unpacked; the largest architecture has 8 MB
MEMBERS = re.compile(
    r"archive/(archive_format|archive_version|byteorder|\.data/(version|serialization_id)"
    r"|data/(weights|constants)/((weight|tensor)_\d+|model_(weights|constants)_config\.json)"
    r"|data/sample_inputs/model\.pt|models/model\.json|extra/\w+)"
)
SAMPLE_INPUTS = "archive/data/sample_inputs/model.pt"  # a pickle, which loading does without
# Names are pasted into Python that is run, so a string is a word that can call nothing ...
NAME, WORD = re.compile(r"\w*", re.ASCII), re.compile(r"[\w.+-]*", re.ASCII)
SIZE = re.compile(  # ... or a size to be evaluated, made of these alone ...
    r"(Symbol\('s\d+', positive=True, integer=True\)|Integer\(\d{1,9}\)|(Mul|Add)\(|, |\))+"
)
LEAF = '{"type": null, "context": null, "children_spec": []}'
TREES = (  # ... or says that one tensor is taken, or given
    f"[1, {LEAF}]",
    '[1, {"type": "builtins.tuple", "context": "null", "children_spec": [{"type": "builtins.tuple",'
    f' "context": "null", "children_spec": [{LEAF}]}}, {{"type": "builtins.dict",'
    ' "context": "[]", "children_spec": []}]}]',
)
# What the architectures are exported to; among PyTorch's others are some that write files.
OPERATORS = (
    *(
        f"torch.ops.aten.{name}"
        for name in (
            "_assert_tensor_metadata.default", "add.Tensor", "amax.default", "avg_pool2d.default",
            "contiguous.default", "conv2d.default", "div.Tensor", "dropout.default",
            "feature_dropout.default", "flatten.using_ints", "linear.default", "max_pool2d.default",
            "mean.dim", "mul.Tensor", "pad.default", "permute.default", "pixel_unshuffle.default",
            "relu.default", "slice.Tensor", "stack.default", "sub.Tensor", "sum.dim_IntList",
            "to.dtype",
        )
    ),
    "torch.ops.quantized_decomposed.dequantize_per_channel.default",
    "torch.ops.quantized_decomposed.dequantize_per_tensor.default",
    "torch.ops.quantized_decomposed.quantize_per_tensor.default",
)  # fmt: skip
REFUSED_KEYS = ("as_graph", "as_operator", "as_custom_obj")


def load(path: Path, metadata_key: str) -> tuple[Any, dict[str, Any]]:
    """The program as a `torch.fx.GraphModule`, and what it says of itself under the key.

    Raises:
        DigitsError: the file is damaged, or holds anything that a program of `optimize` does not.
    """
    import torch

    logging.getLogger("torch").setLevel(logging.ERROR)  # it logs tracebacks of what we catch
    # Registers the operators of int8 programs; compiled without it they run 15 times slower.
    import torchao.quantization.pt2e.quantizer.x86_inductor_quantizer  # noqa: F401

    extra = {metadata_key: ""}
    try:
        program = torch.export.load(checked(path), extra_files=extra)
        metadata = json.loads(extra[metadata_key])
        module = program.module()
    except DigitsError:
        raise
    except Exception as error:  # a damaged archive raises whatever its reader trips over
        why = reason(error)
        raise DigitsError(f"{path}: damaged, or not an exported program ({why})") from None
    run_eagerly(module)
    return module, metadata


def checked(path: Path) -> io.BytesIO:
    """A new archive of a program's members, each checked: names, numbers, raw tensors.

    It is written anew so that PyTorch's reader and ours cannot see two archives in one file.

    Raises:
        DigitsError: there is something in it that `optimize` does not write.
    """
    archive = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(archive, "w") as made:
        infos = given.infolist()
        if sum(info.file_size for info in infos) > MOST_BYTES:
            raise DigitsError(f"{path}: refused: larger than {MOST_BYTES >> 20} MB when unpacked")
        for info in infos:
            if not MEMBERS.fullmatch(info.filename) or info.filename in made.namelist():
                raise _refusal(path, info.filename)
            content = b"" if info.filename == SAMPLE_INPUTS else given.read(info)
            if info.filename.endswith(".json"):
                plain = json.loads(content)
                for key, value in _items(plain):
                    if not _is_plain(key, value):
                        raise _refusal(path, f"{key}: {value}")
                content = json.dumps(plain).encode()
            made.writestr(info.filename, content)
    archive.seek(0)
    return archive


def _items(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in nested plain data that is no list or dict, with the key that it is under; of
    a dict its keys too."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield "key", name
            yield from _items(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _items(item, key)
    else:
        yield key, value


def _is_plain(key: str, value: Any) -> bool:
    """Whether PyTorch may see this value under this key."""
    if key == "use_pickle":
        return value is False
    if key == "target":
        return value in OPERATORS
    if not isinstance(value, str):
        return True
    if key == "expr_str":
        return bool(SIZE.fullmatch(value))
    if key in ("in_spec", "out_spec") and value in TREES:
        return True
    if key == "name":
        return bool(NAME.fullmatch(value))
    return bool(WORD.fullmatch(value)) and not (key == "key" and value in REFUSED_KEYS)


def _refusal(path: Path, what: str) -> DigitsError:
    return DigitsError(
        f"{path}: refused: holds what `optimize` does not write and might run ({what:.60}); "
        "only load models of people you trust"
    )


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
