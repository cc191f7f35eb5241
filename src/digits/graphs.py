"""Check the graph of an ONNX file before ONNX Runtime sees it, as far as bytes show.

ONNX Runtime reads files that a model names, and fills the memory with constants that a model only
states the size of. So the file is walked here first, field by field, as protobuf writes it.
"""

from collections.abc import Iterator
from pathlib import Path

from digits.errors import DigitsError

MOST_BYTES = 1 << 30  # of a file; the largest architecture has 14 MB
# What `optimize` writes. None of these makes a large tensor of a number alone, as ConstantOfShape,
# Expand and Range do, and none holds a graph, as Loop does.
OPERATORS = {
    "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "Conv",
    "DepthToSpace", "DequantizeLinear", "Div", "Erf", "Flatten", "Gather", "Gelu", "Gemm",
    "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "Identity", "LayerNormalization",
    "MatMul", "MaxPool", "Mul", "Pad", "Pow", "QuantizeLinear", "ReduceMax", "ReduceMean",
    "ReduceSum", "Relu", "Reshape", "Resize", "Shape", "Sigmoid", "Slice", "Softmax",
    "SpaceToDepth", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze",
}  # fmt: skip

# Numbers of fields in onnx.proto
GRAPH, FUNCTIONS = 7, 25  # of a model
NODE, INITIALIZER, SPARSE = 1, 5, 15  # of a graph
OPERATOR, ATTRIBUTE, DOMAIN = 4, 5, 7  # of a node
TENSOR, TENSORS, GRAPHS, SPARSES = 5, 10, (6, 11), (22, 23)  # of an attribute
PLACE, WHERE = 13, 14  # of a tensor that lies in another file
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of fields


def check(path: Path) -> None:
    """Let pass what holds all its weights itself and only operators that `optimize` writes.

    Raises:
        DigitsError: it is something else, or no protobuf.
    """
    if path.stat().st_size > MOST_BYTES:
        raise DigitsError(f"{path}: refused: larger than {MOST_BYTES >> 20} MB")
    try:
        why = next(_strange(memoryview(path.read_bytes())), None)
    except (ValueError, IndexError):
        raise DigitsError(f"{path}: damaged, or not an ONNX model") from None
    if why:
        raise DigitsError(f"{path}: refused: not made by `optimize`: it {why}; use a copy that is")


def _strange(model: memoryview) -> Iterator[str]:
    """What in a model is not let pass."""
    for number, graph in _fields(model):
        if number == FUNCTIONS:
            yield "has operators of its own"
        elif number == GRAPH:
            for part, value in _fields(graph):
                if part == NODE:
                    yield from _strange_node(value)
                elif part == INITIALIZER:
                    yield from _strange_tensor(value)
                elif part == SPARSE:
                    yield "has sparse weights"


def _strange_node(node: memoryview) -> Iterator[str]:
    fields = list(_fields(node))
    names = [str(value, "utf-8", "replace") for number, value in fields if number == OPERATOR]
    if any(bytes(value) for number, value in fields if number == DOMAIN):
        yield "has operators of another domain"
    for name in names:
        if name not in OPERATORS:
            yield f"has the operator {name[:40]!a}"
    for number, attribute in fields:
        if number == ATTRIBUTE:
            for part, value in _fields(attribute):
                if part in GRAPHS:
                    yield "has a graph within its graph"
                elif part in SPARSES:
                    yield "has sparse weights"
                elif part in (TENSOR, TENSORS):
                    yield from _strange_tensor(value)


def _strange_tensor(tensor: memoryview) -> Iterator[str]:
    if any(number == PLACE or (number == WHERE and value) for number, value in _fields(tensor)):
        yield "keeps weights in another file"


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of a protobuf message: their numbers, and their bytes or, of numbers, the bytes
    that are not all zero.

    Raises:
        ValueError, IndexError: it is none.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        start, kind = at, key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield key >> 3, message[start:at] if value else message[:0]
            continue
        if kind == BYTES:
            size, start = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        at = start + size
        if at > len(message):
            raise ValueError("cut off")
        yield key >> 3, message[start:at]


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the last without the eighth; and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number that does not end")
