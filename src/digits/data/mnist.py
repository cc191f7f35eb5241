"""MNIST (LeCun, Cortes, Burges), fetched by torchvision; every load verifies every file."""

import contextlib
import hashlib
import socket
import sys
from pathlib import Path

import numpy as np
import torch

from digits.data.split import Dataset, Split, every_nth
from digits.errors import DigitsError, reason
from digits.spec import HOLD_OUT, TILE_SIZE

# MD5 of the uncompressed files; torchvision itself checks only those that it downloads.
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
TIMEOUT_S = 20  # a mirror that is silent for longer counts as out of reach


def fetch(folder: Path) -> str | None:
    """See that the files lie in folder/MNIST/raw, downloading them if need be.

    Returns None when they do, else why they cannot be had. Touches no network if they are there.
    """
    raw = folder / "MNIST" / "raw"
    if all((raw / name).is_file() for name in MD5):
        return None
    from torchvision.datasets import MNIST

    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    print(f"MNIST is not in {raw}: downloading it", file=sys.stderr)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            MNIST(str(folder), download=True)
    except (OSError, RuntimeError) as error:
        why = reason(error)
        for made in (raw, raw.parent, folder):  # torchvision makes them before it downloads
            with contextlib.suppress(OSError):  # not empty, or not there
                made.rmdir()
        return f"MNIST is not in {folder} and could not be downloaded ({why})"
    finally:
        socket.setdefaulttimeout(patience)
    return None


def load(folder: Path, hold_out: int = HOLD_OUT) -> Dataset:
    """Train on 55,000, validate on a fixed stratified 5,000, test on 10,000 (or hold out others).

    Raises:
        DigitsError: a file is not, byte for byte, the one that everybody uses.
    """
    raw = folder / "MNIST" / "raw"
    content = {name: verified(raw / name, expected) for name, expected in MD5.items()}
    learn, test = (
        _split(content[f"{part}-images-idx3-ubyte"], content[f"{part}-labels-idx1-ubyte"])
        for part in ("train", "t10k")
    )
    train, validation = every_nth(learn.labels.numpy(), hold_out)
    return Dataset(
        "mnist", learn[torch.from_numpy(train)], learn[torch.from_numpy(validation)], test
    )


def _split(images: bytes, labels: bytes) -> Split:
    """Tiles and labels of two files whose headers, of 16 and 8 bytes, are known to be right.

    torchvision would read them too, and takes a second to be imported.
    """
    tiles = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 1, TILE_SIZE, TILE_SIZE)
    numbers = np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)
    return Split(torch.from_numpy(tiles.copy()), torch.from_numpy(numbers))


def verified(path: Path, expected_md5: str) -> bytes:
    """What a file holds. Raises DigitsError, naming it, if it cannot be read or its MD5 is not
    the expected one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != expected_md5:
        raise DigitsError(
            f"{path}: truncated or altered (MD5 {found}, not {expected_md5}); "
            "delete it and it is downloaded again"
        )
    return content
