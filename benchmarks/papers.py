"""Forms, comb fields, tables, tallies, envelopes, plain pages: how many of their numbers are right.

    python benchmarks/papers.py --count 20 --record before.jsonl
    python benchmarks/papers.py --count 20 --against before.jsonl

Pages of `support/papers.py`, which no training sees, by writers held out; read with nothing said
about what they are, envelopes as `--expect zip`. A number is right if a row with its text stands
where it does. Seeded.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from support import papers, pictures
from support.command import run_main
from support.pictures import Picture

from digits import classifier, data
from digits.reading.answer import Answer
from digits.reading.reader import Reader
from digits.spec import data_dir
from digits.training import made_up
from digits.vision.load import from_array

EXPECTED = {"envelopes": "zip"}  # all else is read with nothing said


def found(answer: Answer, numbers: list[tuple[str, np.ndarray]]) -> int:
    """How many of the numbers (text, corners (4, 2)) stand as rows in the answer."""
    rows = [(row.text, (row.box[0] + row.box[2] / 2, row.box[1] + row.box[3] / 2))
            for row in answer.rows]  # fmt: skip
    return sum(
        any(
            text == said and cv2.pointPolygonTest(corners.astype(np.float32), middle, False) >= 0
            for said, middle in rows
        )
        for text, corners in numbers
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    parser.add_argument("--count", type=int, default=20, help="pages of a kind")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=papers.KINDS, default=list(papers.KINDS))
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    pictures.add_flags(parser)
    args = parser.parse_args()
    model = classifier.load(classifier.find(args.model))
    source = made_up.sources(data.load("mnist"), data_dir())[1]
    lines, made = [], []
    print(
        "| pages | numbers right | rows too many | pages right | `read` | wrong among these | s |"
    )
    print("|---|---|---|---|---|---|---|")
    for kind in args.only:
        rng = np.random.default_rng((args.seed, list(papers.KINDS).index(kind)))
        reader = Reader.expecting(model, EXPECTED.get(kind, "auto"))
        right = total = more = whole = read = wrong = 0
        seconds = []
        for k in range(args.count):
            grey, numbers = papers.photographed(papers.KINDS[kind](source, rng), rng)
            start = time.perf_counter()
            answer = reader.read(from_array(grey))
            seconds.append(time.perf_counter() - start)
            good = found(answer, numbers)
            is_whole = good == len(numbers) == len(answer.rows)
            right, total, whole = right + good, total + len(numbers), whole + is_whole
            more += max(len(answer.rows) - len(numbers), 0)
            read += answer.status == "read"
            wrong += answer.status == "read" and not is_whole
            said = f"{good} of {len(numbers)}, {len(answer.rows)} rows, {answer.status}"
            score = good - 10 * (answer.status == "read" and not is_whole)
            made.append(Picture(kind, k, " ".join(text for text, _ in numbers), said, score))
        line = {"pages": kind, "count": args.count, "numbers": total, "right": right,
                "rows_too_many": more, "pages_right": whole, "read": read, "wrong": wrong,
                "seconds": round(float(np.median(seconds)), 3)}  # fmt: skip
        lines.append(line)
        share = f"{right / total:.1%} of {total}" if total else "-"
        print(
            f"| {kind} | {share} | {more} | {whole} of {args.count} | {read} | {wrong} | "
            f"{line['seconds']:.2f} |",
            flush=True,
        )
    if args.output:
        content = {"command": " ".join(sys.argv), "rows": lines}
        args.output.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    pictures.conclude(made, args)
    return 0


if __name__ == "__main__":
    run_main(main)
