"""rapidocr, which who types in numbers would install: whole, in an environment of its own."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from support import environments

from digits.spec import CLASSES

PACKAGE = "rapidocr==3.10.0"  # Apache-2.0, PP-OCRv6 small
INSTALLED = f"{PACKAGE.replace('==', '-')}.dist-info"  # pip writes it last
ANSWER = """
import json, logging, sys
from rapidocr import RapidOCR
logging.disable()
engine = RapidOCR()
for line in sys.stdin:
    found = engine(json.loads(line))
    boxes = [] if found.boxes is None else [box.tolist() for box in found.boxes]
    print(json.dumps(list(zip(found.txts or (), boxes))), flush=True)
"""
Found = tuple[str, tuple[float, float, float, float]]  # a text and its box: x, y, width, height


class Peer:
    """Finds and reads the lines of a page; its environment is made in `folder` at the first time.

    With its default settings, on one thread as ours.
    """

    def __init__(self, folder: Path) -> None:
        if not list(folder.glob(f"lib/python3*/site-packages/{INSTALLED}")):
            environments.create(folder, Path(sys.executable), PACKAGE, "onnxruntime")
        environment = {"OMP_NUM_THREADS": "1", "PATH": "", "ORT_DISABLE_TELEMETRY": "1"}
        self._page = folder / "page.png"
        self._process = subprocess.Popen(
            [folder.resolve() / "bin" / "python", "-c", ANSWER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=environment,
        )  # fmt: skip

    def __enter__(self) -> "Peer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._process.kill()
        self._process.wait()

    def __call__(self, grey: np.ndarray) -> list[Found]:
        """What stands on a page (H, W) uint8: a line's words each with their share of its box."""
        assert self._process.stdin and self._process.stdout
        cv2.imwrite(str(self._page), grey)
        self._process.stdin.write(json.dumps(str(self._page)) + "\n")
        self._process.stdin.flush()
        lines = json.loads(self._process.stdout.readline())
        return [word for text, corners in lines for word in _words(text, np.array(corners))]


def digits_alone(text: str) -> str:
    """What of a text is asked for where signs do not count."""
    return "".join(c for c in text if c in CLASSES)


def _words(text: str, corners: np.ndarray) -> list[Found]:
    """The words of a line (corners (4, 2)), and where in its upright box their letters lie."""
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    each = (right - left) / max(len(text), 1)
    return [
        (word.group(), (left + each * word.start(), top, each * len(word.group()), bottom - top))
        for word in re.finditer(r"\S+", text)
    ]
