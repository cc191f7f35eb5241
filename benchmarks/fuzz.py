"""Damaged and senseless models, pictures and archives: which break, take long or take much.

    python benchmarks/fuzz.py --pictures 10000 --models 10000 --archives 2000 \\
        --record fuzz.jsonl --output benchmarks/results/fuzz.json

They are read by worker processes, so that a crash costs one answer. What stands in the record is
not tried again, so that a run can be stopped and goes on. What is allowed: an answer, or one line
that says what is wrong; 5 s of CPU time for a page or a model, 65 s for a file, and 1 GB.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

from support.command import run_main
from support.damaged import MOST, PARTS, Case, good_models, start

from digits import checkpoint
from digits.errors import DigitsError

TOGETHER = 25  # inputs that a process is given at a time


def several(part: str, numbers: list[int]) -> list[Case]:
    return [PARTS[part](number) for number in numbers]


def cases(part: str, numbers: list[int], processes: int, good: dict[str, bytes]) -> Iterator[Case]:
    """All outcomes. A crash breaks what is running: of that the first 25 are tried one by one, and
    the others once more together."""
    waiting = [numbers[i : i + TOGETHER] for i in range(0, len(numbers), TOGETHER)]
    while waiting:
        broken = []
        with pool(processes, good) as workers:
            running = [(some, workers.submit(several, part, some)) for some in waiting]
            for some, future in running:
                try:
                    yield from future.result()
                except BrokenProcessPool:
                    broken.append(some)
        waiting = broken[1:]
        for number in broken[0] if broken else []:
            with pool(1, good) as worker:
                try:
                    yield from worker.submit(several, part, [number]).result()
                except BrokenProcessPool:
                    yield Case(part, number, part, "broken: its process died")


def pool(processes: int, good: dict[str, bytes]) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, get_context("spawn"), initializer=start, initargs=(good,))


def summary(found: list[Case]) -> dict[str, object]:
    """Counts, and by name what broke, the slowest, those whose page was, and the largest."""
    most = {
        f"most {name}": [
            asdict(case) for case in sorted(found, key=lambda case: -getattr(case, name))[:5]
        ]
        for name in ("page_seconds", "seconds", "wall_seconds", "megabytes")
    }
    return {
        "count": len(found),
        "outcomes": dict(Counter(case.outcome.partition(":")[0] for case in found).most_common()),
        "broken": [asdict(case) for case in found if case.is_broken][:50],
        **most,
    }


def recorded(path: Path | None) -> list[Case]:
    """What a record holds. Raises DigitsError if it is none."""
    try:
        lines = path.read_text("utf-8").splitlines() if path and path.exists() else []
        return [Case(**json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError):
        raise DigitsError(f"{path}: not a record of this benchmark; name another file") from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for part in PARTS:
        parser.add_argument(f"--{part}", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--record", type=Path, help="every outcome, one a line; it is gone on with")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    found, good = recorded(args.record), good_models()
    for part in PARTS:
        there = {case.number for case in found if case.part == part}
        count = min(getattr(args, part), MOST.get(part, sys.maxsize))
        numbers = [number for number in range(count) if number not in there]
        for case in cases(part, numbers, args.processes, good):
            found.append(case)
            if args.record:
                with args.record.open("a", encoding="utf-8") as record:
                    record.write(json.dumps(asdict(case)) + "\n")
    results = {part: summary([case for case in found if case.part == part]) for part in PARTS}
    print(json.dumps(results, indent=1))
    if args.output:
        checkpoint.write_json(args.output, results)
    return int(any(part["broken"] for part in results.values()))


if __name__ == "__main__":
    run_main(main)
