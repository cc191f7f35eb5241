"""Flags that say what a run begins with: how its data are split and seen, and from which model."""

import argparse
from collections.abc import Callable

from digits.commands._flags import number
from digits.data.look import LEAST_SIZE, MOST_SIZE, SIZE_STEP
from digits.training.config import CHOICES

NAMES = ("hold_out", "weights", "frame", "size", "colour", "init", "freeze")


def add_source_flags(add: Callable[..., object]) -> None:
    """Those of NAMES, each by `add(name, help, **options)`."""
    add(
        "hold_out",
        "every n-th tile of a class is for validation, not for training",
        type=number(int, 2, 100),
    )
    add("weights", "how often the tiles of each of several sets are learned from: 1,5")
    add("frame", "own pictures: the ink of each framed as reading does, or the whole of it resized",
        choices=CHOICES["frame"])  # fmt: skip
    add("size", "pixels of a tile's side, with --frame none", type=_side)
    add("colour", "keep it, with --frame none", action="store_true", default=None)
    add("init", "a model to start from: its path or shipped name")
    add("freeze", "layers of --init that stay as they are, from the first on", type=number(int, 0))


def _side(text: str) -> int:
    """The side of a tile in pixels, for argparse."""
    side = int(text)
    if not LEAST_SIZE <= side <= MOST_SIZE or side % SIZE_STEP:
        raise argparse.ArgumentTypeError(
            f"{text} is not one of {LEAST_SIZE}, {LEAST_SIZE + SIZE_STEP}, ... {MOST_SIZE}"
        )
    return side
