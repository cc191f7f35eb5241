"""Keep digits that people corrected, as a folder of classes that training and evaluation read."""

import hashlib
import io
import os
from pathlib import Path

from PIL import Image

from digits.errors import DigitsError, reason
from digits.spec import TILE_SIZE
from digits.web.refusal import Refusal

MOST = 100_000  # files of a label: 50 MB


def keep(folder: Path, label: str, tile: bytes) -> str:
    """Write a tile as LABEL/HASH.png, the hash of its pixels: the same correction is one file.

    Raises:
        Refusal: it is no tile, or there is no room for it.
    """
    try:
        with Image.open(io.BytesIO(tile), formats=("PNG",)) as image:
            if image.size != (TILE_SIZE, TILE_SIZE):
                raise ValueError(image.size)
            grey = image.convert("L")
    except Exception:  # a damaged file raises whatever its decoder trips over
        raise Refusal(422, "tile: not a PNG of 28x28", "send one of an answer's `tiles`") from None
    name = f"{label}/{hashlib.sha256(grey.tobytes()).hexdigest()[:32]}.png"
    path = folder / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in path.parent.iterdir()) >= MOST:
            raise Refusal(503, f"there are {MOST:,} of {label} already", "move some away")
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        grey.save(temporary, "PNG")
        temporary.replace(path)
    except OSError as error:
        raise Refusal(503, f"not kept: {reason(error)}", "tell who runs this server") from None
    return name


def prepare(folder: Path) -> None:
    """Make the folder.

    Raises:
        DigitsError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigitsError(f"--corrections {folder}: cannot be made: {reason(error)}") from None
