"""Which picture files `--image` means: files, folders, glob patterns, what others hold, '-' for
standard input; here or at an address (s3://..., by fsspec).
"""

import glob
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from digits.errors import DigitsError, reason, told
from digits.pictures import packed
from digits.pictures.load import MAX_BYTES
from digits.pictures.packed import File

STDIN = "-"
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm",
    ".pgm", ".pbm", ".avif",
)  # fmt: skip


def files(name: str, others: Counter[str] | None = None) -> Iterator[File]:
    """The picture files that a name means, in an order that is always the same.

    A folder means the pictures in it, and in its folders, by their suffixes; those of its other
    files are counted into `others`. A pattern may have `**`; a .tar or
    .parquet file means the pictures in it; a .csv or .txt file those that it lists. A name that is
    none of these stays as it is, so that a missing file is answered for like any other.

    Raises:
        DigitsError: a folder, pattern, archive or list holds no picture, or is damaged.
    """
    if name != STDIN and os.path.isdir(name):  # noqa: PTH112, Path's raises for a name too long
        found = map(File, _in_folder(name, Counter() if others is None else others))
        yield from _some(found, f"{name}: no pictures in this folder")
    elif not packed.is_address(name) and not os.path.lexists(name) and glob.has_magic(name):
        yield from _some(_fitting(name), f"{name}: no file fits this pattern")
    elif name.lower().endswith(packed.SUFFIXES):
        yield from _some(packed.files(name), f"{name}: no pictures in it")
    elif packed.is_address(name):
        yield from _some(map(File, _at_address(name)), f"{name}: no pictures there")
    else:
        yield File(name)


def source(file: File) -> Path | bytes:
    """What `load` takes for a file: its path, or what stands in it; for '-' on standard input.

    Raises:
        DigitsError: it cannot be read.
    """
    if file.shard or packed.is_address(file.name):
        return packed.read(file)
    if file.name != STDIN:
        return Path(file.name)
    if sys.stdin is None:
        raise DigitsError("-: standard input is closed; name a file")
    with told("-: standard input cannot be read"):
        return sys.stdin.buffer.read(MAX_BYTES + 1)


def is_there(file: File) -> bool:
    """Whether something has this name; of an address that is not known before it is read."""
    return file.name == STDIN or packed.is_address(file.name) or os.path.lexists(file.name)


def size(file: File) -> int:
    """The bytes of a file here; as many as can be where they cannot be told, as at an address."""
    try:
        return packed.size(file) if file.shard else os.stat(file.name).st_size  # noqa: PTH116, 3x as fast
    except (OSError, ValueError, DigitsError):
        return sys.maxsize


def _in_folder(folder: str, others: Counter[str]) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise DigitsError(f"{error.filename}: cannot be read: {reason(error)}")

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES):
                yield str(Path(parent) / name)
            elif not name.startswith("."):
                others[Path(name).suffix.lower()] += 1


def _at_address(name: str) -> Iterator[str]:
    for address in packed.listed(name):
        if address == name or address.lower().endswith(SUFFIXES):
            yield address


def _fitting(pattern: str) -> Iterator[File]:
    """What fits a pattern: pictures, what is in archives, and of lists too where it asks for them.

    Path.glob takes no absolute pattern. Names alone are kept: 100,000 take 10 MB.
    """
    packs = packed.ARCHIVES + packed.LISTS * pattern.lower().endswith(packed.LISTS)
    for path in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207
        if Path(path).is_dir():
            continue
        if path.lower().endswith(packs):
            yield from packed.files(path)
        else:
            yield File(path)


def _some(found: Iterator[File], otherwise: str) -> Iterator[File]:
    first = next(found, None)
    if first is None:
        raise DigitsError(otherwise)
    yield first
    yield from found
