"""Where the time of an epoch goes, and how much of the machine's peak it uses.

    python benchmarks/steps.py best reader fast --output benchmarks/results/steps.json

A step's parts, medians of their runs; the evaluation after an epoch; FLOPs of forward and backward
pass as PyTorch counts them, against a large matrix product in the same number format and run.
"""

import argparse
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from support.command import run_main
from training import gigaflop_per_tile, matrix_peak

from digits import archs, checkpoint, data, device
from digits.data import Dataset, extras
from digits.data.augment import augment
from digits.data.extras import Extras
from digits.spec import data_dir
from digits.training.config import TrainConfig
from digits.training.loop import seed_step
from digits.training.ranks import Ranks
from digits.training.state import TrainingState
from digits.training.step import Engine

SAMPLE = 200  # tiles, by which it is found how many are added to each
PARTS = ("augmentation", "forward and backward", "update")


def measured(arch: str, dataset: Dataset, steps: int) -> dict[str, Any]:
    """Seconds of an epoch by its parts, and the share of the peak of forward and backward pass."""
    cpu = torch.device("cpu")
    config = TrainConfig.make({"arch": arch, "dataset": "mnist"})
    more = Extras(config.strokes, config.nondigits, config.hands, data_dir())
    per_tile = len(extras.extend(dataset.train[:SAMPLE], more, 0)) / SAMPLE
    tiles, batch = round(per_tile * len(dataset.train)), config.batch_size
    per_epoch = tiles // batch
    model = archs.create(arch, len(config.classes))
    state = TrainingState(model, config, per_epoch * config.epochs, device.autocast_dtype(cpu))
    engine = Engine(state, config, Ranks(), per_epoch * config.epochs)
    engine.warm_up(dataset.train[:batch])
    taken: dict[str, list[float]] = defaultdict(list)
    peak = matrix_peak(device.autocast_dtype(cpu))
    for step in range(steps):
        part = dataset.train[torch.randint(len(dataset.train), (batch,))]
        generator = seed_step(cpu, config.seed, step, Ranks())
        seconds = device.timer(cpu)
        images = augment(part.images, config.augment, generator)
        marks = [seconds()]
        engine.forward_backward(images, part.labels)
        marks.append(seconds())
        engine.update()
        marks.append(seconds())
        for name, start, end in zip(PARTS, [0.0, *marks], marks, strict=False):
            taken[name].append(end - start)
    seconds = device.timer(cpu)
    engine.evaluate(dataset.validation)
    parts = {name: per_epoch * statistics.median(taken[name]) for name in PARTS}
    parts["evaluation"] = seconds()
    speed = gigaflop_per_tile(config) * batch / statistics.median(taken["forward and backward"])
    return {"arch": arch, "tiles": tiles, "batch": batch, "epoch_s": sum(parts.values()),
            "parts_s": parts, "gflop_per_s": speed, "peak_gflop_per_s": peak,
            "share_of_peak": speed / peak}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archs", nargs="+", choices=archs.names(), metavar="ARCH")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    args = parser.parse_args()
    dataset = data.load("mnist")
    print(f"{torch.get_num_threads()} threads, {device.autocast_dtype(torch.device('cpu'))}")
    names = [*PARTS, "evaluation"]
    print(f"| `--arch` | epoch | {' | '.join(names)} | GFLOP/s | of the peak |")
    print(f"|---|---|{'---|' * len(names)}---|---|")
    rows = []
    for arch in args.archs:
        row = measured(arch, dataset, args.steps)
        rows.append(row)
        shares = [f"{row['parts_s'][name] / row['epoch_s']:.1%}" for name in names]
        print(
            f"| `{arch}` | {row['epoch_s']:.1f} s | {' | '.join(shares)} | "
            f"{row['gflop_per_s']:,.0f} of {row['peak_gflop_per_s']:,.0f} | "
            f"{row['share_of_peak']:.0%} |",
            flush=True,
        )
    if args.output:
        content = {"command": " ".join(sys.argv), "rows": rows}
        checkpoint.write_json(args.output, content)
    return 0


if __name__ == "__main__":
    run_main(main)
