"""Keep digits that people corrected, as a folder of classes that training and evaluation read."""

import hashlib
import io
import threading
from pathlib import Path

from PIL import Image

from digits import checkpoint
from digits.data.own_files import folder_of
from digits.errors import DigitsError, reason
from digits.spec import TILE_SIZE
from digits.web.refusal import Refusal

MOST = 100_000  # files: 50 MB of PNGs, 400 MB where each takes a block of 4 KB


class Corrections:
    """A folder of classes; safe to use from several threads.

    Raises:
        DigitsError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = reason(error)
            raise DigitsError(f"--corrections {folder}: cannot be made: {why}") from None
        self._folder = folder
        self._count = sum(1 for _ in folder.glob("*/[!.]*.png"))
        self._lock = threading.Lock()

    def keep(self, label: str, tile: bytes) -> str:
        """Write a tile into the folder of its label, named by the hash of its pixels: the same
        correction is one file, and of different labels the last one holds.

        Raises:
            Refusal: it is no tile, or there is no room for it.
        """
        pixels = _pixels(tile)
        kept = f"{folder_of(label)}/{hashlib.sha256(pixels.tobytes()).hexdigest()[:32]}.png"
        content = io.BytesIO()
        pixels.save(content, "PNG")
        with self._lock:
            try:
                self._write(self._folder / kept, content.getvalue())
            except (OSError, DigitsError) as error:
                raise Refusal(
                    503, f"not kept: {_why(error)}", "tell who runs this server"
                ) from None
        return kept

    def _write(self, path: Path, content: bytes) -> None:
        others = [old for old in self._folder.glob(f"*/{path.name}") if old != path]
        if path.exists() and not others:
            return
        new = not (path.exists() or others)
        if new and self._count >= MOST:
            raise Refusal(503, f"there are {MOST:,} corrections already", "move some away")
        checkpoint.write_bytes(path, content)
        self._count += new
        for old in others:
            old.unlink()


def _pixels(tile: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(tile), formats=("PNG",)) as image:
            if image.size != (TILE_SIZE, TILE_SIZE):
                raise ValueError(image.size)
            return image.convert("L")
    except Exception:  # a damaged file raises whatever its decoder trips over
        raise Refusal(422, "tile: not a PNG of 28x28", "send one of an answer's `tiles`") from None


def _why(error: Exception) -> str:
    """Without the path: clients need not know where things lie."""
    cause = error.__cause__ if isinstance(error, DigitsError) else error
    return reason(cause) if isinstance(cause, OSError) else "it cannot be written"
