"""Compile a C file with the machine's compiler, let it test itself, and answer tiles with it."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from digits.errors import DigitsError
from digits.optimization.integer import Run

NEEDS = "a C compiler (cc, gcc or clang; or name one in $CC)"
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
        test, library = Path(folder) / "test", Path(folder) / "digits.so"
        _compile(cc, source, test, "-DDIGITS_TEST")
        if subprocess.run([test]).returncode:
            raise DigitsError(f"{source.name}: fails its self-test when built by {cc}: not saved")
        _compile(cc, source, library, "-shared", "-fPIC")
        digits_logits = ctypes.CDLL(str(library)).digits_logits
    digits_logits.argtypes, digits_logits.restype = [ctypes.c_void_p] * 2, None

    def run(tiles: np.ndarray) -> np.ndarray:
        tiles, logits = np.ascontiguousarray(tiles), np.empty((len(tiles), classes), np.int32)
        step_in, step_out = 28 * 28, logits.strides[0]
        for i in range(len(tiles)):
            digits_logits(tiles.ctypes.data + i * step_in, logits.ctypes.data + i * step_out)
        return logits

    return run


def _compile(cc: str, source: Path, output: Path, *flags: str) -> None:
    command = [cc, *FLAGS, *flags, "-o", str(output), str(source)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        first = result.stderr.strip().partition("\n")[0]
        raise DigitsError(f"{source.name}: not compiled by {cc}: {first:.120}")
