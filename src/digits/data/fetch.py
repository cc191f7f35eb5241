"""See that the files of a known data set are there, and that they are the ones everybody uses."""

import contextlib
import hashlib
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from digits.errors import DigitsError, reason

TIMEOUT_S = 20  # a mirror that is silent for longer counts as out of reach


def fetch(
    what: str, folder: Path, files: Sequence[Path], download: Callable[[], object]
) -> str | None:
    """See that `files` of a set called `what` lie in `folder`; `download` brings them if need be.

    Returns None when they do, else why they cannot be had. Touches no network if they are there.
    """
    if all(path.is_file() for path in files):
        return None
    last = folder if folder.is_dir() else folder.parent  # what was there stays, empty or not
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    print(f"{what} is not in {files[0].parent}: downloading it", file=sys.stderr)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            download()
    except (OSError, RuntimeError) as error:
        why = reason(error)
        for path in files:  # torchvision makes folders before it downloads
            _remove_empty(path.parent, last)
        return f"{what} is not in {folder} and could not be downloaded ({why})"
    finally:
        socket.setdefaulttimeout(patience)
    missing = [path for path in files if not path.is_file()]
    if missing:  # torchvision is content with what it extracted before
        return f"{missing[0]} is missing; delete {missing[0].parent} and it is downloaded again"
    return None


def _remove_empty(made: Path, last: Path) -> None:
    """Remove `made` and its parents below `last`, as far as they are empty."""
    for path in (made, *made.parents):
        if path == last:
            return
        if path.is_dir():
            try:
                path.rmdir()
            except OSError:  # not empty
                return


def md5(content: bytes) -> str:
    """The checksum by which makers of data sets name their files, as hexadecimal digits."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def verified(path: Path, expected_md5: str) -> bytes:
    """What a file holds. Raises DigitsError, naming it, if it cannot be read or its MD5 is not
    the expected one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
    found = md5(content)
    if found != expected_md5:
        raise DigitsError(
            f"{path}: truncated or altered (MD5 {found}, not {expected_md5}); "
            "delete it and it is downloaded again"
        )
    return content
