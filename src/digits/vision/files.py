"""Which picture files `--image` means: files, folders, glob patterns, '-' for standard input."""

import glob
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from digits.errors import DigitsError, reason
from digits.vision.load import MAX_BYTES

STDIN = "-"
SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm",
    ".pbm", ".avif",
)  # fmt: skip


def pictures(name: str) -> Iterator[str]:
    """The files that a name means, in sorted order within a folder or a pattern.

    A folder means the pictures in it, and in its folders; a pattern may have `**`. A name that is
    neither stays as it is, so that a missing file is answered for like any other.

    Raises:
        DigitsError: a folder or a pattern holds no picture.
    """
    if name != STDIN and os.path.isdir(name):  # noqa: PTH112, Path's raises for a name too long
        yield from _some(_in_folder(name), f"{name}: no pictures in this folder")
    elif name != STDIN and not os.path.lexists(name) and glob.has_magic(name):
        found = (path for path in _globbed(name) if not Path(path).is_dir())
        yield from _some(found, f"{name}: no file fits this pattern")
    else:
        yield name


def source(name: str) -> Path | bytes:
    """What `load` takes for a name: its path, or for '-' all that stands on standard input.

    Raises:
        DigitsError: standard input is closed or cannot be read.
    """
    if name != STDIN:
        return Path(name)
    if sys.stdin is None:
        raise DigitsError("-: standard input is closed; name a file")
    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        raise DigitsError(f"-: standard input cannot be read: {reason(error)}") from None


def _in_folder(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES):
                yield str(Path(parent) / name)


def _globbed(pattern: str) -> Iterator[str]:
    # Path.glob takes no absolute pattern. Names alone are kept: 100,000 take 10 MB.
    yield from sorted(glob.iglob(pattern, recursive=True))  # noqa: PTH207


def _some(found: Iterator[str], otherwise: str) -> Iterator[str]:
    empty = True
    for name in found:
        empty = False
        yield name
    if empty:
        raise DigitsError(otherwise)
