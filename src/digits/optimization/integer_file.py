"""A checkpoint as a file of integer arithmetic, run as its users will run it, and held to its
reference in NumPy bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
from digits.spec import CLASSES

PROOF_TILES = 1000


@dataclass(frozen=True)
class Format:
    """How a format is written, what runs it (None where nothing here can), where the program for
    that lies, and what it is called."""

    write: Callable[[IntegerModel, dict[str, str], dict[str, float]], bytes]
    load: Callable[[Path, int], Run | None]
    tool: Callable[[], str | None]
    needs: str


FORMATS = {
    ".c": Format(c_file.c_bytes, c_program.load, c_program.compiler, c_program.NEEDS),
    ".html": Format(html_file.html_bytes, html_program.load, html_program.node, html_program.NEEDS),
}


def missing(suffix: str) -> str:
    """What a file of this suffix needs to be run and is not here; "" where nothing is."""
    kind = FORMATS.get(suffix)
    return kind.needs if kind and kind.tool() is None else ""


def make(
    source: Source, path: Path, calibration: Tensor, tiles: np.ndarray, bits: int = 8
) -> tuple[Classifier, list[str]]:
    """Write a source to `path`, with weights of so many bits; what answers with it, and lines on
    cost and proof.

    Calibrated on training tiles (M, 1, 28, 28) uint8, proved on the first `PROOF_TILES` of `tiles`.

    Raises:
        DigitsError: the model has no integer form, or the file answers otherwise than it.
    """
    kind, whole = FORMATS[path.suffix], integers(source, calibration, bits)
    path.write_bytes(kind.write(whole, card(source), source.content["thresholds"]))
    run, proof = kind.load(path, len(whole.head_bias)), tiles[:PROOF_TILES]
    if run is None:
        said = f"not run: needs {kind.needs}; the figures are those of its NumPy reference"
    else:
        require_same_bits(path, run(proof), integer.logits(whole, proof))
        said = f"equals its NumPy reference bit for bit on {len(proof):,} test tiles"
    answer = run or (lambda batch: integer.logits(whole, batch))
    classifier = Classifier(
        lambda batch: answer(batch) * whole.scale,
        path,
        tuple(source.content["classes"]),
        whole.temperature,
    )
    return classifier, [f"{path.suffix}: {c_file.costs(whole)}", f"{path.suffix}: {said}"]


def integers(source: Source, calibration: Tensor, bits: int = 8) -> IntegerModel:
    """The integer form of a source, with weights of so many bits.

    Raises:
        DigitsError: it has none, or does not read digits, which these formats say that they do.
    """
    if tuple(source.content["classes"][: len(CLASSES)]) != CLASSES:
        raise DigitsError(f"{' and '.join(FORMATS)} files read digits; try .onnx")
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
