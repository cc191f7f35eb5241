"""A batch job on all cores: `python many_processes.py scans/*.png`, a line of JSON a picture."""

import json
import sys
from multiprocessing import get_context
from pathlib import Path

import digits
from digits.classifier import compute_on_one_thread

readers: dict[str, digits.Reader] = {}  # one a process


def start() -> None:
    compute_on_one_thread()
    readers["mine"] = digits.Reader(expect="number")


def read(path: str) -> str:
    return json.dumps(readers["mine"].read(Path(path)).as_json())


if __name__ == "__main__":  # each process imports this file
    with get_context("spawn").Pool(initializer=start) as pool:
        for line in pool.imap(read, sys.argv[1:], chunksize=4):
            print(line)
