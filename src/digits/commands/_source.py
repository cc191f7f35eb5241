"""Flags that say what a run begins with: how its data are split and seen, and from which model."""

import argparse
from collections.abc import Callable

from digits.commands._flags import number
from digits.data.look import SIZES, SIZES_IN_WORDS
from digits.training.config import ABOVE, BOUNDS, CHOICES, TrainConfig

NAMES = ("hold_out", "weights", "frame", "size", "colour", "init", "freeze")


def add_source_flags(add: Callable[..., object]) -> None:
    """Those of NAMES, each by `add(name, help, **options)`."""
    add(
        "hold_out",
        "every n-th tile of a class is for validation, not for training",
        type=within_bounds("hold_out"),
    )
    add("weights", "how often the tiles of each of several sets are learned from: 1,5")
    add("frame", "own pictures: the ink of each framed as reading does, or the whole of it resized",
        choices=CHOICES["frame"])  # fmt: skip
    add("size", "pixels of a tile's side, with --frame none", type=_side)
    add("colour", "keep it, with --frame none", action="store_true", default=None)
    add("init", "a model to start from: its path or shipped name")
    add("freeze", "layers of --init that stay as they are, from the first on",
        type=within_bounds("freeze"))  # fmt: skip


def within_bounds(name: str) -> Callable[[str], float]:
    """The type of a setting's flag, for argparse."""
    return number(type(getattr(TrainConfig, name)), *BOUNDS[name], above=name in ABOVE)


def _side(text: str) -> int:
    """The side of a tile in pixels, for argparse."""
    side = int(text)
    if side not in SIZES:
        raise argparse.ArgumentTypeError(f"{text} is not {SIZES_IN_WORDS}")
    return side
