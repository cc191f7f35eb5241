"""Accuracy, size and latency of every architecture: the frontier, from runs of the train command.

    python benchmarks/accuracy.py --seeds 3 base "best --ensemble 3"  # train what is not recorded
    python benchmarks/accuracy.py --latency                           # time the artefacts again
    python benchmarks/accuracy.py --figure docs/figures/frontier.png  # print the table, draw it

A row stands for the flags after `train --arch`. Runs lie in runs/accuracy/ and are resumed there;
their figures are recorded one by one in benchmarks/results/accuracy.json.
"""

import argparse
import json
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from support.command import run_main

from digits import archs, checkpoint, classifier, data
from digits.evaluation.style import figure
from digits.optimization import artefact
from digits.speed import race

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "benchmarks" / "results" / "accuracy.json"
RUNS = ROOT / "runs" / "accuracy"


def train(row: str, seed: int) -> dict[str, Any]:
    """One run of the train command, gone on with if it was broken off; its figures."""
    folder = RUNS / f"{re.sub(r'[^a-z0-9]+', '-', row)}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    if not list(folder.glob("runs/*/metrics.json")):
        begun = list(folder.glob("runs/*/**/state-*.pth"))
        fresh = [*shlex.split(f"--arch {row}"), "--dataset", "mnist", "--seed", str(seed)]
        flags = ["--resume"] if begun else fresh
        subprocess.run([sys.executable, ROOT / "src" / "train.py", *flags], cwd=folder, check=True)
    (metrics,) = folder.glob("runs/*/metrics.json")
    figures = json.loads(metrics.read_text())
    return {
        "row": row,
        "seed": seed,
        "test_accuracy": figures["test"]["accuracy"],
        "validation_accuracy": figures["validation"]["validation_accuracy"],
        "train_seconds": figures["train_seconds"],
    }


def weigh(row: str) -> dict[str, float]:
    """Parameters of a row's model, and of its artefacts size and latency, which do not depend on
    how it was trained: a tile through the int8 ONNX file and the checkpoint, one thread."""
    flags = shlex.split(f"--arch {row}")
    settings = dict(zip(flags[::2], flags[1::2], strict=True))
    arch = settings["--arch"]
    arguments: dict[str, Any] = {}
    if "--ensemble" in settings:
        arch, arguments = "ensemble", {"member": arch, "count": int(settings["--ensemble"])}
    model = archs.create(arch, **arguments)
    tiles = data.load("mnist").train.images
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "model.pth")
        content = checkpoint.pack(arch, model, arch_args=arguments)
        checkpoint.save(path, content)
        calibration = artefact.calibration_tiles(tiles)
        path.with_suffix(".onnx").write_bytes(artefact.build(content, ".onnx", calibration))
        pair = classifier.load(path), classifier.load(path.with_suffix(".onnx"))
        fp32, int8 = race(pair, tiles[:1000].numpy())
        return {
            "parameters": sum(p.numel() for p in model.parameters()),
            "int8_bytes": path.with_suffix(".onnx").stat().st_size,
            "fp32_ms": fp32.median_ms,
            "int8_ms": int8.median_ms,
        }


def table(runs: list[dict[str, Any]], sizes: dict[str, dict[str, float]]) -> str:
    """Markdown: a line for each row, the smallest model first."""
    lines = [
        "| `train --arch` | parameters | int8 | one tile, int8 | seeds | test accuracy | deviation "
        "| worst | validation |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted({run["row"] for run in runs}, key=lambda row: sizes[row]["parameters"]):
        tests = [run["test_accuracy"] for run in runs if run["row"] == row]
        validations = [run["validation_accuracy"] for run in runs if run["row"] == row]
        deviation = f"{statistics.stdev(tests):.2%}" if len(tests) > 1 else "-"
        size = sizes[row]
        lines.append(
            f"| `{row}` | {size['parameters']:,} | {size['int8_bytes'] / 1000:,.0f} kB "
            f"| {size['int8_ms']:.3f} ms | {len(tests)} | {statistics.mean(tests):.2%} "
            f"| {deviation} | {min(tests):.2%} | {statistics.mean(validations):.2%} |"
        )
    return "\n".join(lines)


def draw(path: Path, runs: list[dict[str, Any]], sizes: dict[str, dict[str, float]]) -> None:
    """Error against parameters and against latency: the mean of a row, a bar from best to worst."""
    with figure(path, 1, 2, (10, 4)) as axes:
        for axis, what, label in zip(
            axes[0],
            ("parameters", "int8_ms"),
            ("parameters", "milliseconds a tile, int8 ONNX, one thread"),
            strict=True,
        ):
            for row in dict.fromkeys(run["row"] for run in runs):
                errors = [100 - 100 * run["test_accuracy"] for run in runs if run["row"] == row]
                mean = statistics.mean(errors)
                spread = [[mean - min(errors)], [max(errors) - mean]]
                axis.errorbar(sizes[row][what], mean, spread, fmt="o", capsize=2, color="#3b6fb6")
                axis.annotate(
                    row, (sizes[row][what], mean), xytext=(5, 5), textcoords="offset points", size=8
                )
            axis.set(xscale="log", yscale="log", xlabel=label, ylabel="test error, %")
            axis.set_yticks([0.2, 0.3, 0.5, 1.0], ["0.2", "0.3", "0.5", "1.0"])
            if what == "int8_ms":
                axis.set_xticks([0.03, 0.05, 0.1, 0.2, 0.4], ["0.03", "0.05", "0.1", "0.2", "0.4"])
            axis.xaxis.set_minor_formatter("")
            axis.yaxis.set_minor_formatter("")
            axis.margins(x=0.18, y=0.12)
            axis.grid(alpha=0.25)
            axis.spines[["top", "right"]].set_visible(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", help="what follows `train --arch`")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--latency", action="store_true", help="measure every row again")
    parser.add_argument("--figure", type=Path, help="PNG file for the figure")
    args = parser.parse_args()
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {"runs": [], "sizes": {}}
    runs, sizes = record["runs"], record["sizes"]
    for row in args.rows:
        for seed in range(args.seeds):
            if any((run["row"], run["seed"]) == (row, seed) for run in runs):
                continue
            runs.append(train(row, seed))
            checkpoint.write_json(RECORD, record)
    for row in {run["row"] for run in runs}:
        if args.latency or row not in sizes:
            sizes[row] = weigh(row)
    checkpoint.write_json(RECORD, record)
    print(table(runs, sizes))
    if args.figure:
        draw(args.figure, runs, sizes)


if __name__ == "__main__":
    run_main(main)
