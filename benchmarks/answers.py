"""Record every answer to the pictures at hand, or compare today's with a record.

    python benchmarks/answers.py --data ../shared/data --output before.jsonl
    python benchmarks/answers.py --data ../shared/data --against before.jsonl

A refactoring changes none of them. Reads test_images/ and, of the data folder, handwriting/,
strings/ and cells/; the latter two as `--expect number`. Exit code 1 if an answer differs.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.command import add_data, run_main

from digits import classifier
from digits.reading.reader import Reader

SETS = {  # folder -> what is expected
    "handwriting/hwd1000": "auto",
    "handwriting/paper": "auto",
    "strings": "number",
    "cells": "number",
}
SUFFIXES = (".png", ".jpg")


def answers(data: Path, model: Path, only: list[str]) -> Iterator[dict[str, Any]]:
    """The answer to every picture, named from its folder on, without the seconds it took."""
    folders = {"test_images": (Path("test_images"), "auto")}
    folders |= {name: (data / name, expect) for name, expect in SETS.items()}
    readers: dict[str, Reader] = {}
    for name, (folder, expect) in folders.items():
        if name not in only:
            continue
        if expect not in readers:
            readers[expect] = Reader.expecting(classifier.load(model), expect)
        for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
            answer = readers[expect].read_file(str(path)).as_json(top_k=2)
            del answer["seconds"]
            yield answer | {"image": f"{name}/{path.relative_to(folder)}"}


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What differs between two answers, in words; '' where nothing does."""
    parts = [
        f"{key} {before.get(key)!r} -> {now.get(key)!r}"
        for key in ("status", "text", "probability")
        if before.get(key) != now.get(key)
    ]
    return ", ".join(parts) if parts else "rows or warnings" * (before != now)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_data(parser)
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    known = ["test_images", *SETS]
    parser.add_argument("--only", nargs="+", choices=known, default=known)
    parser.add_argument("--output", type=Path, help="write the answers, a line of JSON each")
    parser.add_argument("--against", type=Path, help="a record to compare with")
    args = parser.parse_args()
    record: dict[str, dict[str, Any]] = {}
    if args.against:
        lines = args.against.read_text("utf-8").splitlines()
        record = {answer["image"]: answer for answer in map(json.loads, lines)}
    made = list(answers(args.data, classifier.find(args.model), args.only))
    if args.output:
        args.output.write_text("".join(json.dumps(a) + "\n" for a in made), "utf-8")
    changes = 0
    for answer in made if args.against else []:
        said = difference(record.get(answer["image"], {}), answer)
        changes += bool(said)
        if said:
            print(f"{answer['image']}: {said}")
    print(f"{len(made)} answers, {changes} differ" if args.against else f"{len(made)} answers")
    return int(changes > 0)


if __name__ == "__main__":
    run_main(main)
