"""Exported programs: what `optimize` writes is loaded, and nothing in a stranger's file is run."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from digits import archs, checkpoint, classifier
from digits.errors import DigitsError
from digits.optimization import artefact

Members = dict[str, bytes]
GRAPH = "archive/models/model.json"
WEIGHTS = "archive/data/weights/model_weights_config.json"
CONSTANTS = "archive/data/constants/model_constants_config.json"
TOUCH = "__import__('pathlib').Path('exploded').touch()"


class Bomb:
    """Unpickling it creates a file."""

    def __reduce__(self) -> tuple:
        return exec, (TOUCH,)


def tensor_bytes(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def good() -> Members:
    """The members of a program that `optimize` made."""
    torch.manual_seed(0)
    content = checkpoint.pack("micro", archs.create("micro"))
    with zipfile.ZipFile(io.BytesIO(artefact.build(content, ".pt2"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(members: Members, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def in_json(name: str, change: Callable[[Any], object]) -> Callable[[Members], None]:
    """An attack that changes the plain data of one member."""

    def attack(members: Members) -> None:
        plain = json.loads(members[name])
        change(plain)
        members[name] = json.dumps(plain).encode()

    return attack


def in_graph(change: Callable[[dict[str, Any]], object]) -> Callable[[Members], None]:
    return in_json(GRAPH, lambda plain: change(plain["graph_module"]["graph"]))


def renamed(members: Members) -> None:
    """A node whose name is Python, pasted into the program's own source by PyTorch."""
    old, new = '"relu"', json.dumps(f"relu = {TOUCH}; relu")
    members[GRAPH] = members[GRAPH].decode().replace(old, new).encode()


def sized(members: Members) -> None:
    """A size that is Python, evaluated by SymPy."""
    plain = members[GRAPH].decode()
    start = plain.index('"expr_str": "') + len('"expr_str": "')
    end = plain.index('"', start)
    members[GRAPH] = (plain[:start] + TOUCH + plain[end:]).encode()


def pickled_weight(members: Members) -> None:
    plain = json.loads(members[WEIGHTS])
    first = next(iter(plain["config"].values()))
    first["use_pickle"] = True
    members[WEIGHTS] = json.dumps(plain).encode()
    members[f"archive/data/weights/{first['path_name']}"] = tensor_bytes({"x": Bomb()})


def constant(kind: str, content: Callable[[], bytes]) -> Callable[[Members], None]:
    def attack(members: Members) -> None:
        payload = {"path_name": f"{kind}_0", "is_param": False, "use_pickle": True}
        members[CONSTANTS] = json.dumps(
            {"config": {"c": {**payload, "tensor_meta": None}}}
        ).encode()
        members[f"archive/data/constants/{kind}_0"] = content()

    return attack


def legacy_weights(members: Members) -> None:
    members["archive/data/weights/model.pt"] = tensor_bytes({"x": Bomb()})


def first_format(members: Members) -> None:
    """The archive of PyTorch 2.1, all of whose members are pickles."""
    members.clear()
    members["version"] = b"8.14"
    members["serialized_exported_program.json"] = b"{}"
    for part in ("state_dict", "constants", "example_inputs"):
        members[f"serialized_{part}.pt"] = tensor_bytes({"x": Bomb()})


def set_target(name: str) -> Callable[[Members], None]:
    return in_graph(lambda graph: graph["nodes"][0].update(target=name))


def extra_argument(kind: str, value: object) -> Callable[[Members], None]:
    argument = {"name": "self", "arg": {kind: value}, "kind": 1}
    return in_graph(lambda graph: graph["nodes"][1].update(inputs=[argument]))


ATTACKS: dict[str, Callable[[Members], None]] = {
    "a pickle as a weight": pickled_weight,
    "weights as one pickle": legacy_weights,
    "a pickle as a constant": constant("tensor", lambda: tensor_bytes({"x": Bomb()})),
    "an opaque object": constant("opaque_obj", lambda: pickle.dumps(Bomb())),
    "a script object": constant("custom_obj", lambda: tensor_bytes(Bomb())),
    "the oldest format": first_format,
    "code as a size": sized,
    "code as a name": renamed,
    "code as a guard": in_json(GRAPH, lambda plain: plain.update(guards_code=[TOUCH])),
    "a call to torch.load": set_target("torch.load"),
    "an operator that writes files": set_target("torch.ops.aten.from_file.default"),
    "a function as an argument": extra_argument("as_operator", "torch.load"),
    "a class that is imported": in_json(
        GRAPH,
        lambda plain: plain["graph_module"]["module_call_graph"][0]["signature"].update(
            in_spec='[1, {"type": "os.system", "context": "null", "children_spec": []}]'
        ),
    ),
    "compiled code": lambda members: members.update(
        {"archive/data/aotinductor/m/a.so": b"\x7fELF"}
    ),
    "a path that leads out": lambda members: members.update({"archive/extra/../../x": b""}),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "attack", ATTACKS.values(), ids=[name.replace(" ", "-") for name in ATTACKS]
)
def test_what_might_run_is_refused_and_not_run(
    attack: Callable[[Members], None], good: Members, run_folder: Path
) -> None:
    members = dict(good)
    attack(members)
    path = written(members, Path("evil.pt2"))
    with pytest.raises(DigitsError, match="refused"):
        classifier.load(path)
    assert sorted(file.name for file in run_folder.iterdir()) == ["evil.pt2"]


@pytest.mark.slow
def test_sample_inputs_are_never_unpickled(good: Members, run_folder: Path) -> None:
    bomb = tensor_bytes(((Bomb(),), {}))
    path = written({**good, "archive/data/sample_inputs/model.pt": bomb}, Path("a.pt2"))
    assert classifier.load(path)(np.zeros((2, 1, 28, 28), np.uint8)).shape == (2, 10)
    assert not Path("exploded").exists()


def test_two_members_of_one_name_are_refused(good: Members, run_folder: Path) -> None:
    """PyTorch's reader may take another of them than the one that was checked."""
    path = written(good, Path("a.pt2"))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(GRAPH, good[GRAPH])
    with pytest.raises(DigitsError, match="refused"):
        classifier.load(path)


@pytest.mark.slow
def test_an_archive_that_unpacks_to_too_much_is_refused(good: Members, run_folder: Path) -> None:
    with (
        zipfile.ZipFile("a.pt2", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("archive/extra/digits", "w") as member,
    ):
        for _ in range(600):
            member.write(bytes(1 << 20))
    assert Path("a.pt2").stat().st_size < 1 << 20
    with pytest.raises(DigitsError, match="larger than 512 MB"):
        classifier.load(Path("a.pt2"))


@pytest.mark.parametrize("member", [GRAPH, WEIGHTS, "archive/data/weights/weight_0"])
def test_a_program_without_a_part_is_damaged(member: str, good: Members, run_folder: Path) -> None:
    path = written({name: value for name, value in good.items() if name != member}, Path("a.pt2"))
    with pytest.raises(DigitsError, match="damaged"):
        classifier.load(path)


@pytest.mark.slow
@pytest.mark.parametrize("arch", archs.names())
def test_every_architecture_is_let_through(arch: str, run_folder: Path) -> None:
    """An architecture with an operator that the list lacks would be exported and then refused."""
    path = Path("a.pt2")
    path.write_bytes(artefact.build(checkpoint.pack(arch, archs.create(arch)), ".pt2"))
    assert classifier.load(path)(np.zeros((2, 1, 28, 28), np.uint8)).shape == (2, 10)
