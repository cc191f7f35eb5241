"""Damaged and senseless models and pictures: which of them break, take long or take much.

    python benchmarks/fuzz.py --pictures 10000 --models 10000 --output benchmarks/results/fuzz.json

Each is made from its number, and read by worker processes, so that a crash costs one answer. What
is allowed: an answer, or one line that says what is wrong; 5 s of CPU time and 1 GB.
"""

import argparse
import contextlib
import io
import json
import resource
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hostile import mutated, pattern, saved
from support.command import run_main

from digits.errors import DigitsError

MOST_SECONDS, MOST_MEGABYTES = 5.0, 1024
TOGETHER = 25  # inputs that a process is given at a time


@dataclass(frozen=True)
class Case:
    """What became of one input: `outcome` is a status, `refused`, or what broke."""

    number: int
    what: str
    outcome: str
    seconds: float  # of CPU time
    megabytes: float  # resident at the most, all of Python included

    @property
    def is_broken(self) -> bool:
        return (
            self.outcome.startswith("broken")
            or self.seconds > MOST_SECONDS
            or self.megabytes > MOST_MEGABYTES
        )


def measured(number: int, what: str, try_it: Callable[[], str]) -> Case:
    """One input's outcome, time and memory; what is not a `DigitsError` is broken."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # from now on the peak is this input's
    start = time.process_time()
    try:
        outcome = try_it()
    except DigitsError as error:
        outcome = "refused" if "\n" not in str(error) else "broken: more than one line"
    except Exception as error:
        outcome = f"broken: {type(error).__name__}: {error!s:.120}"
    return Case(number, what, outcome, time.process_time() - start, peak_megabytes())


def peak_megabytes() -> float:
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):  # not Linux: the peak of all inputs so far
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@cache
def reader() -> Any:
    from digits import classifier
    from digits.reading.reader import Reader

    cv2.setNumThreads(1)
    classifier.compute_on_one_thread()
    return Reader.expecting(classifier.load(classifier.shipped()[classifier.DEFAULT_SHIPPED]))


def picture(number: int) -> Case:
    """A pattern of any size and shape in a file of any kind; every second one is damaged."""
    rng = np.random.default_rng(number)
    name, pixels = pattern(rng)
    kind, data = saved(pixels, rng)
    if number % 2:
        data = mutated(data, rng)
    what = f"{name} {pixels.shape[1]}x{pixels.shape[0]} {kind}{' damaged' * (number % 2)}"

    def read() -> str:
        from digits.vision.load import load

        answer = reader().read(load(data, "picture"))
        json.dumps(answer.as_json(), allow_nan=False)
        return answer.status

    reader()
    return measured(number, what, read)


def good_models() -> dict[str, bytes]:
    """An artefact of each format, of a small shipped checkpoint: float32 and int8."""
    from digits import checkpoint, classifier, data
    from digits.optimization import artefact

    path = classifier.shipped()["micro"].with_suffix(".pth")
    content, made = checkpoint.load(path), {"float32.pth": path.read_bytes()}
    tiles = artefact.calibration_tiles(data.load("uci").train.images)
    for suffix in (".onnx", ".pt2"):
        made[f"float32{suffix}"] = artefact.build(content, suffix)
        made[f"int8{suffix}"] = artefact.build(content, suffix, tiles)
    return made


_good: dict[str, bytes] = {}  # of a worker: what it damages


def model(number: int) -> Case:
    """A damaged artefact; it answers a tile or is refused."""
    rng = np.random.default_rng(number)
    name = list(_good)[number % len(_good)]
    inside = not name.endswith(".onnx") and rng.random() < 0.5
    data = mutated_inside(_good[name], rng) if inside else mutated(_good[name], rng)

    def load() -> str:
        from digits import classifier

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            logits = classifier.load(path)(np.zeros((1, 1, 28, 28), np.uint8))
        return "answers" if np.isfinite(logits).all() else "broken: no numbers"

    return measured(number, f"{name}{', a member of it' * inside}", load)


def mutated_inside(data: bytes, rng: np.random.Generator) -> bytes:
    """A zip archive, whole, of whose members one is damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = str(rng.choice(list(members)))
    members[chosen] = mutated(members[chosen], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


PARTS: dict[str, Callable[[int], Case]] = {"pictures": picture, "models": model}


def several(part: str, numbers: list[int]) -> list[Case]:
    return [PARTS[part](number) for number in numbers]


def cases(part: str, total: int, processes: int, good: dict[str, bytes]) -> Iterator[Case]:
    """All outcomes. A crash breaks what is running: of that the first 25 are tried one by one, and
    the others once more together."""
    waiting = [list(range(i, min(i + TOGETHER, total))) for i in range(0, total, TOGETHER)]
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
                    yield Case(number, part, "broken: its process died", 0.0, 0.0)


def start(good: dict[str, bytes]) -> None:
    """Tell a worker what it damages."""
    _good.update(good)


def pool(processes: int, good: dict[str, bytes]) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(processes, get_context("spawn"), initializer=start, initargs=(good,))


def summary(found: list[Case]) -> dict[str, object]:
    """Counts, and by name what broke, the slowest and the largest."""
    slowest = sorted(found, key=lambda case: -case.seconds)[:5]
    largest = sorted(found, key=lambda case: -case.megabytes)[:5]
    return {
        "count": len(found),
        "outcomes": dict(Counter(case.outcome.partition(":")[0] for case in found)),
        "broken": [asdict(case) for case in found if case.is_broken][:50],
        "slowest": [asdict(case) for case in slowest],
        "largest": [asdict(case) for case in largest],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    good, results = good_models(), {}
    for part in PARTS:
        found = list(cases(part, getattr(args, part), args.processes, good))
        results[part] = summary(found) if found else {"count": 0, "broken": []}
        print(part, json.dumps(results[part], indent=1))
    if args.output:
        args.output.write_text(json.dumps(results, indent=2) + "\n")
    return int(any(part["broken"] for part in results.values()))


if __name__ == "__main__":
    run_main(main)
