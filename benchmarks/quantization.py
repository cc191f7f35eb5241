"""Measure what each format saves and costs, against float32 run eagerly in PyTorch.

    python benchmarks/quantization.py runs/*/model.pth     # default: the shipped checkpoints
    python benchmarks/quantization.py a.pth b.pth --output a.json --figure a.png

Each checkpoint is written in each format that can run here (calibrated on training tiles). Each
file is then loaded by a process of its own, and the processes take turns, `--repeats` times: one
tile on one thread (500 a repeat, in 20 turns), and 1,000 tiles a call on as many threads as PyTorch
takes (OMP_NUM_THREADS); `.c` and `.html` files always compute on one. At the end each process tells
its peak memory (of a `.c` file that of Python with the file in it; Node.js does not tell). For the
seconds from the start of a process to its first answer three more are started, of the formats that
`predict` reads. One that is so slow that its turns take over half a minute has fewer, and fewer
tiles a call. The table shows the median over the repeats and, in brackets, the lowest and highest.
"""

import argparse
import platform
import sys
from pathlib import Path
from typing import Any

import torch
from support.command import run_main

from digits import checkpoint, data, spec
from digits.evaluation import facts
from digits.optimization import artefact, benchmark


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoints", nargs="*", type=Path, help="default: the shipped ones")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--formats", nargs="+", choices=benchmark.FORMATS, help="default: all")
    parser.add_argument("--data_dir")
    parser.add_argument("--output", type=Path, help="write the results here as JSON")
    parser.add_argument("--figure", type=Path, help="draw them here")
    args = parser.parse_args()
    checkpoints = args.checkpoints or sorted(spec.pretrained_dir().glob("[!_]*.pth"))
    if not checkpoints:
        parser.error("there are no shipped checkpoints; name some")

    print(benchmark.head())
    rows = []
    for path in checkpoints:
        found, lacking = measure(path, args.formats or benchmark.FORMATS, args)
        print("\n".join(map(benchmark.line, found)), flush=True)
        for why in lacking:
            print(f"{path.stem}: {why}", file=sys.stderr)
        rows += found
    if args.output:
        libraries = ("torch", "torchao", "onnxruntime")
        machine = {"system": platform.system(), "processor": platform.machine()}
        content = {
            "machine": {**machine, "threads": {"one tile": 1, "batches": torch.get_num_threads()}},
            "versions": {name: facts.version_of(name) for name in libraries},
            "rows": rows,
        }
        checkpoint.write_json(args.output, content)
    if args.figure:
        draw(args.figure, rows)
    return 0


def measure(
    path: Path, formats: tuple[str, ...], args: argparse.Namespace
) -> tuple[list[dict[str, Any]], list[str]]:
    """A row a format, the first of eager float32, and why others lack."""
    config = checkpoint.load(path)["config"]
    dataset = data.load(config.get("dataset", "auto"), args.data_dir)
    tiles, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    calibration = artefact.calibration_tiles(dataset.train.images)
    found = benchmark.side_by_side(path, calibration, tiles, labels, formats, args.repeats)
    return [{"dataset": dataset.name, **row} for row in found[0]], found[1]


def draw(path: Path, rows: list[dict[str, Any]]) -> None:
    """Bars a format: what the table says, times eager float32 and as measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows, count = rows[::-1], rows[0]["threads"]["batch"]
    names = [f"{row['arch']} {row['format']}" for row in rows]
    panels = {
        "times eager float32, one tile, 1 thread": [_median(row, "faster") for row in rows],
        f"times eager float32, batches, {count} threads": [_median(r, "throughput") for r in rows],
        "ms a tile: p50 (bar), p95, p99": [_median(row, "one_tile_ms") for row in rows],
        "kB": [row["size_bytes"] / 1000 for row in rows],
        "s from start to first answer": [_median(row, "first_answer_s") for row in rows],
        "MB of memory at most": [row.get("peak_bytes", 0) / 1e6 for row in rows],
    }
    figure, grid = pyplot.subplots(2, 3, sharey=True, figsize=(14, 2 + 0.5 * len(rows)))
    for axis, (title, values) in zip(grid.flat, panels.items(), strict=True):
        axis.barh(names, values, color="#3b6ea5")
        axis.set_title(title, fontsize=10)
    for key, marker in (("p95_ms", "|"), ("p99_ms", "x")):
        grid.flat[2].plot([_median(row, key) for row in rows], names, marker, color="black")
    grid.flat[2].set_xscale("log")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def _median(row: dict[str, Any], key: str) -> float:
    """0 where it was not measured."""
    return float(row[key]["median"]) if key in row else 0.0


if __name__ == "__main__":
    run_main(main)
