"""Record every answer to the pictures at hand, or compare today's with a record.

    python benchmarks/answers.py --data ../shared/data --output before.jsonl
    python benchmarks/answers.py --data ../shared/data --against before.jsonl

A refactoring changes none of them: status, text, probability, digits, boxes and warnings are
compared, all but the time. Reads test_images/ and, of the data folder, handwriting/, strings/ and
cells/; the latter two as `--expect number`. Exit code 1 if an answer differs, or is missing.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.command import add_data, run_main

from digits import classifier
from digits.errors import DigitsError
from digits.reading.pages import read_first
from digits.reading.reader import Reader

SETS = {  # folder -> what is expected
    "handwriting/hwd1000": "auto",
    "handwriting/paper": "auto",
    "strings": "number",
    "cells": "number",
}
SUFFIXES = (".png", ".jpg")


def answers(data: Path, model: Path, only: list[str]) -> Iterator[dict[str, Any]]:
    """The answer to every picture, named from its folder on, without the seconds it took.

    Raises:
        DigitsError: a folder has no pictures.
    """
    folders = {"test_images": (Path("test_images"), "auto")}
    folders |= {name: (data / name, expect) for name, expect in SETS.items()}
    readers: dict[str, Reader] = {}
    for name, (folder, expect) in folders.items():
        if name not in only:
            continue
        if expect not in readers:
            readers[expect] = Reader.expecting(classifier.load(model), expect)
        found = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
        if not found:
            raise DigitsError(
                f"{folder}: no pictures in it; give --data, or leave it out by --only"
            )
        for path in found:
            answer = read_first(readers[expect], str(path)).as_json(top_k=2)
            del answer["seconds"]
            yield answer | {"image": f"{name}/{path.relative_to(folder)}"}


def read(record: Path) -> dict[str, dict[str, Any]]:
    """The answers of a record by picture. Raises DigitsError if it is none."""
    try:
        lines = record.read_text("utf-8").splitlines()
        return {answer["image"]: answer for answer in map(json.loads, lines)}
    except (OSError, ValueError, TypeError, KeyError):
        raise DigitsError(f"--against {record}: not a record; make one with --output") from None


def changes(
    before: dict[str, dict[str, Any]], now: list[dict[str, Any]], only: list[str]
) -> Iterator[str]:
    """A line for every picture of the sets in `only` that is answered otherwise, or that only one
    side has."""
    names = {answer["image"] for answer in now}
    for answer in now:
        was = before.get(answer["image"])
        said = difference(was, answer) if was else "is not in the record"
        if said:
            yield f"{answer['image']}: {said}"
    for name in before:
        if name not in names and name.startswith(tuple(f"{folder}/" for folder in only)):
            yield f"{name}: is in the record alone"


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What differs between two answers, in words; '' where nothing does."""
    parts = [
        f"{key} {before.get(key)!r} -> {now.get(key)!r}"
        for key in ("status", "text", "probability")
        if before.get(key) != now.get(key)
    ]
    return ", ".join(parts) if parts else "rows or warnings" * (before != now)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_data(parser)
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    known = ["test_images", *SETS]
    parser.add_argument("--only", nargs="+", choices=known, default=known)
    parser.add_argument("--output", type=Path, help="write the answers, a line of JSON each")
    parser.add_argument("--against", type=Path, help="a record to compare with")
    args = parser.parse_args(argv)
    record = read(args.against) if args.against else {}
    made = list(answers(args.data, classifier.find(args.model), args.only))
    if args.output:
        args.output.write_text("".join(json.dumps(a) + "\n" for a in made), "utf-8")
    told = list(changes(record, made, args.only)) if args.against else []
    print(*told, sep="\n", end="\n" * bool(told))
    print(f"{len(made)} answers, {len(told)} differ" if args.against else f"{len(made)} answers")
    return int(bool(told))


if __name__ == "__main__":
    run_main(main)
