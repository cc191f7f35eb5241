"""Pictures of anything but numbers by hand: how many are `read` all the same.

    python benchmarks/photographs.py FOLDER [FOLDER ...] --record before.jsonl
    python benchmarks/photographs.py FOLDER [FOLDER ...] --against before.jsonl

Photographs, drawings, plots and printed pages; a line for each folder. Copies of a picture count
once, and pictures of less than 100 pixels not at all. None is shipped: `docs/results/pages.md` says
which were measured.
"""

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from support import pictures
from support.command import run_main

from digits import classifier
from digits.errors import DigitsError
from digits.pictures.load import Picture, load
from digits.reading.reader import Reader

LEAST_PX = 100  # of the shorter side: smaller ones are icons
HEAD = "| pictures of | pictures | `read` | in doubt | rows in all | s, median | s, longest |"


def pictures_in(folder: Path, known: set[str]) -> Iterator[tuple[Path, Picture]]:
    """The pictures below a folder that can be read and are none of the `known` ones."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        if checksum in known:
            continue
        known.add(checksum)
        try:
            picture = load(path)
        except DigitsError:  # a README, or damaged on purpose
            continue
        if min(picture.grey.shape) >= LEAST_PX:
            yield path, picture


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="with nothing by hand but words")
    pictures.add_records(parser)
    args = parser.parse_args(arguments)
    reader = Reader.expecting(classifier.load(classifier.find("reader")))
    known: set[str] = set()
    answered: list[pictures.Picture] = []
    print(HEAD, "|---" * 7 + "|", sep="\n", flush=True)
    for folder in args.folders:
        statuses, rows, seconds = [], 0, []
        for path, picture in pictures_in(folder, known):
            start = time.thread_time()
            answer = reader.read(picture)
            seconds.append(time.thread_time() - start)
            statuses.append(answer.status)
            rows += len(answer.rows)
            said = f"{answer.status} {json.dumps(answer.text)}"
            score = -len(answer.rows) - 10 * (answer.status == "read")
            name = str(path.relative_to(folder))
            answered.append(pictures.Picture(folder.name, len(answered), name, said, score))
            if answer.status == "read":
                print(f"{path}: {answer.text!r} ({answer.seen_as})", file=sys.stderr)
        if not statuses:
            raise DigitsError(f"{folder}: no picture in it")
        print(
            f"| {folder.name} | {len(statuses)} | {statuses.count('read')} "
            f"| {statuses.count('unsure')} | {rows} | {statistics.median(seconds):.2f} "
            f"| {max(seconds):.2f} |",
            flush=True,
        )
    pictures.conclude(answered, args)


if __name__ == "__main__":
    run_main(main)
