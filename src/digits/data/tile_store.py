"""The tiles of one's own pictures: in memory, or where they are many in a file that is mapped.

Such a file is kept in tiles/ of the data folder, named by the pictures' paths, sizes and times and
the look of the tiles: what has not changed is not looked at again.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digits.data.look import Look
from digits.data.own_files import Item
from digits.data.pictures import tile_of
from digits.errors import DigitsError, reason

IN_MEMORY = 256 << 20  # bytes of tiles; more of them are mapped


def tiles_of(
    path: Path, items: Sequence[Item], look: Look, folder: Path
) -> tuple[np.ndarray, list[str]]:
    """Tiles (N, C, H, W) uint8 of the items that lie at `path`, and of each why there is none, or
    ''. Many are mapped from a file in `folder`, the data folder.

    Raises:
        DigitsError: that file cannot be written.
    """
    shape = (len(items), *look.shape)
    if np.prod(shape, dtype=np.int64) <= IN_MEMORY:
        tiles = np.empty(shape, np.uint8)
        return tiles, _fill(tiles, items, look)
    of_path = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    place = folder / "tiles" / f"{of_path}-{_key(path, items, look)}.npy"
    try:
        if not place.exists():
            _write(place, shape, items, look)
            for old in set(place.parent.glob(f"{of_path}-*.npy")) - {place}:
                old.unlink(missing_ok=True)
                old.with_suffix(".json").unlink(missing_ok=True)
        return _kept(place, shape)
    except (OSError, ValueError) as error:
        raise DigitsError(f"{place}: cannot be used: {reason(error)}; delete it") from None


def _kept(place: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, list[str]]:
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
    return tiles, [why_not.get(str(i), "") for i in range(shape[0])]


def _write(place: Path, shape: tuple[int, ...], items: Sequence[Item], look: Look) -> None:
    """The file of tiles and beside it what is wrong with which: there whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.stem}.{os.getpid()}.npy")
    try:
        tiles: Any = np.lib.format.open_memmap(half, "w+", np.uint8, shape)
        why_not = {i: why for i, why in enumerate(_fill(tiles, items, look)) if why}
        tiles.flush()
        place.with_suffix(".json").write_text(json.dumps(why_not), "utf-8")
        half.replace(place)
    finally:
        half.unlink(missing_ok=True)


def _fill(tiles: np.ndarray, items: Sequence[Item], look: Look) -> list[str]:
    """Make each item's tile in its place; of each why it cannot be made, or ''."""
    from tqdm import tqdm

    why_not = [""] * len(items)
    for i, item in enumerate(tqdm(items, "pictures", disable=None, leave=False, delay=2)):
        try:
            source = item.source
            tiles[i] = tile_of(Path(source) if isinstance(source, str) else source, look)
        except DigitsError as error:
            named = isinstance(item.source, str) and str(error).startswith(item.source)
            why_not[i] = str(error) if named else f"{item.name}: {error}"
    return why_not


def _key(path: Path, items: Sequence[Item], look: Look) -> str:
    sha = hashlib.sha256(f"{look.frame} {look.shape} {_stamp(path)}".encode())
    for item in items:
        sha.update(f"{item.name}\0".encode())
        if isinstance(item.source, str):
            sha.update(_stamp(Path(item.source)).encode())
    return sha.hexdigest()[:24]


def _stamp(path: Path) -> str:
    """When a file was changed and how large it is; nothing of one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"
