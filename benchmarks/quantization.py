"""Measure what each format saves and costs, against float32 run eagerly in PyTorch.

    python benchmarks/quantization.py runs/*/model.pth     # default: the shipped checkpoints
    python benchmarks/quantization.py a.pth b.pth --output a.json --figure a.png

Each checkpoint is written in each format that can run here (calibrated on training tiles); then all
take turns in one process, `--repeats` times: one tile on one PyTorch thread, and 1,000 tiles. Each
is also started in a process of its own: seconds to the first answer, and that process's peak
memory. `.c` and `.html` files are programs of their own and are not started. The table shows the
median over the repeats and, in brackets, their lowest and highest.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from support.command import run_main

from digits import checkpoint, classifier, data, spec
from digits.errors import DigitsError
from digits.optimization import artefact, benchmark, integer_file, parity
from digits.optimization.source import Source
from digits.speed import Speed, race

STARTED = (".pth", ".onnx", ".pt2")  # suffixes that `digits.classifier` loads
START = """
import sys, numpy
from digits import classifier
classifier.load(sys.argv[1])(numpy.zeros((1, 1, 28, 28), numpy.uint8))
status = open("/proc/self/status").read()  # Linux; getrusage counts the parent's memory in
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""
COLUMNS = (
    "model", "format", "size", "accuracy", "lost", "one tile p50, p95, p99", "faster",
    "tiles/s at 1,000", "faster", "first answer", "peak memory",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoints", nargs="*", type=Path, help="default: the shipped ones")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--formats", nargs="+", choices=benchmark.FORMATS, help="default: all")
    parser.add_argument("--data_dir")
    parser.add_argument("--output", type=Path, help="write the results here as JSON")
    parser.add_argument("--figure", type=Path, help="draw them here")
    args = parser.parse_args()
    checkpoints = args.checkpoints or sorted(spec.pretrained_dir().glob("*.pth"))
    if not checkpoints:
        parser.error("there are no shipped checkpoints; name some")

    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    rows = []
    for path in checkpoints:
        found = measure(path, args.formats or benchmark.FORMATS, args.repeats, args.data_dir)
        print("\n".join(map(line, found)), flush=True)
        rows += found
    if args.output:
        libraries = ("torch", "torchao", "onnxruntime")
        machine = {"system": platform.system(), "processor": platform.machine()}
        content = {
            "machine": {**machine, "threads": {"one tile": 1, "batches": torch.get_num_threads()}},
            "versions": {name: version(name) for name in libraries},
            "rows": rows,
        }
        checkpoint.write_json(args.output, content)
    if args.figure:
        draw(args.figure, rows)
    return 0


def measure(
    path: Path, formats: tuple[str, ...], repeats: int, data_dir: str | None
) -> list[dict[str, Any]]:
    """A row a format, the first of eager float32: the figures of every repeat, as plain data."""
    content = checkpoint.load(path)
    dataset = data.load(content["config"].get("dataset", "auto"), data_dir)
    tiles, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    calibration = artefact.calibration_tiles(dataset.train.images)
    source, models = Source.of(content), [classifier.load(path)]
    with tempfile.TemporaryDirectory() as folder:
        for name in formats:
            trial = Path(folder) / name
            tiles_for = calibration if trial.stem == "int8" else None
            half = trial.stem == "float16"
            try:
                if not integer_file.missing(trial.suffix):
                    made, _ = artefact.make(source, trial, tiles_for, tiles, half=half)
                    models.append(made)
            except DigitsError as error:
                print(f"{path.stem}: {name}: {error}", file=sys.stderr)
        figures = parity.compare(models, tiles, labels)
        starts = [start(model.path) if model.path.suffix in STARTED else {} for model in models]
        races = [race(models, tiles) for _ in range(repeats)]
    return [
        {
            "arch": content["arch"],
            "dataset": dataset.name,
            "format": models[i].path.name if i else "float32, eager",
            "size_bytes": figures[i].size_bytes,
            "accuracy": figures[i].accuracy,
            "lost": figures[0].accuracy - figures[i].accuracy,
            **speeds([(speeds_of[0], speeds_of[i]) for speeds_of in races]),
            **starts[i],
        }
        for i in range(len(models))
    ]


def speeds(pairs: list[tuple[Speed, Speed]]) -> dict[str, Any]:
    """Of float32 and another format, measured in the same turns."""
    return {
        "one_tile_ms": spread([one.median_ms for _, one in pairs]),
        "p95_ms": spread([one.tail_ms[0] for _, one in pairs]),
        "p99_ms": spread([one.tail_ms[1] for _, one in pairs]),
        "faster": spread([fp32.median_ms / one.median_ms for fp32, one in pairs]),
        "tiles_per_s": spread([one.tiles_per_s for _, one in pairs]),
        "throughput": spread([one.tiles_per_s / fp32.tiles_per_s for fp32, one in pairs]),
    }


def start(path: Path, times: int = 3) -> dict[str, Any]:
    """Seconds from the start of a process to its first answer, and that process's peak memory."""
    seconds = []
    for _ in range(times):
        since = time.perf_counter()
        command = [sys.executable, "-c", START, str(path)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds.append(time.perf_counter() - since)
    return {"first_answer_s": spread(seconds), "peak_bytes": int(printed)}


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest of the repeats, to four digits."""
    of = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{value:.4g}") for name, value in of.items()}


def line(row: dict[str, Any]) -> str:
    """A row of the Markdown table."""
    tail = [row[key]["median"] for key in ("one_tile_ms", "p95_ms", "p99_ms")]
    first = f"{row['first_answer_s']['median']:.2f} s" if "first_answer_s" in row else "-"
    peak = f"{row['peak_bytes'] / 1e6:,.0f} MB" if "peak_bytes" in row else "-"
    cells = [
        row["arch"], row["format"], f"{row['size_bytes'] / 1000:,.0f} kB",
        f"{row['accuracy']:.2%}", f"{100 * row['lost']:+.2f} pt",
        ", ".join(f"{ms:.3f}" for ms in tail) + " ms", times_in_words(row["faster"]),
        f"{row['tiles_per_s']['median']:,.0f}", times_in_words(row["throughput"]), first, peak,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def times_in_words(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.1f}x ({ratio['min']:.1f}-{ratio['max']:.1f})"


def draw(path: Path, rows: list[dict[str, Any]]) -> None:
    """Bars: how many times as fast as eager float32 each format is, one tile and 1,000."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if row["format"] != "float32, eager"][::-1]
    figure, axes = pyplot.subplots(1, 2, sharey=True, figsize=(9, 1 + 0.25 * len(rows)))
    names = [f"{row['arch']} {row['format']}" for row in rows]
    panels = {"faster": "one tile", "throughput": "1,000 tiles"}
    for axis, (key, title) in zip(axes, panels.items(), strict=True):
        axis.barh(names, [row[key]["median"] for row in rows], color="#3b6ea5")
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_title(f"{title}, times eager float32")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    run_main(main)
