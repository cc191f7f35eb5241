"""Compile a C file with the machine's compiler, let it test itself, and answer tiles with it."""

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from digits.errors import DigitsError
from digits.optimization.integer import Run

NEEDS = "a C compiler (apt-get install gcc, or name one in $CC)"
FLAGS = ("-std=c99", "-O3")


def compiler() -> str | None:
    """The path of this machine's C compiler: $CC, else the first of cc, gcc and clang."""
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    return next(filter(None, map(shutil.which, names)), None)


def load(source: Path, classes: int) -> Run | None:
    """What answers tiles with the compiled file; None without a compiler.

    Raises:
        DigitsError: it does not compile, or fails its self-test.
    """
    cc = compiler()
    if cc is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test"
        _compile(cc, source, test, "-DDIGITS_TEST")
        if subprocess.run([test]).returncode:
            raise DigitsError(f"{source.name}: fails its self-test when built by {cc}: not saved")
    digits_logits = library(source, cc).digits_logits
    digits_logits.argtypes, digits_logits.restype = [ctypes.c_void_p] * 2, None

    def run(tiles: np.ndarray) -> np.ndarray:
        tiles, logits = np.ascontiguousarray(tiles), np.empty((len(tiles), classes), np.int32)
        step_in, step_out = 28 * 28, logits.strides[0]
        for i in range(len(tiles)):
            digits_logits(tiles.ctypes.data + i * step_in, logits.ctypes.data + i * step_out)
        return logits

    return run


def library(source: Path, cc: str, *flags: str) -> ctypes.CDLL:
    """The file's functions, built by a compiler and loaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.so"
        _compile(cc, source, path, "-shared", "-fPIC", *flags)
        return ctypes.CDLL(str(path))


def size(source: Path, tool: str = "size") -> tuple[int, int, str] | None:
    """(bytes of flash, bytes of static RAM, by what) of the file built for small code by this
    machine's compiler; None without one, or without binutils' `size`."""
    cc = compiler()
    if cc is None or shutil.which(tool) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "digits.o"
        _compile(cc, source, built, "-Os", "-c")
        return *sections(built, tool), f"{Path(cc).name} -Os for {platform.machine()}"


def sections(built: Path, tool: str = "size") -> tuple[int, int]:
    """(bytes of flash: code, constants, tables; bytes of static RAM) of an object or a program."""
    printed = subprocess.run([tool, built], capture_output=True, text=True, check=True).stdout
    text, initialised, zeroed = map(int, printed.splitlines()[1].split()[:3])
    return text + initialised, initialised + zeroed


def _compile(cc: str, source: Path, output: Path, *flags: str) -> None:
    command = [cc, *FLAGS, *flags, "-o", str(output), str(source)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        first = result.stderr.strip().partition("\n")[0]
        raise DigitsError(f"{source.name}: not compiled by {cc}: {first:.120}")
