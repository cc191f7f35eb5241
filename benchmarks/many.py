"""Very many pictures: how fast one machine reads them, how well its cores share the work, what
memory does, and what a cluster would read in a day.

    python benchmarks/many.py --output benchmarks/results/many.json
    python benchmarks/many.py --tiles 10000 --photographs 100 --only tiles photographs

Tiles are MNIST's test digits, as PNG files of 28x28, in a tar archive and in a Parquet table;
photographs are of rows of five of them (`conditions.py`, plain). Whole commands are timed, but for
photographs.
"""

import argparse
import csv
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import conditions
import cv2
import numpy as np
from support import pictures
from support.command import run_main

from digits import checkpoint, classifier
from digits.bulk.workers import Workers
from digits.pictures.packed import File

PREDICT = Path(__file__).parents[1] / "src" / "predict.py"
# Runs a command, then prints its peak memory in kB, or that of its largest process. From a process
# of its own, as a child's peak begins at what its parent held when it was started.
PEAK = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)"""
PARTS = ("tiles", "photographs", "ray")
DAY_S, CLUSTER_CORES = 86_400, 100
Line = dict[str, Any]


def predict(*flags: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of the command."""
    command = [sys.executable, str(PREDICT), *flags]
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", PEAK, *command], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - start, int(run.stdout.splitlines()[-1]) / 1024


def write_tiles(folder: Path, encoded: list[bytes], count: int) -> dict[str, Path]:
    """So many tiles as files in a folder, in an archive, in a table, and in a list of the files."""
    import pyarrow
    import pyarrow.parquet

    files, archive, table = folder / "files", folder / "tiles.tar", folder / "tiles.parquet"
    files.mkdir()
    chosen = [encoded[k % len(encoded)] for k in range(count)]
    with tarfile.open(archive, "w") as tar:
        for k, data in enumerate(chosen):
            name = f"{k:07}.png"
            (files / name).write_bytes(data)
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    pyarrow.parquet.write_table(pyarrow.table({"image": chosen}), table, row_group_size=2000)
    return {"files": files, "a tar archive": archive, "a Parquet table": table}


def of_tiles(count: int, model: str, encoded: list[bytes]) -> Iterator[Line]:
    """Tiles into one file, from each kind of input; memory against a twentieth of them."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as few:
        small = write_tiles(Path(few), encoded, count // 20)
        for name, source in write_tiles(Path(folder), encoded, count).items():
            answers = Path(folder) / f"{source.name}.csv"
            before = predict("--image", str(small[name]), "--model", model,
                             "--output", str(Path(few) / answers.name))[1]  # fmt: skip
            seconds, peak = predict(
                "--image", str(source), "--model", model, "--output", str(answers)
            )
            with answers.open(newline="") as file:
                answered = sum(row["status"] != "error" for row in csv.DictReader(file))
            yield {"what": f"{count:,} tiles from {name}, `{model}`", "answered": answered,
                   "seconds": seconds, "per_s": count / seconds, "peak_mb": peak,
                   "peak_mb_of_a_twentieth": before}  # fmt: skip


def of_photographs(count: int, model: str, rounds: int) -> Iterator[Line]:
    """Photographs of a row by one process and by all, in turns."""
    tiles, labels = pictures.digits_of("test")
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for k, (grey, _) in enumerate(
            conditions.pictures_of("plain", tiles, labels, (count, 5), seed=3)
        ):
            files.append(File(str(Path(folder) / f"{k:05}.png")))
            cv2.imwrite(files[-1].name, grey)
        taken: dict[int, list[float]] = {1: [], cores: []}
        for _ in range(rounds):
            for processes in taken:
                with Workers(classifier.find(model), processes=processes) as workers:
                    list(workers.read(files[: 4 * processes]))  # loaded before the clock runs
                    start = time.perf_counter()
                    list(workers.read(files))
                    taken[processes].append(time.perf_counter() - start)
    one, all_of_them = (statistics.median(taken[processes]) for processes in (1, cores))
    yield {"what": f"{count:,} photographs of a row, one process", "seconds": one,
           "per_s": count / one}  # fmt: skip
    yield {"what": f"{count:,} photographs of a row, {cores} processes", "seconds": all_of_them,
           "per_s": count / all_of_them, "efficiency": one / all_of_them / cores}  # fmt: skip
    per_core = count / all_of_them / cores
    yield {"what": f"... a day by {CLUSTER_CORES} cores, on paper",
           "count": round(per_core * CLUSTER_CORES * DAY_S)}  # fmt: skip


def by_ray(count: int, model: str, encoded: list[bytes]) -> Iterator[Line]:
    """The same tiles by a local Ray cluster, Ray's start included, and by the engine here."""
    with tempfile.TemporaryDirectory() as folder:
        source = str(write_tiles(Path(folder), encoded, count)["a tar archive"])
        flags = ["--image", source, "--model", model, "--output"]
        for engine, output in (("local", "answers.csv"), ("ray", "answers")):
            seconds, _ = predict(*flags, str(Path(folder) / output), "--engine", engine)
            yield {"what": f"{count:,} tiles from a tar archive, --engine {engine}",
                   "seconds": seconds, "per_s": count / seconds}  # fmt: skip


def shown(line: Line) -> str:
    """A line of the table."""
    cells = [line["what"], f"{line['seconds']:.1f} s" if "seconds" in line else ""]
    cells.append(f"{line['per_s']:,.0f}" if "per_s" in line else f"{line['count']:,}")
    if "efficiency" in line:
        cells.append(f"efficiency {line['efficiency']:.0%}")
    elif "peak_mb" in line:
        cells.append(
            f"{line['answered']:,} answered; peak {line['peak_mb']:.0f} MB, of a twentieth of them "
            f"{line['peak_mb_of_a_twentieth']:.0f} MB"
        )
    return f"| {' | '.join(cells)}{' |' * (5 - len(cells))}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tiles", type=int, default=100_000)
    parser.add_argument("--photographs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--models", nargs="+", default=["reader", "fast"], help="for the tiles")
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    args = parser.parse_args()
    tiles, _ = pictures.digits_of("test")
    encoded = [cv2.imencode(".png", np.ascontiguousarray(tile))[1].tobytes() for tile in tiles]
    made: dict[str, list[Iterator[Line]]] = {
        "tiles": [of_tiles(args.tiles, model, encoded) for model in args.models],
        "photographs": [of_photographs(args.photographs, args.models[0], args.rounds)],
        "ray": [by_ray(args.tiles // 2, args.models[0], encoded)],
    }
    lines = []
    print("| what | time | pictures/s | |\n|---|---|---|---|")
    for part in args.only:
        for line in chain(*made[part]):
            print(shown(line), flush=True)
            lines.append(line)
            if args.output:  # what is measured is kept, however long the rest takes
                content = {"command": " ".join(sys.argv), "cores": os.cpu_count(), "rows": lines}
                checkpoint.write_json(args.output, content)
    return 0


if __name__ == "__main__":
    run_main(main)
