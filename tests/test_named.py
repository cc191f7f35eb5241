"""The sets of other makers, through torchvision's own loaders' formats, in files that we write."""

import bz2
import gzip
import hashlib
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets as makers

from digits import data
from digits.data import hand_sets
from digits.data.named import LOADERS
from digits.errors import DigitsError

Write = Callable[[Path, pytest.MonkeyPatch], None]
RNG = np.random.default_rng(0)
LEARN, TEST = 48, 24  # tiles
IMAGES = {n: RNG.integers(0, 256, (n, 28, 28), np.uint8) for n in (LEARN, TEST)}


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx(array: np.ndarray) -> bytes:
    """A file of MNIST's format."""
    kind = {"uint8": 8, "int32": 12}[array.dtype.name]
    head = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def labels(count: int, classes: int, first: int = 0) -> np.ndarray:
    return (np.arange(count) % classes + first).astype(np.uint8)


def write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5(content)


def like_mnist(name: str) -> Write:
    def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        made = []
        maker = getattr(makers, name)
        for (file, _), array in zip(
            maker.resources,
            (IMAGES[LEARN], labels(LEARN, 10), IMAGES[TEST], labels(TEST, 10)),
            strict=True,
        ):
            path = folder / name / "raw" / file
            made.append((file, write(path, gzip.compress(idx(array)))))
        monkeypatch.setattr(maker, "resources", made)

    return files


def emnist(split: str, classes: int, first: int = 0) -> Write:
    def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            for part, count in (("train", LEARN), ("test", TEST)):
                stem = f"gzip/emnist-{split}-{part}"
                sideways = IMAGES[count].transpose(0, 2, 1)
                files.writestr(f"{stem}-images-idx3-ubyte.gz", gzip.compress(idx(sideways)))
                numbers = labels(count, classes, first)
                files.writestr(f"{stem}-labels-idx1-ubyte.gz", gzip.compress(idx(numbers)))
        path = folder / "EMNIST" / "raw" / "gzip.zip"
        monkeypatch.setattr(makers.EMNIST, "md5", write(path, archive.getvalue()))

    return files


def qmnist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    for part, count in (("train", LEARN), ("test", TEST)):
        rows = np.zeros((count, 8), np.int32)
        rows[:, 0], rows[:, 2] = labels(count, 10), 3000
        pairs = zip(makers.QMNIST.resources[part], (IMAGES[count], rows), strict=True)
        raw = folder / "QMNIST" / "raw"
        made[part] = [
            (url, write(raw / url.rpartition("/")[2], gzip.compress(idx(array))))
            for (url, _), array in pairs
        ]
    monkeypatch.setattr(makers.QMNIST, "resources", made)


def usps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    for part, (url, file, _) in makers.USPS.split_list.items():
        count = LEARN if part == "train" else TEST
        pixels = np.full((count, 16, 16), -1.0)
        pixels[:, 2:14, 6:9] = 1.0
        lines = [
            f"{label + 1} " + " ".join(f"{i}:{v:.4f}" for i, v in enumerate(image.ravel(), 1))
            for label, image in zip(labels(count, 10), pixels, strict=True)
        ]
        content = bz2.compress(("\n".join(lines) + "\n").encode())
        made[part] = [url, file, write(folder / file, content)]
    monkeypatch.setattr(makers.USPS, "split_list", made)


CIFAR = {n: RNG.integers(0, 256, (n, 3, 32, 32), np.uint8) for n in (LEARN, TEST)}


def cifar10(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = folder / makers.CIFAR10.base_folder

    def batch(name: str, images: np.ndarray, first: int) -> list[str]:
        numbers = [int(n) for n in (np.arange(len(images)) + first) % 10]
        content = {"data": images.reshape(len(images), -1), "labels": numbers}
        return [name, write(base / name, pickle.dumps(content))]

    half = LEARN // 2
    learn = [batch(f"data_batch_{i}", CIFAR[LEARN][half * i : half * (i + 1)], half * i)
             for i in range(2)]  # fmt: skip
    meta = pickle.dumps({"label_names": [f"thing {i}" for i in range(10)]})
    monkeypatch.setattr(makers.CIFAR10, "train_list", learn)
    monkeypatch.setattr(makers.CIFAR10, "test_list", [batch("test_batch", CIFAR[TEST], 0)])
    monkeypatch.setattr(
        makers.CIFAR10, "meta",
        {"filename": "batches.meta", "key": "label_names",
         "md5": write(base / "batches.meta", meta)},
    )  # fmt: skip


WRITE: dict[str, tuple[Write, int]] = {
    "emnist-digits": (emnist("digits", 10), 10),
    "emnist-letters": (emnist("letters", 26, 1), 26),
    "emnist-balanced": (emnist("balanced", 47), 47),
    "fashion": (like_mnist("FashionMNIST"), 10),
    "kmnist": (like_mnist("KMNIST"), 10),
    "qmnist": (qmnist, 10),
    "usps": (usps, 10),
    "cifar10": (cifar10, 10),
}


def test_every_named_set_is_tested() -> None:
    others = {"auto", "mnist", "uci", *hand_sets.SETS}
    assert set(WRITE) == set(LOADERS) == set(data.NAMES) - others


@pytest.mark.parametrize("name", LOADERS)
def test_a_set_is_read_from_its_makers_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, classes = WRITE[name]
    files(tmp_path, monkeypatch)
    dataset = data.load(name, tmp_path)
    assert len(dataset.classes) == classes
    assert len(dataset.train) + len(dataset.validation) == LEARN and len(dataset.test) == TEST
    assert dataset.test.labels.tolist() == [i % classes for i in range(TEST)]
    tiles = dataset.test.images.numpy()
    if name == "cifar10":
        assert np.array_equal(tiles, CIFAR[TEST])
    elif name == "usps":  # a bar that stands, framed
        assert tiles.shape[1:] == (1, 28, 28)
        assert ((tiles[0, 0] > 16).any(axis=1).sum(), tiles[0, 0, 14, 14]) == (20, 255)
    else:
        assert np.array_equal(tiles[:, 0], IMAGES[TEST])


@pytest.mark.parametrize("name", LOADERS)
def test_a_file_that_was_altered_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITE[name][0](tmp_path, monkeypatch)
    path = max((f for f in tmp_path.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DigitsError, match=f"{path.name}: truncated or altered"):
        data.load(name, tmp_path)


@pytest.mark.parametrize("name", LOADERS)
def test_a_set_that_cannot_be_downloaded_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(DigitsError, match="could not be downloaded"):
        data.load(name, tmp_path / "data")
    assert not (tmp_path / "data").exists(), "an attempt leaves nothing behind"


def test_an_archive_that_was_deleted_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torchvision does not miss it while what it unpacked is there."""
    WRITE["kmnist"][0](tmp_path, monkeypatch)
    for archive in list((tmp_path / "KMNIST" / "raw").iterdir()):
        archive.with_suffix("").write_bytes(gzip.decompress(archive.read_bytes()))
        archive.unlink()
    with pytest.raises(DigitsError, match=r"is missing; delete .*raw and it is downloaded again"):
        data.load("kmnist", tmp_path)
