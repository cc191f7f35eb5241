"""A checkpoint as a file of integer arithmetic, run as its users will run it, and held to its
reference in NumPy bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from digits import archs
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.optimization import c_file, c_program, html_file, html_program, integer
from digits.optimization.integer import IntegerModel, Run
from digits.optimization.source import Source
from digits.optimization.to_integer import integers_of
from digits.spec import CLASSES, INPUT_SHAPE

PART = 25  # tiles a step of progress


@dataclass(frozen=True)
class Format:
    """How a format is written, what runs it (None where nothing here can), where the program for
    that lies, what it is called, and on how many test tiles it is held to its reference."""

    write: Callable[[IntegerModel, dict[str, str], dict[str, float]], bytes]
    load: Callable[[Path, int], Run | None]
    tool: Callable[[], str | None]
    needs: str
    proof_tiles: int | None = None  # all
    measured: Callable[[Path], bytes] = Path.read_bytes  # the file with what running it has shown


def _with_size(path: Path) -> bytes:
    found, text = c_program.size(path), path.read_bytes()
    return c_file.with_size(text, *found) if found else text


FORMATS = {
    ".c": Format(
        c_file.c_bytes,
        c_program.load,
        c_program.compiler,
        c_program.NEEDS,
        measured=_with_size,
    ),
    ".html": Format(
        html_file.html_bytes,
        html_program.load,
        html_program.node,
        html_program.NEEDS,
        1000,  # reader's script takes a second for a few tiles
    ),
}


def require_tool(suffix: str) -> None:
    """Let pass a format that can be proved here.

    Raises:
        DigitsError: what runs it is not there; the line says how to get it.
    """
    if missing(suffix):
        raise DigitsError(
            f"{suffix} files are proved before they are saved, which needs {missing(suffix)}; "
            "--unproved saves one that was never run"
        )


def missing(suffix: str) -> str:
    """What a file of this suffix needs to be run and is not here; "" where nothing is."""
    kind = FORMATS.get(suffix)
    return kind.needs if kind and kind.tool() is None else ""


def make(
    source: Source, path: Path, calibration: Tensor, tiles: np.ndarray, bits: int = 8
) -> tuple[Classifier, list[str], np.ndarray]:
    """Write a source to `path`, with weights of so many bits; what answers with it, lines on cost
    and proof, and its logits (N, K) float32 of the test tiles (N, 1, 28, 28) uint8: those of its
    NumPy reference, which it is held to bit for bit.

    Calibrated on training tiles (M, 1, 28, 28) uint8.

    Raises:
        DigitsError: the model has no integer form, or the file answers otherwise than it.
    """
    kind, whole = FORMATS[path.suffix], integers(source, calibration, bits)
    path.write_bytes(kind.write(whole, card(source), source.content["thresholds"]))
    run, proof = kind.load(path, len(whole.head_bias)), tiles[: kind.proof_tiles]
    expected = in_parts(partial(integer.logits, whole), tiles, f"{path.suffix} in NumPy")
    if run is None:
        said = f"not run: needs {kind.needs}; the figures are those of its NumPy reference"
    else:
        require_same_bits(path, in_parts(run, proof, path.suffix), expected[: len(proof)])
        path.write_bytes(kind.measured(path))
        said = f"equals its NumPy reference bit for bit on {len(proof):,} test tiles"
    answer = run or partial(integer.logits, whole)
    classifier = Classifier(
        lambda batch: answer(batch) * whole.scale,
        path,
        tuple(source.content["classes"]),
        whole.temperature,
    )
    notes = [f"{path.suffix}: {c_file.costs(whole)}", f"{path.suffix}: {said}"]
    return classifier, notes, (expected * whole.scale).astype(np.float32)


def in_parts(run: Run, tiles: np.ndarray, what: str) -> np.ndarray:
    """Logits (N, K) int32 of tiles (N, 1, 28, 28) uint8, with a bar of progress on a terminal."""
    from tqdm import tqdm

    starts = range(0, len(tiles), PART)
    bar = tqdm(starts, what, unit_scale=PART, unit="tile", disable=None, leave=False, delay=2)
    return np.concatenate([run(tiles[i : i + PART]) for i in bar])


def integers(source: Source, calibration: Tensor, bits: int = 8) -> IntegerModel:
    """The integer form of a source, with weights of so many bits.

    Raises:
        DigitsError: it has none, or does not read digits, which these formats say that they do.
    """
    if tuple(source.content["classes"][: len(CLASSES)]) != CLASSES:
        raise DigitsError(f"{' and '.join(FORMATS)} files read digits; try .onnx")
    if tuple(source.content.get("input_shape", INPUT_SHAPE)) != INPUT_SHAPE:
        raise DigitsError(f"{' and '.join(FORMATS)} files take tiles of 28x28; try .onnx")
    chain = source.chain()
    if not source.changes:
        chain.calibrate(calibration)
    return integers_of(chain, source.content["temperature"], bits)


def card(source: Source) -> dict[str, str]:
    """What the head of a file says of the checkpoint that it was made of."""
    arch, measured = source.content["arch"], source.content["metrics"].get("test", {})
    changes = f" {source.changes.capitalize()}." if source.changes else ""
    return {
        "name": arch,
        "summary": archs.summary(arch) + changes,
        "checksum": source.checksum,
        "accuracy": f"{measured['accuracy']:.2%}" if "accuracy" in measured else "unknown",
    }


def require_same_bits(path: Path, found: np.ndarray, expected: np.ndarray) -> None:
    """Let pass integer logits (N, K) that are equal.

    Raises:
        DigitsError: some are not; it names the first tiles.
    """
    (wrong,) = np.nonzero((found != expected).any(axis=1))
    if len(wrong):
        raise DigitsError(
            f"{path.suffix}: {len(wrong):,} of {len(found):,} tiles differ from the NumPy "
            f"reference (test tiles {', '.join(map(str, wrong[:5]))}): not saved"
        )
