"""MNIST (LeCun, Cortes, Burges): its four files from a mirror; every load verifies every file."""

import gzip
import os
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

import numpy as np

from digits.data import fetch as fetching
from digits.data.fetch import verified
from digits.data.split import Dataset, held_out, split_of
from digits.spec import HOLD_OUT

MIRRORS = (  # where the files lie, compressed; the second is asked where the first fails
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MOST_BYTES = 50 * 10**6  # of a file unpacked: the largest has 47 million
# MD5 of the uncompressed files.
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
IDX_KINDS = {8: "u1", 12: ">i4"}


def fetch(folder: Path) -> str | None:
    """As `digits.data.fetch.fetch`, of the files in folder/MNIST/raw, as torchvision has them."""
    files = [folder / "MNIST" / "raw" / name for name in MD5]

    def download() -> None:
        for path in files:
            if not path.is_file():
                _download(path)

    return fetching.fetch("MNIST", folder, files, download)


def _download(path: Path) -> None:
    """Fetch one file, which is there whole and right, or not at all.

    Raises:
        OSError: no mirror gives the file that everybody uses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for mirror in MIRRORS:
        try:
            content = _unpacked(f"{mirror}{path.name}.gz")
        except OSError as error:
            why: OSError = error
            continue
        if fetching.md5(content) == MD5[path.name]:
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            part.write_bytes(content)
            part.replace(path)
            return
        why = OSError(f"another file lies at {mirror}{path.name}.gz")
    raise why


def _unpacked(address: str) -> bytes:
    """What lies at an address, compressed by gzip; of what is too large the beginning."""
    try:
        with urllib.request.urlopen(address) as answer, gzip.open(answer) as file:
            return file.read(MOST_BYTES)
    except HTTPError as error:
        with error:
            raise OSError(f"{error.code} {error.reason}: {address}") from None
    except (EOFError, zlib.error, HTTPException):
        raise OSError(f"damaged: {address}") from None


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
    """The array in a file of MNIST's format, which is known to be whole."""
    kind, dimensions = content[2], content[3]
    shape = np.frombuffer(content, ">i4", dimensions, offset=4)
    return np.frombuffer(content, IDX_KINDS[kind], offset=4 + 4 * dimensions).reshape(shape)
