"""Small pictures of simple things: one number, several, a number beside words, and no number.

    python benchmarks/notes.py --count 100
    python benchmarks/notes.py --count 100 --expect number --output notes.json

Pictures of `support/notes.py`, by writers held out, half of them by one hand with one pen. An
answer is right if its rows are the numbers by hand, in reading order. Seeded.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from support import notes, pictures
from support.command import run_main
from support.pictures import Picture

from digits import checkpoint, classifier, data
from digits.data import row_ink
from digits.pictures.load import from_array
from digits.reading.reader import Reader
from digits.spec import data_dir
from digits.training import made_up

HEAD = "| picture of | right | `read` | wrong among these |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    parser.add_argument("--count", type=int, default=50, help="pictures of a kind")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=notes.KINDS, default=list(notes.KINDS))
    parser.add_argument("--expect", default="auto")
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    pictures.add_records(parser)
    args = parser.parse_args()
    reader = Reader.expecting(classifier.load(classifier.find(args.model)), args.expect)
    source = made_up.sources(data.load("mnist"), data_dir())[1]
    lines: list[dict[str, Any]] = []
    made: list[Picture] = []
    print(HEAD, "|---" * 4 + "|", sep="\n")
    for kind in args.only:
        rng = np.random.default_rng((args.seed, list(notes.KINDS).index(kind)))
        row: Counter[str] = Counter()
        for k in range(args.count):
            hand = row_ink.writer(source, rng)
            by = row_ink.by_one(source, hand, rng) if k % 2 else source
            note = notes.KINDS[kind](by, rng)
            answer = reader.read(from_array(notes.photographed(note, rng)))
            is_right = [one.text for one in answer.rows] == note.numbers
            is_read = answer.status == "read"
            row["right"] += is_right
            row["read"] += is_read
            row["wrong"] += is_read and not is_right
            truth, said = " ".join(note.numbers), f"{answer.text!r} {answer.status}"
            made.append(Picture(kind, k, truth, said, is_right - 10 * (is_read and not is_right)))
        lines.append({"picture": kind, "count": args.count, **row})
        shares = " | ".join(f"{row[what] / args.count:.0%}" for what in ("right", "read"))
        print(f"| {kind} | {shares} | {row['wrong']} |", flush=True)
    if args.output:
        checkpoint.write_json(args.output, {"command": " ".join(sys.argv), "rows": lines})
    pictures.conclude(made, args)
    return 0


if __name__ == "__main__":
    run_main(main)
