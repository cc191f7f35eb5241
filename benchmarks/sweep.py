"""One limit at several values: what it does to reading, a line a value.

    python benchmarks/sweep.py vision.ink.min_contrast 0.03 0.06 0.12
    python benchmarks/sweep.py vision.ink.reach_of_shorter_side 0.5 0.7 --only strings

A limit is a field of the record LIMITS of a stage, as of src/digits/vision/ink.py; no code is
edited. All values read the same pictures, which are made of validation digits: those of
conditions.py, strings of five digits, the same on patterned paper, the pages of papers.py, and
what is no digit and is right if it is not `read`.
"""

import argparse
import ast
import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from typing import Any

import cv2
import numpy as np
from conditions import conditions, pictures_of
from support import papers, pictures
from support.command import run_main

from digits import classifier
from digits.data import nondigits, row_ink
from digits.data.strings import CHEQUE, HEIGHT, PLAIN, compose, on_paper
from digits.errors import DigitsError
from digits.metrics import wilson_interval
from digits.pictures.load import from_array
from digits.reading.reader import Reader
from digits.spec import data_dir

Made = Iterator[tuple[np.ndarray, str]]  # grey pictures (H, W) uint8, and what stands in them
SEED = 5
MORE = 10  # times as many strings as pictures of one condition, of which there are 54
DIGITS = 5  # in a string


def in_conditions(tiles: np.ndarray, labels: np.ndarray, count: int) -> Made:
    for name in conditions():
        for digits in (5, 1):
            yield from pictures_of(name, tiles, labels, (count, digits), SEED)


def in_strings(tiles: np.ndarray, labels: np.ndarray, count: int) -> Made:
    """Touching and spaced, on white."""
    rng = np.random.default_rng(SEED)
    for chosen in rng.integers(0, len(tiles), (MORE * count, DIGITS)):
        ink = np.pad(compose(tiles[chosen], PLAIN, rng), HEIGHT // 4)
        yield 255 - ink, "".join(map(str, labels[chosen]))


def on_cheques(tiles: np.ndarray, labels: np.ndarray, count: int) -> Made:
    """By hands of all kinds, on patterned paper."""
    rng = np.random.default_rng(SEED)
    for chosen in rng.integers(0, len(tiles), (MORE * count, DIGITS)):
        yield on_paper(compose(tiles[chosen], CHEQUE, rng), rng), "".join(map(str, labels[chosen]))


def of_nondigits(tiles: np.ndarray, labels: np.ndarray, count: int) -> Made:
    for tile in nondigits.make(MORE * count, tiles[:, None], SEED, held_out=True):
        yield 255 - cv2.resize(tile[0], None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC), ""


def on_papers(tiles: np.ndarray, labels: np.ndarray, count: int) -> Made:
    """Pages of all kinds by writers held out, of which every number is to be right."""
    source = row_ink.sources(tiles, labels, data_dir(), held_out=True)
    for n, kind in enumerate(papers.KINDS.values()):
        rng = np.random.default_rng((SEED, n))
        for _ in range(count):
            grey, numbers = papers.photographed(kind(source, rng), rng)
            yield grey, "\n".join(text for text, _ in numbers)


PARTS: dict[str, Callable[[np.ndarray, np.ndarray, int], Made]] = {
    "conditions": in_conditions, "strings": in_strings, "cheques": on_cheques,
    "nondigits": of_nondigits, "papers": on_papers,
}  # fmt: skip


def stage_of(limit: str) -> tuple[Any, str]:
    """The module whose LIMITS a limit stands in, and its name there.

    Raises:
        DigitsError: there is none.
    """
    stage, _, name = limit.rpartition(".")
    try:
        home = import_module(f"digits.{stage}")
    except ModuleNotFoundError:
        raise DigitsError(f"{limit}: no such stage; name one as in vision.ink.{name}") from None
    names = [f.name for f in dataclasses.fields(home.LIMITS)] if hasattr(home, "LIMITS") else []
    if name not in names:
        known = ", ".join(names) or "none"
        raise DigitsError(f"{limit}: no such limit; those of {stage} are: {known}")
    return home, name


def parsed(text: str, like: object) -> object:
    """The value that a text spells, of the kind of another. Raises DigitsError if it is not."""
    with contextlib.suppress(ValueError, SyntaxError):
        value = ast.literal_eval(text)
        if isinstance(like, tuple):
            several = value if isinstance(value, tuple) else (value,)
            return tuple(parsed(repr(one), like[0]) for one in several)
        if isinstance(like, float) and type(value) is int:
            return float(value)
        if type(value) is type(like):
            return value
    raise DigitsError(f"{text}: give a value like {like}")


@contextlib.contextmanager
def swept(limit: str, text: str) -> Iterator[None]:
    """Within it a limit has the value that `text` spells, after it that which it had.

    Raises:
        DigitsError: no such limit, or a value of another kind.
    """
    home, name = stage_of(limit)
    limits = home.LIMITS
    home.LIMITS = dataclasses.replace(limits, **{name: parsed(text, getattr(limits, name))})
    try:
        yield
    finally:
        home.LIMITS = limits


def marks(reader: Reader, made: Made) -> Iterator[tuple[bool, bool]]:
    """Of each picture whether the answer is right, and whether it is `read`."""
    for grey, truth in made:
        answer = reader.read(from_array(grey))
        sure = answer.status == "read"
        same = sorted(answer.text.split("\n")) == sorted(truth.split("\n"))  # in any order
        yield same if truth else not sure, sure


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("limit", help="as vision.ink.min_contrast")
    parser.add_argument("values", nargs="+", help="as 0.06, or 0.7,0.2 where there are several")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--count", type=int, default=4, help=f"pictures a condition; {MORE} times as many of others"
    )
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    args = parser.parse_args(argv)
    for text in args.values:  # a wrong one is told before anything is read
        with swept(args.limit, text):
            pass
    reader = Reader.expecting(classifier.load(classifier.find(args.model)))
    tiles, labels = pictures.digits_of("validation")
    print(f"| {args.limit} | right | `read` | wrong among these |\n|---|---|---|---|")
    for text in args.values:
        made = chain.from_iterable(PARTS[part](tiles, labels, args.count) for part in args.only)
        with swept(args.limit, text):
            right, read = np.array(list(marks(reader, made))).T
        low, high = wilson_interval(int(right.sum()), len(right))
        shown = f"{right.sum()} of {len(right)}, {right.mean():.1%} ({low:.1%} to {high:.1%})"
        print(f"| {text} | {shown} | {read.sum()} | {(read & ~right).sum()} |", flush=True)
    return 0


if __name__ == "__main__":
    run_main(main)
