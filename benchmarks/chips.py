"""What the C file of a model needs of a chip: flash and RAM, cross-built for several.

    pip install ziglang                            # a C compiler (clang) for all of them
    python benchmarks/chips.py micro tiny          # default: these two

Each file is built with -Os and with every warning an error; flash is code, constants and tables,
RAM what is static (the stack is not in it). `size` of binutils measures. Nothing is run.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from support.command import run_main

from digits import checkpoint, data, spec
from digits.optimization import artefact, c_file, integer_file
from digits.optimization.source import Source

TARGETS = {
    "Cortex-M0+": ["thumb-linux-musleabi", "-mcpu=cortex_m0plus"],
    "Cortex-M4": ["thumb-linux-musleabihf", "-mcpu=cortex_m4"],
    "RV32EC": ["riscv32-linux-musl", "-mcpu=generic_rv32+e+c"],
    "RV32IMC": ["riscv32-linux-musl", "-mcpu=generic_rv32+m+c"],
}
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"]
FLAGS = ["-std=c99", "-Os", "-fno-sanitize=undefined", *WARNINGS, "-c"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=["micro", "tiny"], help="shipped models")
    parser.add_argument("--data_dir")
    args = parser.parse_args()
    if importlib.util.find_spec("ziglang") is None:
        parser.error("there is no cross-compiler: pip install ziglang")
    calibration = artefact.calibration_tiles(data.load("mnist", args.data_dir).train.images)
    print("| model | tables | " + " | ".join(f"{name}: flash, RAM" for name in TARGETS) + " |")
    print("|---" * (2 + len(TARGETS)) + "|")
    for name in args.models:
        source = Source.of(checkpoint.load(spec.pretrained_dir() / f"{name}.pth"))
        whole = integer_file.integers(source, calibration)
        file = c_file.c_bytes(whole, integer_file.card(source), source.content["thresholds"])
        cells = ["{:,}, {:,}".format(*needs(file, target)) for target in TARGETS.values()]
        print(f"| `{name}` | {c_file.constant_bytes(whole):,} | {' | '.join(cells)} |", flush=True)
    return 0


def needs(file: bytes, target: list[str]) -> tuple[int, int]:
    """Bytes of flash and of RAM of a C file that is built for a target."""
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder) / "digits.c", Path(folder) / "digits.o"
        source.write_bytes(file)
        compiler = [sys.executable, "-m", "ziglang", "cc", "-target"]
        subprocess.run([*compiler, *target, *FLAGS, source, "-o", built], check=True)
        printed = subprocess.run(["size", built], capture_output=True, text=True, check=True)
    text, initialised, zeroed = map(int, printed.stdout.splitlines()[1].split()[:3])
    return text + initialised, initialised + zeroed


if __name__ == "__main__":
    run_main(main)
