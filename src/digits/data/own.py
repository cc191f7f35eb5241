"""One's own data: a folder with one folder a class, a CSV file of path,label, an .npz file, or pen
strokes in a UNIPEN file.

It says what it found on standard error, and what it leaves out and why, before anything is learned.
"""

import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from digits import card
from digits.data import unipen
from digits.data.look import Look
from digits.data.own_files import EXPECTED, TEST, TRAIN, VALIDATION, Item, items_of
from digits.data.own_split import parts_of
from digits.data.split import Dataset, Split
from digits.data.suspects import suspects
from digits.data.tile_store import tiles_of
from digits.errors import DigitsError
from digits.spec import NONE

FILES = (".csv", ".npz", *unipen.SUFFIXES)
MOST_SUSPECTS = 50  # labels that may be wrong and are named
MOST_NAMED = 5  # files that are left out and named; of more their number is told


def is_own(name: str) -> bool:
    """Whether a data set's name is a path."""
    return Path(name).suffix in FILES or Path(name).is_dir() or "/" in name or "\\" in name


def load(name: str, hold_out: int, look: Look, folder: Path) -> Dataset:
    """The data that lie at a path, as tiles of this `look`; many of them are mapped from a file in
    `folder`.

    One in five pictures of a class is for the test and one in `hold_out` of the others for
    validation (see `own_split`), unless the folder has parts of its own.

    Raises:
        DigitsError: there is no such data or no picture in it can be read; with `look.strict`, also
            when one cannot, or is there twice.
    """
    path = Path(name)
    items = list(items_of(path))
    tiles, why_not, sizes = tiles_of(path, items, look, folder)
    items = [replace(item, source="") for item in items]  # of a million, pixels are a gigabyte
    usable = _usable(path, why_not, look)
    kept = _distinct(path, items, tiles, usable, look, why_not)
    left_out = [
        (item.name, item.label, f"left out: {why}")
        for item, why in zip(items, why_not, strict=True)
        if why
    ]
    items, places = [items[i] for i in kept], np.fromiter(kept, np.int64)
    classes = in_order(item.label for item in items)
    if not card.is_classes(classes, least=1):
        raise DigitsError(f"{path}: a class has a name that none can have, of {classes!r:.80}")
    parts = np.array(parts_of(path, items, list(kept.values()), hold_out))
    number = {label: k for k, label in enumerate(classes)}
    labels = np.array([number[item.label] for item in items])
    _say_what_was_found(path, items, classes, parts, sizes)
    if look.check_labels:
        _say_suspects(path, items, tiles[places], labels, classes)
    train, validation, test = (
        Split(tiles, labels[parts == part], places[parts == part])
        for part in (TRAIN, VALIDATION, TEST)
    )
    listing = tuple((i.name, i.label, str(part)) for i, part in zip(items, parts, strict=True))
    return Dataset(name, train, validation, test, classes, (*listing, *left_out))


def in_order(labels: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    """The classes among labels: numbers by their value, then names, and last what is none."""

    def rank(label: str) -> tuple[bool, bool, int, str]:
        number = label.isascii() and label.isdecimal() and len(label) < 10
        return label == NONE, not number, int(label) if number else 0, label

    return tuple(sorted(set(labels), key=rank))


def _usable(path: Path, why_not: list[str], look: Look) -> list[int]:
    """The places of the pictures that can be read."""
    _leave_out(path, "cannot be used", [why for why in why_not if why], look)
    usable = [i for i, why in enumerate(why_not) if not why]
    if not usable:
        raise DigitsError(f"{path}: no picture in it can be read; {EXPECTED}")
    return usable


def _distinct(
    path: Path, items: list[Item], tiles: np.ndarray, usable: list[int], look: Look,
    why_not: list[str],
) -> dict[int, str]:  # fmt: skip
    """The places of tiles, each tile once, and a key of each: a picture in two parts would be
    learned and measured, and of one with two labels nobody knows which is right. `why_not` is told
    of those that are left out."""
    first: dict[str, int] = {}
    others: dict[int, list[int]] = defaultdict(list)
    for i in usable:
        key = hashlib.sha256(tiles[i].tobytes()).hexdigest()[:32]
        if (same := first.setdefault(key, i)) != i:
            others[same].append(i)
    twice: list[int] = []
    torn: list[int] = []
    for place, more in others.items():
        one, rest = items[place], [items[i] for i in more]
        if any(other.part != one.part for other in rest):
            raise DigitsError(
                f"{path}: {one.name} and {rest[0].name} are the same picture in two parts; "
                "delete one"
            )
        if any(other.label != one.label for other in rest):
            torn += [place, *more]
            for i in (place, *more):
                why_not[i] = f"{items[i].name}: labelled {items[i].label!r}"
        else:
            twice += more
            for i in more:
                why_not[i] = f"{items[i].name}: the same as {one.name}"
    _leave_out(path, "are there twice", [why_not[i] for i in twice], look)
    _leave_out(path, "are there with two labels", [why_not[i] for i in torn], look)
    kept = {place: key for key, place in first.items() if not why_not[place]}
    if not kept:
        raise DigitsError(f"{path}: every picture is there with two labels")
    return kept


def _leave_out(path: Path, why: str, left_out: list[str], look: Look) -> None:
    """Name what is left out, or with `strict` refuse it."""
    if left_out and look.strict:
        raise DigitsError(f"{path}: {len(left_out)} pictures {why}, the first {left_out[0]}")
    for said in left_out[:MOST_NAMED]:
        print(f"warning: left out: {said}", file=sys.stderr)
    if left_out:
        print(f"warning: {path}: {len(left_out)} pictures {why}", file=sys.stderr)


def _say_what_was_found(
    path: Path, items: list[Item], classes: tuple[str, ...], parts: np.ndarray, sizes: list[str]
) -> None:
    counts = Counter(item.label for item in items)
    each = ", ".join(f"{name} {counts[name]}" for name in classes)
    of_parts = ", ".join(f"{part} {(parts == part).sum():,}" for part in (TRAIN, VALIDATION, TEST))
    writers = {item.writer for item in items}
    by = f" by {len(writers)} writers" if len(writers) > 1 else ""
    found = f"{path}: {len(items):,} pictures of {len(classes)} classes{by}"
    print(f"{found}: {of_parts}\n  {each:.300}", file=sys.stderr)
    which = ("smallest", "median", "largest")
    of_pixels = ", ".join(f"{size} the {name}" for size, name in zip(sizes, which, strict=False))
    print(f"  pixels: {of_pixels}", file=sys.stderr)
    for part in (TRAIN, VALIDATION, TEST):
        there = {item.label for item, one in zip(items, parts, strict=True) if one == part}
        missing = [name for name in classes if name not in there]
        if missing:
            print(f"warning: {path}: no picture for {part} of {', '.join(missing):.80}",
                  file=sys.stderr)  # fmt: skip


def _say_suspects(
    path: Path, items: list[Item], tiles: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]
) -> None:
    found = suspects(tiles, labels)
    for i, likelier in found[:MOST_SUSPECTS]:
        words = f"labelled {items[i].label!r}, looks like {classes[likelier]!r}"
        print(f"warning: {items[i].name}: {words}", file=sys.stderr)
    print(f"{path}: {len(found)} of {len(items):,} labels may be wrong", file=sys.stderr)
