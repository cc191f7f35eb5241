"""Sets of other makers, fetched by torchvision: EMNIST, Fashion-MNIST, KMNIST, QMNIST, USPS, CIFAR.

What is read was proved by its MD5, as torchvision states it, at this very load: of the archives
that it leaves where it unpacks them, not of what it unpacked.
"""

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digits.data.fetch import fetch, verified
from digits.data.mnist import idx
from digits.data.split import Dataset, Split, held_out, split_of
from digits.errors import DigitsError
from digits.spec import CLASSES
from digits.tile import frame

Read = Callable[[Any, Path], tuple[Split, Split, Sequence[str]]]


def load(name: str, folder: Path, hold_out: int) -> Dataset:
    """A set of LOADERS, from `folder` or the network.

    Raises:
        DigitsError: it cannot be had, or a file is not the one that everybody uses.
    """
    from torchvision import datasets

    maker, read = LOADERS[name]
    learn, test, classes = read(getattr(datasets, maker), folder)
    return Dataset(name, *held_out(learn, hold_out), test, tuple(classes))


def _content(
    maker: Any, folder: Path, md5: dict[Path, str], parts: Sequence[dict[str, object]]
) -> dict[str, bytes]:
    """Name -> bytes of a set's files; `parts` are the arguments that make torchvision fetch all."""

    def download() -> None:
        for part in parts:
            maker(str(folder), download=True, **part)

    why_not = fetch(maker.__name__, folder, list(md5), download)
    if why_not:
        raise DigitsError(f"{why_not}; name the folder of the data sets with --data_dir")
    return {path.name: verified(path, expected) for path, expected in md5.items()}


TRAIN_AND_TEST: tuple[dict[str, object], ...] = ({"train": True}, {"train": False})


def _read_like_mnist(maker: Any, folder: Path) -> tuple[Split, Split, Sequence[str]]:
    raw = folder / maker.__name__ / "raw"
    content = _content(
        maker, folder, {raw / name: md5 for name, md5 in maker.resources}, TRAIN_AND_TEST
    )
    arrays = [idx(gzip.decompress(content[name])) for name, _ in maker.resources]
    return split_of(*arrays[:2]), split_of(*arrays[2:]), maker.classes


def _read_emnist(split: str) -> Read:
    """One of EMNIST's splits; its pictures lie on their side."""

    def read(maker: Any, folder: Path) -> tuple[Split, Split, Sequence[str]]:
        archive = folder / maker.__name__ / "raw" / "gzip.zip"
        whole = _content(maker, folder, {archive: maker.md5}, ({"split": split},))[archive.name]
        classes = [name for name in maker.classes_split_dict[split] if name != "N/A"]
        first = len(maker.classes_split_dict[split]) - len(classes)  # letters count from 1
        parts = []
        with zipfile.ZipFile(io.BytesIO(whole)) as files:
            for part in ("train", "test"):
                images, labels = (
                    idx(gzip.decompress(files.read(f"gzip/emnist-{split}-{part}-{kind}-ubyte.gz")))
                    for kind in ("images-idx3", "labels-idx1")
                )
                parts.append(split_of(images.transpose(0, 2, 1), labels.astype(int) - first))
        return parts[0], parts[1], classes

    return read


def _read_qmnist(maker: Any, folder: Path) -> tuple[Split, Split, Sequence[str]]:
    """Labels are rows of eight numbers, of which the first is the digit."""
    raw, parts = folder / maker.__name__ / "raw", ("train", "test")
    pairs = [pair for part in parts for pair in maker.resources[part]]
    md5 = {raw / url.rpartition("/")[2]: expected for url, expected in pairs}
    content = _content(maker, folder, md5, [{"what": part} for part in parts])
    images, labels, test_images, test_labels = (
        idx(gzip.decompress(content[path.name])) for path in md5
    )
    return split_of(images, labels[:, 0]), split_of(test_images, test_labels[:, 0]), CLASSES


def _read_usps(maker: Any, folder: Path) -> tuple[Split, Split, Sequence[str]]:
    """16x16 pixels, framed as tiles."""
    md5 = {folder / name: md5 for _, name, md5 in maker.split_list.values()}
    _content(maker, folder, md5, TRAIN_AND_TEST)
    learn, test = (maker(str(folder), **part) for part in TRAIN_AND_TEST)
    return _framed(learn), _framed(test), CLASSES


def _framed(part: Any) -> Split:
    tiles = np.stack([frame(ink, normalise_pen=False) for ink in part.data])
    return split_of(tiles, np.array(part.targets))


def _read_cifar(maker: Any, folder: Path) -> tuple[Split, Split, Sequence[str]]:
    """(3, 32, 32); they are pickles, which could run code: read only after they are proved."""
    base = folder / maker.base_folder
    files = [*maker.train_list, *maker.test_list, (maker.meta["filename"], maker.meta["md5"])]
    _content(maker, folder, {base / name: md5 for name, md5 in files}, TRAIN_AND_TEST)
    learn, test = (maker(str(folder), **part) for part in TRAIN_AND_TEST)
    splits = [split_of(p.data.transpose(0, 3, 1, 2), np.array(p.targets)) for p in (learn, test)]
    return splits[0], splits[1], learn.classes


LOADERS: dict[str, tuple[str, Read]] = {
    "emnist-digits": ("EMNIST", _read_emnist("digits")),
    "emnist-letters": ("EMNIST", _read_emnist("letters")),
    "emnist-balanced": ("EMNIST", _read_emnist("balanced")),
    "fashion": ("FashionMNIST", _read_like_mnist),
    "kmnist": ("KMNIST", _read_like_mnist),
    "qmnist": ("QMNIST", _read_qmnist),
    "usps": ("USPS", _read_usps),
    "cifar10": ("CIFAR10", _read_cifar),
}
