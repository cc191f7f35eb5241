"""A checkpoint in every format that can run here, measured side by side against eager float32."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from digits import checkpoint, classifier, metrics
from digits.errors import DigitsError
from digits.extras import needs
from digits.optimization import artefact, integer_file, worker
from digits.optimization.artefact import Made
from digits.optimization.source import Source
from digits.speed import Speed

FORMATS = (
    "float32.onnx", "float16.onnx", "int8.onnx", "float32.pt2", "int8.pt2", "int8.c", "int8.html",
    "int8.pte", "int8.tflite",
)  # fmt: skip
REPEATS = 3
STARTED = (".pth", ".onnx", ".pt2")  # suffixes that `digits.classifier` loads
START = """
import sys, numpy
from digits import classifier
model = classifier.load(sys.argv[1])
model(numpy.zeros((1, *model.shape), numpy.uint8))
"""
COLUMNS = (
    "model", "format", "size", "accuracy", "lost", "one tile p50, p95, p99", "faster",
    "tiles/s in batches", "faster", "threads", "first answer", "peak memory",
)  # fmt: skip
Row = dict[str, Any]


def side_by_side(
    path: Path,
    calibration: Tensor,
    tiles: np.ndarray,
    labels: np.ndarray,
    formats: Sequence[str] = FORMATS,
    repeats: int = REPEATS,
) -> tuple[list[Row], list[str]]:
    """A row of plain data a format, the first of the checkpoint at `path`, eager; and why others
    lack. All take turns, `repeats` times, each in a process of its own.

    Calibrated on training tiles (M, 1, 28, 28) uint8, measured on test tiles (N, 1, 28, 28) uint8.

    Raises:
        DigitsError: a process ended early.
    """
    source = Source.of(checkpoint.load(path))
    with tempfile.TemporaryDirectory() as folder:
        made, lacking = _all_made(source, Path(folder), formats, calibration, tiles)
        eager = Made(classifier.load(path), [])
        paths = [one.classifier.path for one in (eager, *made)]
        shared = Path(folder) / "tiles.npy"
        np.save(shared, tiles)
        races, peaks = worker.races(paths, shared, source.content["classes"], repeats)
        starts = [start(one) if one.suffix in STARTED else {} for one in paths]
        costs = [_costs(one, tiles, labels) for one in (eager, *made)]
    rows = [
        {
            "arch": source.content["arch"],
            "format": "float32, eager" if one is paths[0] else one.name,
            **costs[i],
            "lost": costs[0]["accuracy"] - costs[i]["accuracy"],
            **speeds([(race[0], race[i]) for race in races]),
            "threads": threads(one.suffix, races[0][i]),
            **starts[i],
            **({"peak_bytes": peaks[i]} if peaks[i] and one.suffix != ".html" else {}),
        }
        for i, one in enumerate(paths)
    ]
    return rows, lacking


def _all_made(
    source: Source, folder: Path, formats: Sequence[str], calibration: Tensor, tiles: np.ndarray
) -> tuple[list[Made], list[str]]:
    """The artefacts that can be made and run here, and lines on why others lack."""
    made, lacking = [], []
    for name in formats:
        trial = folder / name
        missing = integer_file.missing(trial.suffix)
        if missing:
            lacking.append(f"{name}: not run: needs {missing}")
            continue
        tiles_for = calibration if trial.stem == "int8" else None
        half = trial.stem == "float16"
        try:
            made.append(artefact.make(source, trial, tiles_for, tiles, half=half))
        except DigitsError as error:
            lacking.append(f"{name}: {error}")
        except ModuleNotFoundError as error:
            lacking.append(f"{name}: {needs(str(error.name), 'optimize')}")
    return made, lacking


def _costs(one: Made, tiles: np.ndarray, labels: np.ndarray) -> Row:
    logits = one.classifier(tiles) if one.logits is None else one.logits
    size = one.classifier.path.stat().st_size
    return {"size_bytes": size, "accuracy": metrics.accuracy(logits, labels)}


def speeds(pairs: list[tuple[Speed, Speed]]) -> Row:
    """Of float32 and another format, measured in the same turns."""
    return {
        "one_tile_ms": spread([one.median_ms for _, one in pairs]),
        "p95_ms": spread([one.tail_ms[0] for _, one in pairs]),
        "p99_ms": spread([one.tail_ms[1] for _, one in pairs]),
        "faster": spread([fp32.median_ms / one.median_ms for fp32, one in pairs]),
        "tiles_per_s": spread([one.tiles_per_s for _, one in pairs]),
        "throughput": spread([one.tiles_per_s / fp32.tiles_per_s for fp32, one in pairs]),
        "batch": min(one.batch for _, one in pairs),
    }


def threads(suffix: str, speed: Speed) -> dict[str, int]:
    """That computed one tile, and batches: files of integers are programs of one thread."""
    return {"one_tile": 1, "batch": 1 if suffix in integer_file.FORMATS else speed.threads}


def start(path: Path, times: int = 3) -> Row:
    """Seconds from the start of a process to its first answer."""
    command, environment = worker.python(START, str(path))
    seconds = []
    for _ in range(times):
        since = time.perf_counter()
        subprocess.run(command, env=environment, check=True)
        seconds.append(time.perf_counter() - since)
    return {"first_answer_s": spread(seconds)}


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest of the repeats, to four digits."""
    of = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{value:.4g}") for name, value in of.items()}


def head() -> str:
    """The first two lines of the Markdown table."""
    return f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"


def line(row: Row) -> str:
    """A row of the Markdown table."""
    tail = [row[key]["median"] for key in ("one_tile_ms", "p95_ms", "p99_ms")]
    first = f"{row['first_answer_s']['median']:.2f} s" if "first_answer_s" in row else "-"
    peak = f"{row['peak_bytes'] / 1e6:,.0f} MB" if "peak_bytes" in row else "-"
    cells = [
        row["arch"], row["format"], f"{row['size_bytes'] / 1000:,.0f} kB",
        f"{row['accuracy']:.2%}", f"{100 * row['lost']:+.2f} pt",
        ", ".join(f"{ms:.3f}" for ms in tail) + " ms", _times(row["faster"]),
        f"{row['tiles_per_s']['median']:,.0f} ({row['batch']:,} a call)",
        _times(row["throughput"]), "{one_tile}, {batch}".format(**row["threads"]), first, peak,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _times(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.1f}x ({ratio['min']:.1f}-{ratio['max']:.1f})"
