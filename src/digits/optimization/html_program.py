"""Answer tiles with the JavaScript of a model's page, run by Node.js."""

import shutil
import subprocess
import weakref
from pathlib import Path

import numpy as np

from digits.errors import DigitsError
from digits.optimization.integer import Run

NEEDS = "Node.js (apt-get install nodejs)"
Process = subprocess.Popen[bytes]
LOOP = """
const { readFileSync, readSync, writeSync } = require("fs"), tile = Buffer.alloc(784);
const script = /<script id="model">(.*?)<\\/script>/s.exec(readFileSync(process.argv[1], "utf8"));
const { logits } = require("vm").runInThisContext(script[1] + "digits");
for (;;) {
  for (let at = 0, got; at < 784; at += got)
    if (!(got = readSync(0, tile, at, 784 - at))) process.exit(0);
  writeSync(1, Buffer.from(logits(tile).buffer));
}
"""


def node() -> str | None:
    """The path of this machine's Node.js."""
    return shutil.which("node")


def load(page: Path, classes: int) -> Run | None:
    """What answers tiles with the page's script, in a process of its own; None without Node.js."""
    program = node()
    if program is None:
        return None
    process = subprocess.Popen(
        [program, "-e", LOOP, page],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )

    def run(tiles: np.ndarray) -> np.ndarray:
        logits = np.empty((len(tiles), classes), "<i4")
        for tile, row in zip(tiles, logits, strict=True):
            row[:] = np.frombuffer(_exchange(process, page, tile.tobytes(), row.nbytes), "<i4")
        return logits

    weakref.finalize(run, _end, process)
    return run


def _exchange(process: Process, page: Path, tile: bytes, size: int) -> bytes:
    assert process.stdin and process.stdout
    try:
        process.stdin.write(tile)
        process.stdin.flush()
    except BrokenPipeError:
        pass  # then there is no answer either
    answer = process.stdout.read(size)
    if len(answer) < size:
        raise DigitsError(f"{page.name}: its script does not run in Node.js: not saved")
    return answer


def _end(process: Process) -> None:
    """The script ends with its input."""
    assert process.stdin and process.stdout
    process.stdin.close()
    process.stdout.close()
    process.wait()
