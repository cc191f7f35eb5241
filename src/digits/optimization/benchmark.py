"""A checkpoint in every format that can run here, measured side by side."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from digits import checkpoint, classifier
from digits.errors import DigitsError
from digits.optimization import artefact, integer_file, parity
from digits.optimization.parity import Figures
from digits.optimization.source import Source

FORMATS = (
    "float32.onnx", "float16.onnx", "int8.onnx", "float32.pt2", "int8.pt2", "int8.c", "int8.html",
    "int8.pte", "int8.tflite",
)  # fmt: skip


def side_by_side(
    path: Path, calibration: Tensor, tiles: np.ndarray, labels: np.ndarray
) -> tuple[list[Figures], list[str]]:
    """The figures of the checkpoint at `path`, first, and of each format; and why others lack.

    Calibrated on training tiles (M, 1, 28, 28) uint8, measured on test tiles (N, 1, 28, 28) uint8.
    """
    source = Source.of(checkpoint.load(path))
    models, lacking = [classifier.load(path)], []
    with tempfile.TemporaryDirectory() as folder:
        for name in FORMATS:
            trial = Path(folder) / name
            missing = integer_file.missing(trial.suffix)
            if missing:
                lacking.append(f"{name}: not run: needs {missing}")
                continue
            tiles_for = calibration if trial.stem == "int8" else None
            half = trial.stem == "float16"
            try:
                models.append(artefact.make(source, trial, tiles_for, tiles, half=half)[0])
            except DigitsError as error:
                lacking.append(f"{name}: {error}")
        figures = parity.compare(models, tiles, labels)
    return [replace(f, name=m.path.name) for f, m in zip(figures, models, strict=True)], lacking
