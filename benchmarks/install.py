"""What pip installs, how large it is and how long it takes: the light install, the whole, peers.

python benchmarks/install.py --only light --python 3.12    # prints a row of a table
python benchmarks/install.py        # all: 15 GB are downloaded; nothing stays on the disk

Seconds are those of `pip install` with its downloads, the CPU time in them, which other work on the
machine changes less, and those of `digits predict` to its answer.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from support.command import run_main
from support.environments import (
    ROOT,
    build_wheel,
    cpu_seconds,
    create,
    outside,
    pythons,
    size_bytes,
)

from digits.errors import DigitsError

OURS = {
    "light": ["{wheel}"], "serve": ["{wheel}[serve]"],
    "whole": ["--requirement", str(ROOT / "requirements.txt"), "{wheel}"],
}  # fmt: skip
PEERS = {name: [name] for name in ("ultralytics", "easyocr", "python-doctr", "tensorflow")}
NUMBER = ROOT / "test_images" / "number.png"
HEAD = (
    "| install | Python | packages | size | with bytecode | `pip install` | CPU | first answer |\n"
    "|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [*OURS, *PEERS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    known = pythons()
    parser.add_argument("--python", nargs="+", choices=known, default=[max(known, key=_minor)])
    args = parser.parse_args()
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        for name in args.only:
            packages = [part.format(wheel=wheel) for part in (OURS | PEERS)[name]]
            for version in args.python:
                print(_row(name, version, known[version], packages), flush=True)


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def _row(name: str, version: str, python: Path, packages: list[str]) -> str:
    """A line of the table, of an environment that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        since, spent = time.perf_counter(), cpu_seconds()
        try:
            environment = create(Path(folder) / "env", python, "--no-cache-dir", *packages)
        except subprocess.CalledProcessError:
            raise DigitsError(f"{name}: pip did not install it; see above") from None
        seconds, cpu = time.perf_counter() - since, cpu_seconds() - spent
        brought, whole = size_bytes(environment)
        count = len(list(environment.glob("lib/python3*/site-packages/*.dist-info")))
        first = f"{_first_answer(environment):.2f} s" if name in OURS else "-"
    return (
        f"| {name} | {version} | {count} | {brought / 1e6:,.0f} MB | {whole / 1e6:,.0f} MB "
        f"| {seconds:.0f} s | {cpu:.0f} s | {first} |"
    )


def _first_answer(environment: Path, times: int = 5) -> float:
    """The median of the seconds that `digits predict` takes with the shipped `reader`."""
    seconds = []
    for _ in range(times):
        since = time.perf_counter()
        command = [environment / "bin" / "digits", "predict", "--image", NUMBER]
        subprocess.run(command, check=True, capture_output=True, cwd=environment, env=outside())
        seconds.append(time.perf_counter() - since)
    return statistics.median(seconds)


if __name__ == "__main__":
    run_main(main)
