"""Write an artefact by its suffix, and put it in its place only when it has proved itself."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from digits import checkpoint, classifier
from digits.classifier import Classifier, metadata_of
from digits.errors import DigitsError, reason
from digits.optimization import c_file, integer_file, onnx_file, phone_file
from digits.optimization.onnx_file import onnx_bytes
from digits.optimization.program import program_bytes
from digits.optimization.source import Source

CALIBRATION_TILES = 512
FORMATS = {".onnx": onnx_bytes, ".pt2": program_bytes, ".pt": program_bytes}


def build(content: dict[str, Any], suffix: str, calibration: Tensor | None = None) -> bytes:
    """The bytes of an artefact of a checkpoint's content: float32, or int8 with `calibration`
    (training tiles (M, 1, 28, 28) uint8).
    """
    source = Source.of(content)
    return FORMATS[suffix](source.model, metadata_of(content), calibration)


def make(
    source: Source,
    path: Path,
    calibration: Tensor | None,
    tiles: np.ndarray,
    bits: int = 8,
    half: bool = False,
) -> tuple[Classifier, list[str]]:
    """Write a source to `path`, in the format of its suffix, and load it again; with lines to be
    printed on what it costs and how it was proved on test tiles (N, 1, 28, 28) uint8.

    `bits` are those of a weight in integer formats; `half` makes an .onnx file float16.
    """
    if path.suffix in integer_file.FORMATS:
        assert calibration is not None, "integer formats are always quantized"
        return integer_file.make(source, path, calibration, tiles, bits)
    if path.suffix in phone_file.FORMATS:
        return phone_file.make(source, path, calibration), []
    content = FORMATS[path.suffix](source.model, metadata_of(source.content), calibration)
    path.write_bytes(onnx_file.halved(content) if half else content)
    return classifier.load(path), []


def state_accuracy(path: Path, accuracy: float, tiles: int) -> None:
    """Let a file with a head for people say in it what was measured on so many test tiles."""
    if path.suffix in integer_file.FORMATS:
        path.write_bytes(c_file.with_accuracy(path.read_bytes(), accuracy, tiles))


def calibration_tiles(training_tiles: Tensor) -> Tensor:
    """512 tiles, evenly spread over the training tiles (N, 1, 28, 28) uint8."""
    return training_tiles[:: max(1, len(training_tiles) // CALIBRATION_TILES)][:CALIBRATION_TILES]


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix: renamed to `path` when the block ends
    well, deleted when it raises, with what was at `path` untouched.

    Raises:
        DigitsError: the folder cannot be written, or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = checkpoint.temporary_prefix(path)
        descriptor, name = tempfile.mkstemp(path.suffix, prefix, path.parent)
        temporary = Path(name)
        os.close(descriptor)
        yield temporary
        checkpoint.write_atomically(path, lambda file: file.write(temporary.read_bytes()))
    except OSError as error:
        raise DigitsError(f"{path}: not saved: {reason(error)}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
