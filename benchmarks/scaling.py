"""How much faster several processes train than one, each with one thread, in turns.

    python benchmarks/scaling.py --rounds 3
    python benchmarks/scaling.py --arch cnn3 --processes 2 4

More processes than cores show what sharing costs: they cannot be faster than as many as cores.
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
FLAGS = "--dataset mnist --epochs 1 --batch_size 256 --cpu".split()  # noqa: SIM905


def train_seconds(arch: str, processes: int) -> float:
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    command = [sys.executable, *(launcher if processes > 1 else []), str(TRAIN), *FLAGS]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(
            [*command, "--arch", arch], cwd=folder, env=environment, capture_output=True, check=True
        )
        (metrics,) = Path(folder).glob("runs/*/metrics.json")
        return float(json.loads(metrics.read_text())["train_seconds"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--arch", default="cnn6")
    parser.add_argument("--processes", type=int, nargs="+", default=[2])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    counts = [1, *args.processes]
    taken = [[train_seconds(args.arch, count) for count in counts] for _ in range(args.rounds)]
    print("| processes | training, s | speed-up | efficiency |\n|---|---|---|---|")
    for place, count in enumerate(counts):
        seconds = [one[place] for one in taken]
        speedups = [one[0] / one[place] for one in taken]
        middle = statistics.median(speedups)
        print(
            f"| {count} | {statistics.median(seconds):.1f} ({min(seconds):.1f}..{max(seconds):.1f})"
            f" | {middle:.2f} ({min(speedups):.2f}..{max(speedups):.2f}) | {middle / count:.0%} |"
        )


if __name__ == "__main__":
    run_main(main)
