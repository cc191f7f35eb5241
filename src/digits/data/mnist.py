"""MNIST (LeCun, Cortes, Burges), fetched by torchvision; every load verifies every file."""

from pathlib import Path

import numpy as np

from digits.data import fetch as fetching
from digits.data.fetch import verified
from digits.data.split import Dataset, held_out, split_of
from digits.spec import HOLD_OUT

# MD5 of the uncompressed files; torchvision itself checks only those that it downloads.
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
NO_DOWNLOAD = "that needs torchvision: pip install 'digits[train]'"
IDX_KINDS = {8: "u1", 12: ">i4"}


def fetch(folder: Path) -> str | None:
    """As `digits.data.fetch.fetch`, of the files in folder/MNIST/raw."""

    def download() -> None:
        try:
            from torchvision.datasets import MNIST
        except ModuleNotFoundError:
            raise OSError(NO_DOWNLOAD) from None

        MNIST(str(folder), download=True)

    raw = folder / "MNIST" / "raw"
    return fetching.fetch("MNIST", folder, [raw / name for name in MD5], download)


def load(folder: Path, hold_out: int = HOLD_OUT) -> Dataset:
    """Train on 55,000, validate on a fixed stratified 5,000, test on 10,000 (or hold out others).

    Raises:
        DigitsError: a file is not, byte for byte, the one that everybody uses.
    """
    raw = folder / "MNIST" / "raw"
    content = {name: idx(verified(raw / name, expected)) for name, expected in MD5.items()}
    learn, test = (
        split_of(content[f"{part}-images-idx3-ubyte"], content[f"{part}-labels-idx1-ubyte"])
        for part in ("train", "t10k")
    )
    return Dataset("mnist", *held_out(learn, hold_out), test)


def idx(content: bytes) -> np.ndarray:
    """The array in a file of MNIST's format, which is known to be whole.

    torchvision would read it too, and takes a second to be imported.
    """
    kind, dimensions = content[2], content[3]
    shape = np.frombuffer(content, ">i4", dimensions, offset=4)
    return np.frombuffer(content, IDX_KINDS[kind], offset=4 + 4 * dimensions).reshape(shape)
