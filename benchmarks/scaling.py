"""How much faster two processes train than one, each with one thread, in turns.

python benchmarks/scaling.py --rounds 3
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from support.command import run_main

TRAIN = Path(__file__).parents[1] / "src" / "train.py"
FLAGS = "--arch cnn6 --dataset mnist --epochs 1 --batch_size 256 --cpu".split()  # noqa: SIM905


def train_seconds(processes: int) -> float:
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    command = [sys.executable, *(launcher if processes > 1 else []), str(TRAIN), *FLAGS]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
        (metrics,) = Path(folder).glob("runs/*/metrics.json")
        return float(json.loads(metrics.read_text())["train_seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    pairs = [(train_seconds(1), train_seconds(2)) for _ in range(rounds)]
    speedups = [one / two for one, two in pairs]
    for name, seconds in zip(("one", "two"), zip(*pairs, strict=True), strict=True):
        median = statistics.median(seconds)
        print(f"{name}: median {median:.1f} s ({min(seconds):.1f}..{max(seconds):.1f})")
    middle = statistics.median(speedups)
    print(f"speed-up {middle:.2f} ({min(speedups):.2f}..{max(speedups):.2f})", end=", ")
    print(f"efficiency {middle / 2:.0%}")


if __name__ == "__main__":
    run_main(main)
