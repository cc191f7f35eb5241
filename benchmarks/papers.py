"""Forms, comb fields, tables, tallies, envelopes, plain pages: how many of their numbers are right.

    python benchmarks/papers.py --count 20 --record before.jsonl
    python benchmarks/papers.py --count 20 --against before.jsonl
    python benchmarks/papers.py --count 20 --peer build/rapidocr

Pages of `support/papers.py`, which no training sees, by writers held out; read with nothing said
about what they are, envelopes as `--expect zip`. A number is right if a row with its text stands
where it does. `--peer` reads the same pages with rapidocr as well, which is installed into that
folder: a number is right if a word of it, less what is no digit, says the same there. Seeded.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from support import papers, pictures
from support.command import run_main
from support.peer import Found, Peer, digits_alone
from support.pictures import Picture

from digits import checkpoint, classifier, data
from digits.pictures.load import from_array
from digits.reading.reader import Reader
from digits.spec import data_dir
from digits.training import made_up

EXPECTED = {"envelopes": "zip"}  # all else is read as --expect says
HEAD = (
    "| pages | numbers right | by the peer | rows too many | rows `read` | wrong among these | "
    "pages right | pages `read` | wrong among these | s |"
)


def found(rows: Sequence[Found], numbers: list[tuple[str, np.ndarray]]) -> tuple[int, int]:
    """How many of the numbers (text, corners (4, 2)) stand among rows (text, box), and how many
    have a row of whatever text."""
    there = [(text, _in(corners, rows)) for text, corners in numbers]
    return sum(text in said for text, said in there), sum(bool(said) for _, said in there)


def _in(corners: np.ndarray, rows: Sequence[Found]) -> list[str]:
    """The texts of the rows whose middles lie within corners."""
    around = corners.astype(np.float32)
    return [
        text
        for text, (x, y, w, h) in rows
        if cv2.pointPolygonTest(around, (x + w / 2, y + h / 2), False) >= 0
    ]


def measure(
    kind: str,
    pages: Iterable[tuple[np.ndarray, list[tuple[str, np.ndarray]]]],
    reader: Reader,
    peer: Peer | None,
    made: list[Picture],
) -> dict[str, Any]:
    """A row of the table; what was said to each page goes to `made`."""
    row: Counter[str] = Counter()
    seconds = []
    for k, (grey, numbers) in enumerate(pages):
        start = time.perf_counter()
        answer = reader.read(from_array(grey))
        seconds.append(time.perf_counter() - start)
        right, met = found([(one.text, one.box) for one in answer.rows], numbers)
        sure = [(one.text, one.box) for one in answer.rows if one.status == "read"]
        if peer:
            words = [(digits_alone(text), box) for text, box in peer(grey)]
            row["peer_right"] += found(words, numbers)[0]
        is_whole, is_read = right == len(numbers) == len(answer.rows), answer.status == "read"
        is_wrong = is_read and not is_whole
        row["count"] += 1
        row["numbers"] += len(numbers)
        row["right"] += right
        row["rows_too_many"] += len(answer.rows) - met
        row["rows_read"] += len(sure)
        row["rows_wrong"] += len(sure) - found(sure, numbers)[0]
        row["pages_right"] += is_whole
        row["read"] += is_read
        row["wrong"] += is_wrong
        said = f"{right} of {len(numbers)}, {len(answer.rows)} rows, {answer.status}"
        made.append(Picture(kind, k, " ".join(text for text, _ in numbers), said,
                            right - 10 * is_wrong))  # fmt: skip
    return {"pages": kind, **row, "seconds": round(float(np.median(seconds)), 3)}


def told(row: dict[str, Any]) -> str:
    """A line of the table."""
    total = row["numbers"]
    shares = [
        f"{row[who] / total:.1%} of {total}" if total and who in row else "-"
        for who in ("right", "peer_right")
    ]
    return (
        f"| {row['pages']} | {' | '.join(shares)} | {row['rows_too_many']} | {row['rows_read']} | "
        f"{row['rows_wrong']} | {row['pages_right']} of {row['count']} | {row['read']} | "
        f"{row['wrong']} | {row['seconds']:.2f} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    parser.add_argument("--count", type=int, default=20, help="pages of a kind")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=papers.KINDS, default=list(papers.KINDS))
    parser.add_argument("--expect", default="auto", help="of all pages but envelopes")
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    parser.add_argument("--peer", type=Path, metavar="FOLDER", help="rapidocr's environment")
    pictures.add_records(parser)
    args = parser.parse_args()
    model = classifier.load(classifier.find(args.model))
    source = made_up.sources(data.load("mnist"), data_dir())[1]
    lines: list[dict[str, Any]] = []
    made: list[Picture] = []
    print(HEAD, "|---" * 10 + "|", sep="\n")
    with Peer(args.peer) if args.peer else nullcontext() as peer:
        for kind in args.only:
            rng = np.random.default_rng((args.seed, list(papers.KINDS).index(kind)))
            reader = Reader.expecting(model, EXPECTED.get(kind, args.expect))
            pages = (
                papers.photographed(papers.KINDS[kind](source, rng), rng) for _ in range(args.count)
            )
            lines.append(measure(kind, pages, reader, peer, made))
            print(told(lines[-1]), flush=True)
    if args.output:
        content = {"command": " ".join(sys.argv), "rows": lines}
        checkpoint.write_json(args.output, content)
    pictures.conclude(made, args)
    return 0


if __name__ == "__main__":
    run_main(main)
