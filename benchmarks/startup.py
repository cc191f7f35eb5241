"""Seconds from the shell to the end of `digits predict`: help, and one picture with each format.

python benchmarks/startup.py --times 10        # prints a table
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

from support.command import run_main
from support.environments import ROOT, cpu_seconds

PRETRAINED = ROOT / "models" / "pretrained"
ONNX, CHECKPOINT = PRETRAINED / "reader.onnx", PRETRAINED / "reader.pth"
TILE, ROW = ROOT / "test_images" / "small.png", ROOT / "test_images" / "number.png"
COMMANDS = {
    "`--help`": ["--help"],
    "one digit, `reader.onnx`": ["--image", TILE, "--model", ONNX],
    "a number, `reader.onnx`": ["--image", ROW, "--model", ONNX],
    "one digit, `reader.pth`": ["--image", TILE, "--model", CHECKPOINT],
    "a number, `reader.pth`": ["--image", ROW, "--model", CHECKPOINT],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=10, help="(default: %(default)s)")
    times = parser.parse_args().times
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(times + 1):  # in turns; the first, which fills the disk's cache, is left out
        for name, flags in COMMANDS.items():
            seconds[name].append(_seconds(flags))
    print("| `digits predict` | median | least to most | CPU time |\n|---|---|---|---|")
    for name, (_, *found) in seconds.items():
        clock, cpu = zip(*found, strict=True)
        spread = f"{min(clock):.2f} to {max(clock):.2f} s"
        print(
            f"| {name} | {statistics.median(clock):.2f} s | {spread} "
            f"| {statistics.median(cpu):.2f} s |"
        )


def _seconds(flags: list[object]) -> tuple[float, float]:
    """Of the clock, and of CPU time, which other work on the machine changes less."""
    command = [sys.executable, "-m", "digits", "predict", *map(str, flags)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    since, spent = time.perf_counter(), cpu_seconds()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - since, cpu_seconds() - spent


if __name__ == "__main__":
    run_main(main)
