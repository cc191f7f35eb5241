"""Measure what int8 artefacts save and cost, against fp32 run eagerly in PyTorch.

    python benchmarks/quantization.py runs/*/model.pth     # default: the shipped checkpoints
    python benchmarks/quantization.py a.pth b.pth --output benchmarks/results/quantization.json

Each checkpoint is quantized into each format (calibrated on training tiles); then both are timed,
taking turns, `--repeats` times. One tile goes through `Classifier` on one PyTorch thread; the table
shows the median over the repeats and, in brackets, their lowest and highest.
"""

import argparse
import platform
import statistics
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from support.command import run_main

from digits import checkpoint, classifier, data, spec
from digits.optimization import artefact, parity
from digits.speed import race

FORMATS = {".onnx": "ONNX Runtime, QDQ", ".pt2": "PyTorch program, PT2E"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoints", nargs="*", type=Path, help="default: the shipped ones")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--data_dir")
    parser.add_argument("--output", type=Path, help="write the results here as JSON")
    args = parser.parse_args()
    checkpoints = args.checkpoints or sorted(spec.pretrained_dir().glob("*.pth"))
    if not checkpoints:
        parser.error("there are no shipped checkpoints; name some")

    print(
        "| model | int8 format | size | of fp32 | accuracy fp32 | int8 | lost "
        "| one tile fp32 | int8 | faster | tiles/s |\n" + "|---" * 11 + "|"
    )
    rows = []
    for path in checkpoints:
        for suffix in FORMATS:
            rows.append(measure(path, suffix, args.repeats, args.data_dir))
            print(line(rows[-1]), flush=True)
    if args.output:
        libraries = ("torch", "torchao", "onnxruntime")
        content = {
            "machine": {"system": platform.system(), "processor": platform.machine()},
            "versions": {name: version(name) for name in libraries},
            "rows": rows,
        }
        checkpoint.write_json(args.output, content)
    return 0


def measure(path: Path, suffix: str, repeats: int, data_dir: str | None) -> dict[str, Any]:
    """One row: the figures of every repeat of one checkpoint in one format, as plain data."""
    content = checkpoint.load(path)
    dataset = data.load(content["config"].get("dataset", "auto"), data_dir)
    tiles, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    calibration = artefact.calibration_tiles(dataset.train.images)
    with tempfile.TemporaryDirectory() as folder:
        int8 = Path(folder) / f"int8{suffix}"
        int8.write_bytes(artefact.build(content, suffix, calibration))
        before, after = classifier.load(path), classifier.load(int8)
        figures = parity.compare([before, after], tiles, labels)
        races = [race([before, after], tiles) for _ in range(repeats)]
    return {
        "arch": content["arch"],
        "dataset": dataset.name,
        "format": FORMATS[suffix],
        "size_bytes": {"fp32": figures[0].size_bytes, "int8": figures[1].size_bytes},
        "accuracy": {"fp32": figures[0].accuracy, "int8": figures[1].accuracy},
        "fp32_ms": spread([fp32.median_ms for fp32, _ in races]),
        "int8_ms": spread([int8.median_ms for _, int8 in races]),
        "faster": spread([fp32.median_ms / int8.median_ms for fp32, int8 in races]),
        "throughput": spread([int8.tiles_per_s / fp32.tiles_per_s for fp32, int8 in races]),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest of the repeats, to four digits."""
    of = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: float(f"{value:.4g}") for name, value in of.items()}


def line(row: dict[str, Any]) -> str:
    """A row of the Markdown table."""
    size, accuracy, ms, faster = (row[k] for k in ("size_bytes", "accuracy", "int8_ms", "faster"))
    return (
        f"| {row['arch']} | {row['format']} | {size['int8'] / 1000:,.0f} kB "
        f"| {size['int8'] / size['fp32']:.0%} "
        f"| {accuracy['fp32']:.2%} | {accuracy['int8']:.2%} "
        f"| {100 * (accuracy['fp32'] - accuracy['int8']):+.2f} pt "
        f"| {row['fp32_ms']['median']:.3f} ms "
        f"| {ms['median']:.3f} ms ({ms['min']:.3f}-{ms['max']:.3f}) "
        f"| {faster['median']:.1f}x ({faster['min']:.1f}-{faster['max']:.1f}) "
        f"| {row['throughput']['median']:.1f}x |"
    )


if __name__ == "__main__":
    run_main(main)
