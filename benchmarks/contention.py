"""How much longer training and bulk reading take beside other busy programs, by how threads wait.

python benchmarks/contention.py --rounds 3 --output benchmarks/results/contention.json
python benchmarks/contention.py --ways "as it is" "short waits" "one thread"    # to choose

Beside: one program that is always busy on each core. All in turns: alone and beside, each way.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.command import run_main

from digits import checkpoint
from digits.threads import CHOSEN_BY_USER

SOURCE = Path(__file__).parents[1] / "src"
WAYS = {  # settings of OpenMP; without any the toolkit chooses
    "as PyTorch does": {"GOMP_SPINCOUNT": "300000"},
    "as it is": {},
    "short waits": {"GOMP_SPINCOUNT": "1000"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
PARTS = ("fast", "best", "bulk")
PER_DIGIT = 200  # tiles that are read in bulk


def _busy() -> None:
    while True:
        pass


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    others = [multiprocessing.Process(target=_busy, daemon=True) for _ in range(count)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.join()


def trained(*flags: str) -> Callable[[dict[str, str]], float]:
    """Seconds of training alone, as the run tells."""

    def seconds(environment: dict[str, str]) -> float:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(SOURCE / "train.py"), "--dataset", "mnist", "--cpu"]
            subprocess.run(
                [*command, *flags], cwd=folder, env=environment, capture_output=True, check=True
            )
            (metrics,) = Path(folder).glob("runs/*/metrics.json")
            return float(json.loads(metrics.read_text())["train_seconds"])

    return seconds


def read_in_bulk(tiles: Path) -> Callable[[dict[str, str]], float]:
    """Seconds of the whole command."""

    def seconds(environment: dict[str, str]) -> float:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(SOURCE / "predict.py"), "--image", str(tiles)]
            start = time.perf_counter()
            subprocess.run(
                [*command, "--output", f"{folder}/answers.csv"],
                env=environment, capture_output=True, check=True,
            )  # fmt: skip
            return time.perf_counter() - start

    return seconds


def environment(way: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in CHOSEN_BY_USER} | WAYS[way]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS)[:2])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    args = parser.parse_args()
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        made = {
            "fast": trained("--preset", "fast"),
            "best": trained("--arch", "best", "--epochs", "1"),
            "bulk": read_in_bulk(Path(folder)),
        }
        if "bulk" in args.only:
            command = [sys.executable, str(SOURCE.parent / "extract_mnist_images.py")]
            subprocess.run(
                [*command, "--per_digit", str(PER_DIGIT), "--output", folder],
                capture_output=True, check=True,
            )  # fmt: skip
        lines = []
        print("| what | threads | alone, s | beside, s | beside / alone |\n|---|---|---|---|---|")
        for name in args.only:
            alone: dict[str, list[float]] = {way: [] for way in args.ways}
            beside: dict[str, list[float]] = {way: [] for way in args.ways}
            for _ in range(args.rounds):
                for way in args.ways:
                    alone[way].append(made[name](environment(way)))
                    with busy_cores(cores):
                        beside[way].append(made[name](environment(way)))
            for way in args.ways:
                free, shared = (statistics.median(s[way]) for s in (alone, beside))
                ratio = statistics.median(
                    b / a for a, b in zip(alone[way], beside[way], strict=True)
                )
                lines.append({"what": name, "way": way, "alone": free, "beside": shared,
                              "ratio": ratio})  # fmt: skip
                print(f"| {name} | {way} | {free:.2f} | {shared:.2f} | {ratio:.1f} |", flush=True)
    if args.output:
        content = {"command": " ".join(sys.argv), "cores": cores, "rows": lines}
        checkpoint.write_json(args.output, content)
    return 0


if __name__ == "__main__":
    run_main(main)
