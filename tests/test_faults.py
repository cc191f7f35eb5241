"""Wrong input of every kind: one line says what is wrong, exit 1 or 2, nothing half-written."""

import contextlib
import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from digits import archs, checkpoint
from digits.__main__ import main


@dataclass
class Fault:
    """One row of the table. `make` puts the files for it into the working directory."""

    name: str
    command: str
    says: str  # part of the line on stderr
    code: int = 1
    make: Callable[[], object] = lambda: None
    disk_bytes: int | None = None  # no file can grow larger: a disk that fills up while writing


# Pictures


def save_picture(name: str, kind: str, keep: float) -> None:
    """A grey noise picture in a file, of which only the first part is kept."""
    noise = np.random.default_rng(0).integers(0, 255, (60, 60), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind)
    Path(name).write_bytes(buffer.getvalue()[: int(keep * len(buffer.getvalue()))])


def save_huge_header(name: str) -> None:
    """A PNG of a few bytes that claims to be 30,000 x 30,000."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + body)


# Models


def good() -> dict:
    """The content of a checkpoint of an untrained network."""
    torch.manual_seed(0)
    return checkpoint.pack("base", archs.create("base"), config={"dataset": "uci"})


def change_file(name: str, change: Callable[[bytearray], bytearray]) -> None:
    """A good checkpoint whose bytes are then changed."""
    checkpoint.save(name, good())
    Path(name).write_bytes(change(bytearray(Path(name).read_bytes())))


def halve(data: bytearray) -> bytearray:
    return data[: len(data) // 2]


def flip(data: bytearray) -> bytearray:
    data[len(data) // 2] ^= 1
    return data


class Bomb:
    """Unpickling it would create a file."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("exploded"),)


def save_state_dict(name: str) -> None:
    torch.save(good()["state_dict"], name)


def save_code(name: str) -> None:
    torch.save({"format": checkpoint.FORMAT, "state_dict": Bomb()}, name)


def save_foreign_onnx(name: str) -> None:
    """A sound ONNX file of another program: it carries none of our descriptions."""
    import onnx
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy"]
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", ends[:1], ends[1:])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    onnx.save(model, name)


def save_cut(name: str) -> None:
    """A good artefact, cut off in the middle."""
    from digits.optimization import artefact

    content = checkpoint.pack("micro", archs.create("micro"))
    Path(name).write_bytes(halve(bytearray(artefact.build(content, Path(name).suffix))))


# Data


def save_mnist(truncated: bool) -> None:
    """Four files in MNIST's places, of which the first is cut off or all are other pictures."""
    raw = Path("data/MNIST/raw")
    raw.mkdir(parents=True)
    for part, count in (("train", 60), ("t10k", 10)):
        images = struct.pack(">IIII", 0x803, count, 28, 28) + bytes(count * 784)
        labels = struct.pack(">II", 0x801, count) + bytes(count)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(images[:1000] if truncated else images)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(labels)


# The table


def text(name: str) -> None:
    Path(name).write_text("hello")


def saved(**change: object) -> Callable[[str], None]:
    """A checkpoint that is whole, but whose content is changed."""
    return lambda name: checkpoint.save(name, {**good(), **change})


def predict(picture: str, model: str = "good.pth") -> str:
    return f"predict --cpu --image {picture} --model {model}"


def picture(name: str, file: str, make: Callable[[str], object]) -> Fault:
    return Fault(name, predict(file), file, make=lambda: make(file))


def model(name: str, file: str, says: str, make: Callable[[str], object]) -> Fault:
    return Fault(name, predict("good.png", file), says, make=lambda: make(file))


PICTURES = [
    Fault("missing picture", predict("none.png"), "none.png"),
    Fault("pattern without a match", predict("none*.png"), "none*.png"),
    picture("folder without pictures", "f", os.mkdir),
    picture("text as picture", "a.png", text),
    picture("empty file", "a.png", lambda name: Path(name).touch()),
    picture("cut PNG", "a.png", lambda name: save_picture(name, "PNG", 0.5)),
    picture("cut JPEG", "a.jpg", lambda name: save_picture(name, "JPEG", 0.5)),
    picture("cut header", "a.png", lambda name: save_picture(name, "PNG", 0.01)),
    picture("huge picture", "a.png", save_huge_header),
    Fault("no picture named", "predict --model good.pth", "--image", 2),
    Fault("top_k of nothing", predict("good.png --top_k 0"), "--top_k", 2),
    Fault("two devices", predict("good.png --gpu"), "not allowed with", 2),
]

MODELS = [
    model("missing model", "none.pth", "no such model", lambda name: None),
    model("folder as model", "f.pth", "f.pth", os.mkdir),
    model("cut checkpoint", "a.pth", "damaged", lambda name: change_file(name, halve)),
    model("flipped bit", "a.pth", "damaged", lambda name: change_file(name, flip)),
    model("empty checkpoint", "a.pth", "damaged", lambda name: Path(name).touch()),
    model("bare state_dict", "a.pth", "not a checkpoint", save_state_dict),
    model("pickle with code", "a.pth", "may hold code", save_code),
    model("future architecture", "a.pth", "transformer9000", saved(arch="transformer9000")),
    model("other weights", "a.pth", "do not fit", saved(arch="cnn3")),
    model("unknown suffix", "a.h5", "unknown kind", text),
    model("text as ONNX", "a.onnx", "a.onnx", text),
    model("foreign ONNX", "a.onnx", "not made by", save_foreign_onnx),
    model("text as program", "a.pt2", "a.pt2", text),
    model("cut ONNX", "a.onnx", "damaged", save_cut),
    model("cut program", "a.pt2", "damaged", save_cut),
]

TRAIN = "train --dataset uci --arch base --epochs 1 --cpu"
MNIST = "train --dataset mnist --data_dir data --epochs 1 --cpu"
TRAININGS = [
    Fault("unknown command", "teach", "usage", 2),
    Fault("unknown architecture", f"{TRAIN} --arch lenet9", "--arch", 2),
    Fault("unknown data set", f"{TRAIN} --dataset cats", "no such folder or data set 'cats'"),
    Fault("negative rate", f"{TRAIN} --learning_rate -0.1", "--learning_rate", 2),
    Fault("rate that is no number", f"{TRAIN} --learning_rate nan", "--learning_rate", 2),
    Fault("no epochs", f"{TRAIN} --epochs 0", "--epochs", 2),
    Fault("half a batch", f"{TRAIN} --batch_size 0.5", "--batch_size", 2),
    Fault("GPU and CPU", f"{TRAIN} --gpu", "not allowed with", 2),
    Fault("unknown flag", f"{TRAIN} --speed 11", "--speed", 2),
    Fault("unknown device", "train --dataset uci --device warp", "warp"),
    Fault("truncated MNIST", MNIST, "idx3-ubyte: truncated", make=lambda: save_mnist(True)),
    Fault("altered MNIST", MNIST, "truncated or altered", make=lambda: save_mnist(False)),
    Fault("nothing to resume", "train --cpu --resume none", "none"),
    Fault("folder that cannot be", f"{TRAIN} --save_dir good.png/models", "good.png"),
    Fault("disk full in training", TRAIN, "not saved", disk_bytes=200_000),
]

EVALUATE = "evaluate --dataset uci --cpu --model"
QUANTIZE = "optimize --dataset uci --quantize --model"
ARTEFACTS = [
    Fault("evaluation of no model", f"{EVALUATE} none.pth", "no such model"),
    Fault("figures below a file", f"{EVALUATE} good.pth --output good.png/x", "good.png"),
    Fault(
        "ONNX to optimize", f"{QUANTIZE} a.onnx", "only a checkpoint", make=lambda: text("a.onnx")
    ),
    Fault("unknown format", f"{QUANTIZE} good.pth --output a.h5", "--output", 2),
    Fault("negative drop", f"{QUANTIZE} good.pth --max_drop -1", "--max_drop", 2),
    Fault("artefact below a file", f"{QUANTIZE} good.pth --output good.png/a.onnx", "good.png/a"),
    Fault(
        "disk full, ONNX", f"{QUANTIZE} good.pth --output a.onnx", "not saved", disk_bytes=200_000
    ),
    Fault("disk full, C", f"{QUANTIZE} good.pth --output a.c", "not saved", disk_bytes=200_000),
    Fault(
        "disk full, page and C",
        f"{QUANTIZE} good.pth --output a.html --output a.c --unproved",
        "not saved",
        disk_bytes=200_000,
    ),
    Fault(
        "disk full, program", f"{QUANTIZE} good.pth --output a.pt", "not saved", disk_bytes=200_000
    ),
]


FAULTS = [*PICTURES, *MODELS, *TRAININGS, *ARTEFACTS]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good picture and a good model, to be combined with what is wrong."""
    folder = tmp_path_factory.mktemp("good")
    checkpoint.save(folder / "good.pth", good())
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(folder / "good.png")
    return folder


@pytest.fixture
def folder(bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file in bench.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listing(folder: Path) -> dict[str, str]:
    """Every file and folder below, with what is in it; the log of a run is no result."""
    return {
        str(path): hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
        if "runs" not in path.relative_to(folder).parts
    }


@contextlib.contextmanager
def small_disk(size_bytes: int | None) -> Iterator[None]:
    """No file of this process can grow beyond the size."""
    resource = pytest.importorskip("resource", reason="no limits of files on this system")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes or soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def run(argv: list[str]) -> int:
    try:
        return main(argv)
    except SystemExit as stop:  # how argparse ends
        assert isinstance(stop.code, int)
        return stop.code


def complaints(stderr: str) -> list[str]:
    """The lines that are not about the device, warnings, argparse's usage or epochs."""
    aside = ("device:", "run:", "warning:", "WARNING:", "usage:", "epoch ", " ")
    return [line for line in stderr.splitlines() if line and not line.startswith(aside)]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_fault(fault: Fault, folder: Path, capfd: pytest.CaptureFixture) -> None:
    fault.make()
    before = listing(folder)
    with small_disk(fault.disk_bytes):
        code = run(fault.command.split())
    error = capfd.readouterr().err
    assert code == fault.code, error
    assert fault.says in error and "Traceback" not in error
    if fault.says != "usage":
        assert len(complaints(error)) == 1, error
    assert listing(folder) == before


def test_an_animation_is_read_frame_by_frame(folder: Path, capfd: pytest.CaptureFixture) -> None:
    frames = [Image.fromarray(np.full((40, 40), shade, np.uint8)) for shade in (0, 90, 200)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    assert run(predict("a.gif").split()) == 0
    assert [line[:12] for line in capfd.readouterr().out.splitlines()] == [
        "a.gif page 1", "a.gif page 2", "a.gif page 3",
    ]  # fmt: skip
