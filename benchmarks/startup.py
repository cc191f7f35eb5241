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
from support.environments import ROOT

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
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(times + 1):  # in turns; the first, which fills the disk's cache, is left out
        for name, flags in COMMANDS.items():
            seconds[name].append(_seconds(flags))
    print("| `digits predict` | median | least to most |\n|---|---|---|")
    for name, (_, *found) in seconds.items():
        spread = f"{min(found):.2f} to {max(found):.2f} s"
        print(f"| {name} | {statistics.median(found):.2f} s | {spread} |")


def _seconds(flags: list[object]) -> float:
    command = [sys.executable, "-m", "digits", "predict", *map(str, flags)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    since = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - since


if __name__ == "__main__":
    run_main(main)
