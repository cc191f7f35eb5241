"""A batch job on all cores: `python many_processes.py scans/*.png`, a line of JSON a picture."""

import json
import sys
from multiprocessing import get_context
from pathlib import Path

import digits

if __name__ == "__main__":  # each process imports this file
    reader = digits.Reader(expect="number")
    paths = [Path(name) for name in sys.argv[1:]]
    with get_context("spawn").Pool() as pool:  # each process loads the model once
        for answer in pool.imap(reader.read, paths, chunksize=4):
            print(json.dumps(answer.as_json()))
