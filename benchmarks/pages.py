"""Pages of numbers, one below the other: how many of the rows are found and right.

    python benchmarks/pages.py --count 20 --record before.jsonl
    python benchmarks/pages.py --count 20 --against before.jsonl

MNIST digits on a page of 2200x1700 pixels, read with nothing said about what they are. Seeded.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from conditions import HAND, PAPER, Page, turned
from numpy.random import Generator
from support import pictures
from support.command import run_main
from support.pictures import Picture

from digits import checkpoint, classifier
from digits.data.strings import HEIGHT, compose
from digits.pictures.load import from_array
from digits.reading.reader import Reader

PAGE = (2200, 1700)


@dataclass(frozen=True)
class Layout:
    """How a page is written: heights in pixels, `lead` from line to line in heights."""

    rows: int = 6
    digits: tuple[int, int] = (3, 8)  # in a row, the last not included
    height: int = 75
    lead: float = 1.8
    indent: int = 200  # pixels at the most
    tilt: float = 0.0  # degrees
    ruled: bool = False


LAYOUTS = {
    "6 rows": Layout(),
    "8 rows close together": Layout(8, (4, 8), lead=1.25),
    "6 rows on ruled paper": Layout(ruled=True),
    "6 rows, tilted by up to 15 degrees": Layout(tilt=15, height=65, lead=2.0),
    "a column of 8 single digits": Layout(8, (1, 2), lead=1.6, indent=10),
    "20 small rows": Layout(20, (4, 12), height=34, indent=600, tilt=3),
    "5 rows of 14 to 19 digits": Layout(5, (14, 20), height=60, lead=2.2, indent=30),
}


def page_of(layout: Layout, tiles: list[np.ndarray], rng: Generator) -> np.ndarray:
    """A photograph (H, W) uint8 of a page with one row for each array of tiles (n, 28, 28)."""
    paper, ink = np.full(PAGE, PAPER, np.float32), np.zeros(PAGE, np.float32)
    y = 300
    for row in tiles:
        scale = layout.height / HEIGHT * rng.uniform(0.9, 1.1)
        number = cv2.resize(compose(row, HAND, rng), None, fx=scale, fy=scale)
        height, width = number.shape
        x = 150 + int(rng.integers(layout.indent + 1))
        there = ink[y : y + height, x : x + width]
        np.maximum(there, number[:, : there.shape[1]] / 255, out=there)
        if layout.ruled:
            foot = y + height + int(rng.integers(-4, 8))
            cv2.line(paper, (0, foot), (PAGE[1], foot), 150, 2)
        y += round(layout.height * layout.lead)
    grey = Page(paper, ink, (0, 0, 0, 0), rng).photograph()
    return turned(grey, rng.uniform(-layout.tilt, layout.tilt)) if layout.tilt else grey


def right_of(read: Iterable[str], truth: Iterable[str]) -> int:
    """How many of the rows are among those that were read, each of which counts once."""
    return (Counter(read) & Counter(truth)).total()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    parser.add_argument("--count", type=int, default=20, help="pages of a layout")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    pictures.add_split(parser)
    pictures.add_records(parser)
    args = parser.parse_args()
    reader = Reader.expecting(classifier.load(classifier.find(args.model)))
    tiles, labels = pictures.digits_of(args.split)
    lines, made = [], []
    print("| page | rows right | rows `read` | wrong among these | digits in a row "
          "| pages with all rows found | seconds a page |", "|---" * 7 + "|", sep="\n")  # fmt: skip
    for name, layout in LAYOUTS.items():
        rng = np.random.default_rng(args.seed)
        right = total = digits = found = sure = wrong = 0
        seconds = []
        for k in range(args.count):
            lengths = rng.integers(*layout.digits, layout.rows)
            chosen = [rng.integers(0, len(tiles), n) for n in lengths]
            picture = from_array(page_of(layout, [tiles[c] for c in chosen], rng))
            start = time.perf_counter()
            answer = reader.read(picture)
            seconds.append(time.perf_counter() - start)
            read = [row.text for row in answer.rows]
            truth = ["".join(map(str, labels[c])) for c in chosen]
            rows_right = right_of(read, truth)
            right += rows_right
            sure_rows = [row.text for row in answer.rows if row.status == "read"]
            sure += len(sure_rows)
            wrong += len(sure_rows) - right_of(sure_rows, truth)
            said = f"{rows_right} rows right of {len(read)}"
            made.append(Picture(name, k, " ".join(truth), said, rows_right))
            found += len(read) == len(truth)
            total += len(truth)
            digits += int(lengths.sum())
        line = {"page": name, **asdict(layout), "pages": args.count, "rows_right": right / total}
        line |= {"rows_read": sure / total, "rows_wrong": wrong}
        line |= {"pages_found": found, "seconds": float(np.median(seconds))}
        lines.append(line)
        print(
            f"| {name} | {right / total:.1%} of {total} | {sure / total:.1%} | {wrong} | "
            f"{digits / total:.1f} | {found} of {args.count} | {line['seconds']:.2f} |",
            flush=True,
        )
    if args.output:
        content = {"command": " ".join(sys.argv), "split": args.split, "rows": lines}
        checkpoint.write_json(args.output, content)
    pictures.conclude(made, args)
    return 0


if __name__ == "__main__":
    run_main(main)
