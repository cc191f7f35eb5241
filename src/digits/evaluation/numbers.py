"""Numbers of several digits, scored as the Multi-Digit Writer benchmark scores them (Wagstaff 2025,
arXiv 2512.00676): US ZIP codes, amounts on cheques, times of day, composed of single test digits.

A number is read digit by digit: once by the likeliest label of each, once by the likeliest labels
that are a valid number together.
"""

import gzip
import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from digits import metrics
from digits.classifier import Classifier
from digits.data.mnist import idx
from digits.errors import DigitsError
from digits.evaluation.measure import Measurement
from digits.spec import CLASSES

COUNT = 10_000  # numbers of a task, as in the benchmark
SEED = 17
WRITERS = Path("QMNIST") / "raw" / "qmnist-test-labels-idx2-int.gz"  # the third column; in data_dir
WRITER_COLUMN = 2
ZIP_CODES = Path(__file__).parent / "zip_codes.npz"


@dataclass(frozen=True)
class Task:
    """Numbers that are drawn, which texts are valid, and what a valid one is worth in `unit`."""

    draw: Callable[[int, Generator], list[str]]
    valid: Callable[[str], bool]
    unit: str = ""
    value: Callable[[str], float] = float


def _zip_codes() -> np.ndarray:
    """Whether each of 00000 to 99999 is in use: bool (100000,)."""
    return np.unpackbits(np.load(ZIP_CODES)["bits"]).astype(bool)


def _zip_task() -> Task:
    known = _zip_codes()
    codes = np.flatnonzero(known)
    return Task(
        lambda count, rng: [f"{code:05}" for code in rng.choice(codes, count)],
        lambda text: bool(known[int(text)]),
    )


def _draw_amounts(count: int, rng: Generator) -> list[str]:
    """Cents from $1.00 to $99,999.99, whose first digits follow Benford's law."""
    return [str(int(cents)) for cents in 10 ** rng.uniform(2, 7, count)]


def _draw_times(count: int, rng: Generator) -> list[str]:
    return [f"{m // 60}{m % 60:02}" for m in rng.integers(0, 24 * 60, count)]


def _minutes(text: str) -> float:
    return int(text[:-2]) * 60 + int(text[-2:])


def tasks() -> dict[str, Task]:
    """The benchmark's three, by name."""
    return {
        "ZIP codes": _zip_task(),
        "amounts": Task(
            _draw_amounts, lambda text: len(text) == 3 or text[0] != "0", "dollars",
            lambda text: int(text) / 100,
        ),
        "times": Task(
            _draw_times, lambda text: int(text[:-2]) < 24 and int(text[-2:]) < 60, "minutes",
            _minutes,
        ),
    }  # fmt: skip


def writers_of(data_dir: Path, labels: np.ndarray) -> np.ndarray | None:
    """Who wrote each of MNIST's test digits (N,), by QMNIST's table (Yadav and Bottou 2019); None
    where it is not on disk, or is of other digits than these labels (N,)."""
    path = data_dir / WRITERS
    if not path.is_file():
        return None
    try:
        table = idx(gzip.decompress(path.read_bytes()))[: len(labels)]
        return table[:, WRITER_COLUMN] if np.array_equal(table[:, 0], labels) else None
    except Exception:  # gzip, zlib and NumPy trip over damage in ten ways
        raise DigitsError(f"{path}: damaged; remove it, or fetch it again") from None


def compose(
    numbers: Sequence[str], labels: np.ndarray, writers: np.ndarray, rng: Generator
) -> list[np.ndarray]:
    """Of each number the places of its digits among tiles with these labels and writers (N,): all
    of one writer, who is drawn among those who wrote each of its digits."""
    by: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, (who, label) in enumerate(zip(writers.tolist(), labels.tolist(), strict=True)):
        by[who, str(label)].append(place)
    everyone = np.unique(writers)
    composed = []
    for number in numbers:
        shuffled = (int(who) for who in rng.permutation(everyone))
        fitting = (who for who in shuffled if all((who, digit) in by for digit in number))
        who = next(fitting, None)
        if who is None:
            raise DigitsError(f"--numbers: nobody wrote every digit of {number}; too few tiles")
        composed.append(np.array([rng.choice(by[who, digit]) for digit in number]))
    return composed


def readings(log_probabilities: np.ndarray) -> Iterator[str]:
    """Texts of L digits, the likeliest first, by the log probabilities (L, 10) of each place."""
    order = np.argsort(-log_probabilities, axis=1, kind="stable")
    costs = -np.take_along_axis(log_probabilities, order, axis=1)
    best = (0,) * len(order)
    waiting, seen = [(costs[:, 0].sum(), best)], {best}
    while waiting:
        _, ranks = heapq.heappop(waiting)
        yield "".join(str(order[place, rank]) for place, rank in enumerate(ranks))
        for place, rank in enumerate(ranks):
            after = (*ranks[:place], rank + 1, *ranks[place + 1 :])
            if rank + 1 < len(CLASSES) and after not in seen:
                seen.add(after)
                heapq.heappush(waiting, (costs[np.arange(len(after)), after].sum(), after))


def score(task: Task, numbers: Sequence[str], read: Sequence[str]) -> dict[str, Any]:
    """The benchmark's figures: the shares that are wrong and that are invalid; of valid readings
    how far they are off, in all, on the mean with its sign, and at most."""
    wrong = sum(number != text for number, text in zip(numbers, read, strict=True))
    found: dict[str, Any] = {
        "strict_error": wrong / len(numbers),
        "strict_error_interval_95": metrics.wilson_interval(wrong, len(numbers)),
        "invalid": sum(not task.valid(text) for text in read) / len(numbers),
    }
    if task.unit:
        pairs = zip(numbers, read, strict=True)
        off = np.array([task.value(b) - task.value(a) for a, b in pairs if task.valid(b)])
        found |= {
            "unit": task.unit,
            "total_off": float(np.abs(off).sum()),
            "mean_off": float(off.sum() / max(len(off), 1)),
            "most_off": float(np.abs(off).max(initial=0)),
        }
    return found


def measure(
    names: Sequence[str], tests: Sequence[Measurement], data_dir: Path, count: int = COUNT
) -> dict[str, Any]:
    """How often each model reads whole numbers wrongly, plainly and with validity, as plain data.

    Raises:
        DigitsError: the models or the test tiles do not know all ten digits.
    """
    labels = digits_of(tests[0].model, tests[0].labels)
    writers = writers_of(data_dir, labels)
    logs = {who: _log_probabilities(test) for who, test in zip(names, tests, strict=True)}
    found: dict[str, Any] = {"count": count, "seed": SEED, "by_writer": writers is not None}
    found["tasks"] = {}
    for name, task in tasks().items():
        rng = np.random.default_rng(SEED)
        numbers = task.draw(count, rng)
        placed = compose(
            numbers, labels, np.zeros_like(labels) if writers is None else writers, rng
        )
        found["tasks"][name] = {
            who: _row(task, numbers, [log[place] for place in placed]) for who, log in logs.items()
        }
    return found


def _row(task: Task, numbers: Sequence[str], logs: Sequence[np.ndarray]) -> dict[str, Any]:
    plain = ["".join(map(str, log.argmax(axis=1))) for log in logs]
    valid = [
        text if task.valid(text) else next(filter(task.valid, readings(log)))
        for text, log in zip(plain, logs, strict=True)
    ]
    pairs = list(zip("".join(numbers), "".join(plain), strict=True))
    return {
        "digit_error": sum(a != b for a, b in pairs) / len(pairs),
        "plain": score(task, numbers, plain),
        "valid": score(task, numbers, valid),
    }


def digits_of(model: Classifier, labels: np.ndarray) -> np.ndarray:
    """The digit of each tile (N,), whose labels (N,) are places in the model's classes.

    Raises:
        DigitsError: there are other classes than the ten digits, or not all of them.
    """
    classes = np.array(model.classes)[labels]
    if set(classes.tolist()) != set(CLASSES):
        raise DigitsError("--numbers needs test tiles of all ten digits, and of nothing else")
    return classes.astype(int)


def _log_probabilities(test: Measurement) -> np.ndarray:
    """Of the ten digits (N, 10)."""
    columns = [test.model.classes.index(name) for name in CLASSES]
    return np.log(np.maximum(test.probabilities[:, columns], np.finfo(float).tiny))


def table(found: dict[str, Any]) -> str:
    """A line a task and model, for a terminal."""
    wide = max(5, *(len(who) for rows in found["tasks"].values() for who in rows))
    head = f"{'numbers':9}  {'model':{wide}}  digits wrong  numbers wrong  invalid  wrong if valid"
    lines = [head + "  off in all, if valid"]
    for name, rows in found["tasks"].items():
        for who, row in rows.items():
            plain, valid = row["plain"], row["valid"]
            off = f"  {valid['total_off']:,.0f} {valid['unit']}" if "unit" in valid else ""
            lines.append(
                f"{name:9}  {who:{wide}}  {row['digit_error']:12.2%}  {plain['strict_error']:13.2%}"
                f"  {plain['invalid']:7.2%}  {valid['strict_error']:14.2%}{off}"
            )
    how = "of one writer each" if found["by_writer"] else "at random, QMNIST's writers not on disk"
    return "\n".join([*lines, f"{found['count']:,} numbers a task, their digits {how}"])
