"""Load a data set by name: uint8 tiles and labels in memory."""

import sys
from pathlib import Path

from digits import spec
from digits.data.split import Dataset
from digits.errors import DigitsError

NAMES = ("auto", "mnist", "uci")


def load(
    name: str = "auto", data_dir: str | Path | None = None, hold_out: int = spec.HOLD_OUT
) -> Dataset:
    """Load `mnist`, `uci`, or with `auto` MNIST if it can be had, else `uci` with a warning.

    Every `hold_out`-th tile of a class of what may be learned from is kept for validation.

    Raises:
        DigitsError: the name is unknown, a file is damaged, or `mnist` cannot be had.
    """
    from digits.data import mnist, uci

    if name not in NAMES:
        raise DigitsError(f"unknown data set {name!r}; known are {', '.join(NAMES)}")
    if name == "uci":
        return uci.load(hold_out)
    folder = Path(data_dir) if data_dir is not None else spec.data_dir()
    why_not = mnist.fetch(folder)
    if why_not is None:
        return mnist.load(folder, hold_out)
    if name == "mnist":
        raise DigitsError(f"{why_not}; name its folder with --data_dir, or try --dataset uci")
    print(
        f"WARNING: {why_not}.\n"
        "WARNING: going on with the 1,797 small scans that scikit-learn ships (--dataset uci):\n"
        "WARNING: good for a try, not for a model that reads real handwriting.",
        file=sys.stderr,
    )
    return uci.load(hold_out)
