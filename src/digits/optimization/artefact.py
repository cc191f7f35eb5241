"""Write an artefact by its suffix, and put it in its place only when it has proved itself."""

import errno
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Made:
    """An artefact that was written and loaded again: what answers with it; lines to be printed on
    what it costs and how it was proved; the logits (N, K) float32 of the test tiles, where proving
    it has found them already."""

    classifier: Classifier
    notes: list[str]
    logits: np.ndarray | None = None


def make(
    source: Source,
    path: Path,
    calibration: Tensor | None,
    tiles: np.ndarray,
    bits: int = 8,
    half: bool = False,
) -> Made:
    """Write a source to `path`, in the format of its suffix, load it again, and prove one of
    integers on test tiles (N, 1, 28, 28) uint8.

    `bits` are those of a weight in integer formats; `half` makes an .onnx file float16.
    """
    if path.suffix in integer_file.FORMATS:
        assert calibration is not None, "integer formats are always quantized"
        return Made(*integer_file.make(source, path, calibration, tiles, bits))
    if path.suffix in phone_file.FORMATS:
        return Made(phone_file.make(source, path, calibration), [])
    content = FORMATS[path.suffix](source.model, metadata_of(source.content), calibration)
    path.write_bytes(onnx_file.halved(content) if half else content)
    return Made(classifier.load(path), [])


def state_accuracy(path: Path, accuracy: float, tiles: int) -> None:
    """Let a file with a head for people say in it what was measured on so many test tiles."""
    if path.suffix in integer_file.FORMATS:
        path.write_bytes(c_file.with_accuracy(path.read_bytes(), accuracy, tiles))


def calibration_tiles(training_tiles: Tensor) -> Tensor:
    """512 tiles, evenly spread over the training tiles (N, 1, 28, 28) uint8."""
    count = len(training_tiles)
    chosen = min(count, CALIBRATION_TILES)
    return training_tiles[np.arange(chosen) * count // max(chosen, 1)]


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """`staged_together` of one path."""
    with staged_together([path]) as (trial,):
        yield trial


@contextmanager
def staged_together(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Temporary paths beside `paths`, of the same suffixes. When the block ends well all are
    flushed to disk and then renamed; when it raises all are deleted, and what was at `paths` stays.

    Raises:
        DigitsError: a folder cannot be written, or the disk is full.
    """
    trials: list[Path] = []
    try:
        for path in paths:
            trials.append(_temporary(path))
        yield trials
        for path, trial in zip(paths, trials, strict=True):  # noqa: B007  named by the error
            _flush(trial)
        for path, trial in zip(paths, trials, strict=True):
            trial.replace(path)
    except OSError as error:
        raise DigitsError(f"{path}: not saved: {reason(error)}") from error
    finally:
        for trial in trials:
            trial.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():  # renaming would fail when others are in their places already
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    prefix = checkpoint.temporary_prefix(path)
    descriptor, name = tempfile.mkstemp(path.suffix, prefix, path.parent)
    os.close(descriptor)
    return Path(name)


def _flush(path: Path) -> None:
    """To the disk, and readable by those by whom a new file is (mkstemp's is its owner's)."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
    with path.open("rb+") as file:
        os.fsync(file.fileno())
