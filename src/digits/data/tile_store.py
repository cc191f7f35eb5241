"""The tiles of one's own pictures: in memory, or where they are many in a file that is mapped.

Such a file is kept in tiles/ of the data folder, named by the pictures' paths, sizes and times and
the look of the tiles: what has not changed is not looked at again.
"""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from digits import leftovers
from digits.data.look import Look
from digits.data.own_files import Item
from digits.data.pictures import tile_of
from digits.errors import DigitsError, reason

FORMAT, SIZES = 2, "sizes"  # of what is kept; where the pictures' sizes stand in it
IN_MEMORY = 256 << 20  # bytes of tiles; more of them are mapped


def tiles_of(
    path: Path, items: Sequence[Item], look: Look, folder: Path
) -> tuple[np.ndarray, list[str], list[str]]:
    """Tiles (N, C, H, W) uint8 of the items that lie at `path`; of each why there is none, or '';
    and as "60x28" (width, height) the size of the smallest, the median and the largest picture
    that can be used. Many tiles are mapped from a file in `folder`, the data folder.

    Raises:
        DigitsError: that file cannot be written.
    """
    shape = (len(items), *look.shape)
    if np.prod(shape, dtype=np.int64) <= IN_MEMORY:
        tiles = np.empty(shape, np.uint8)
        return tiles, *_fill(tiles, items, look)
    of_path = hashlib.sha256(_bytes(str(path.resolve()))).hexdigest()[:12]
    place = folder / "tiles" / f"{of_path}-{_key(path, items, look)}.npy"
    leftovers.sweep(place.parent, f".{of_path}-*")
    try:
        if not place.exists():
            _write(place, shape, items, look)
            for old in set(place.parent.glob(f"{of_path}-*.npy")) - {place}:
                old.unlink(missing_ok=True)
                old.with_suffix(".json").unlink(missing_ok=True)
        return _kept(place, shape)
    except (OSError, ValueError) as error:
        raise DigitsError(f"{place}: cannot be used: {reason(error)}; delete it") from None


def _kept(place: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, list[str], list[str]]:
    """What `_write` wrote. Raises OSError or ValueError if it is not that any more."""
    why_not = json.loads(place.with_suffix(".json").read_text("utf-8"))
    try:
        tiles = np.load(place, mmap_mode="r")
    except Exception as error:  # NumPy trips over damage in ten ways, tokenize.TokenError too
        raise ValueError(reason(error)) from None
    if not (isinstance(tiles, np.memmap) and tiles.shape == shape and tiles.dtype == np.uint8):
        raise ValueError(f"no tiles {shape}")
    if not (isinstance(why_not, dict) and all(isinstance(why, str) for why in why_not.values())):
        raise ValueError("no reasons beside the tiles")
    sizes = why_not.pop(SIZES, "").split()
    if len(sizes) not in (0, 3):
        raise ValueError("no sizes beside the tiles")
    return tiles, [why_not.get(str(i), "") for i in range(shape[0])], sizes


def _write(place: Path, shape: tuple[int, ...], items: Sequence[Item], look: Look) -> None:
    """The file of tiles and beside it what is wrong with which, and their sizes: there whole or not
    at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.stem}.{uuid4().hex}.npy")
    try:
        tiles: Any = np.lib.format.open_memmap(half, "w+", np.uint8, shape)
        why_not, sizes = _fill(tiles, items, look)
        tiles.flush()
        del tiles  # Windows renames and deletes no file that is open
        told = {str(i): why for i, why in enumerate(why_not) if why} | {SIZES: " ".join(sizes)}
        place.with_suffix(".json").write_text(json.dumps(told), "utf-8")
        half.replace(place)
    finally:
        with contextlib.suppress(PermissionError):  # open still, as what raised holds the tiles
            half.unlink(missing_ok=True)


def _fill(tiles: np.ndarray, items: Sequence[Item], look: Look) -> tuple[list[str], list[str]]:
    """Make each item's tile in its place; of each why it cannot be made, or '', and the sizes."""
    from tqdm import tqdm

    why_not = [""] * len(items)
    sizes = np.zeros((len(items), 2), np.int32)
    for i, item in enumerate(tqdm(items, "pictures", disable=None, leave=False, delay=2)):
        try:
            source = item.source
            given = Path(source) if isinstance(source, str) else source
            tiles[i], sizes[i] = tile_of(given, look)
        except DigitsError as error:
            named = isinstance(item.source, str) and str(error).startswith(item.source)
            why_not[i] = str(error) if named else f"{item.name}: {error}"
    return why_not, _smallest_to_largest(sizes)


def _smallest_to_largest(sizes: np.ndarray) -> list[str]:
    """Of sizes (N, 2), 0 where there is no picture, the smallest, the median and the largest, by
    their pixels; none if there is no picture."""
    pixels = sizes.prod(axis=1, dtype=np.int64)
    order = np.argsort(pixels, kind="stable")[np.count_nonzero(pixels == 0) :]
    if not len(order):
        return []
    return ["x".join(map(str, sizes[i])) for i in (order[0], order[len(order) // 2], order[-1])]


def _key(path: Path, items: Sequence[Item], look: Look) -> str:
    sha = hashlib.sha256(f"{FORMAT} {look.frame} {look.shape} {_stamp(path)}".encode())
    for item in items:
        sha.update(_bytes(f"{item.name}\0"))
        if isinstance(item.source, str):
            sha.update(_stamp(Path(item.source)).encode())
    return sha.hexdigest()[:24]


def _bytes(name: str) -> bytes:
    """A name to be hashed; bytes in it that are not UTF-8 are surrogates."""
    return name.encode("utf-8", "surrogatepass")


def _stamp(path: Path) -> str:
    """When a file was changed and how large it is; nothing of one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"
