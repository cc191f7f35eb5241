"""ONNX files that name other files, or more memory than they have bytes, are not loaded."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from digits import classifier, graphs
from digits.errors import DigitsError

GOOD = onnx.load(classifier.shipped()["micro"])


def changed(change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    """A shipped model, its description with it, with something else in it."""
    model = onnx.ModelProto()
    model.CopyFrom(GOOD)
    change(model)
    return model


def first_node(model: onnx.ModelProto, *nodes: onnx.NodeProto) -> None:
    for node in reversed(nodes):
        model.graph.node.insert(0, node)


def constant_of_shape(model: onnx.ModelProto) -> None:
    """A constant of 1 GB, in a few bytes."""
    size = numpy_helper.from_array(np.array([25_000, 10_000]), "size")
    model.graph.initializer.append(size)
    model.graph.output.append(helper.make_tensor_value_info("much", 1, [25_000, 10_000]))
    first_node(model, helper.make_node("ConstantOfShape", ["size"], ["much"]))


def in_another_file(tensor: onnx.TensorProto) -> None:
    Path("weights.bin").write_bytes(tensor.raw_data)
    onnx.external_data_helper.set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")


def in_an_attribute(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(4, np.float32))
    in_another_file(tensor)
    first_node(model, helper.make_node("Constant", [], ["c"], value=tensor))


def a_loop(model: onnx.ModelProto) -> None:
    inner = helper.make_graph([], "inner", [], [])
    first_node(model, helper.make_node("Identity", ["tiles"], ["x"], body=inner))


def own_function(model: onnx.ModelProto) -> None:
    opset = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("own", "F", ["x"], ["x"], [], opset))


def a_sparse_weight(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.zeros(1, np.float32), "sparse")
    indices = numpy_helper.from_array(np.zeros(1, np.int64))
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, indices, [100_000, 100_000])
    )


def a_sparse_constant(model: onnx.ModelProto) -> None:
    """Whose values would be read from another file."""
    values = numpy_helper.from_array(np.zeros(4, np.float32), "sparse")
    in_another_file(values)
    indices = numpy_helper.from_array(np.arange(4))
    sparse = helper.make_sparse_tensor(values, indices, [4])
    first_node(model, helper.make_node("Constant", [], ["c"], sparse_value=sparse))


STRANGE: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "a constant of any size": (constant_of_shape, "has the operator 'ConstantOfShape'"),
    "weights in another file": (
        lambda m: in_another_file(m.graph.initializer[0]),
        "keeps weights in another file",
    ),
    "a constant in another file": (in_an_attribute, "keeps weights in another file"),
    "a loop": (a_loop, "has a graph within its graph"),
    "a function": (own_function, "has operators of its own"),
    "another domain": (
        lambda m: first_node(m, helper.make_node("Relu", ["tiles"], ["x"], domain="own")),
        "has operators of another domain",
    ),
    "a sparse weight": (a_sparse_weight, "has sparse weights"),
    "a sparse constant": (a_sparse_constant, "has sparse weights"),
}


@pytest.mark.parametrize(("change", "says"), STRANGE.values(), ids=STRANGE)
def test_what_optimize_does_not_write_is_refused(
    change: Callable[[onnx.ModelProto], object], says: str, run_folder: Path
) -> None:
    Path("a.onnx").write_bytes(changed(change).SerializeToString())
    with pytest.raises(DigitsError, match=says):
        classifier.load("a.onnx")


@pytest.mark.parametrize("kept", [0, 100])
def test_weights_that_are_shorter_than_they_say_take_no_memory(kept: int, run_folder: Path) -> None:
    def stretch(model: onnx.ModelProto) -> None:
        tensor = next(t for t in model.graph.initializer if len(t.raw_data) > kept)
        tensor.raw_data = tensor.raw_data[:kept]
        tensor.dims[0] = 10**9

    Path("a.onnx").write_bytes(changed(stretch).SerializeToString())
    resource = pytest.importorskip("resource", reason="Windows has none")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DigitsError, match="damaged, or not an ONNX model"):
        classifier.load("a.onnx")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=9).map(lambda b: b"\x3a\x20\x0a" + b)))
def test_any_bytes_are_let_pass_or_refused(content: bytes) -> None:
    with contextlib.suppress(ValueError, IndexError):  # what `check` turns into one line
        list(graphs._strange(memoryview(content)))


def test_shipped_models_pass() -> None:
    for path in classifier.shipped().values():
        graphs.check(path)
