"""Load a data set by name or path: uint8 tiles and labels in memory."""

import sys
from pathlib import Path

from digits import spec
from digits.data.look import Look
from digits.data.split import Dataset, Split
from digits.errors import DigitsError, did_you_mean

DEFAULT = Look()
NAME_IT = "name its folder with --data_dir or DIGITS_DATA_DIR"
NAMES = (
    "auto", "mnist", "uci", "emnist-digits", "emnist-letters", "emnist-balanced", "fashion",
    "kmnist", "qmnist", "usps", "cifar10", "unipen-digits", "unipen-letters", "unipen-symbols",
    "pendigits", "uji-digits", "bhmsds-digits",
)  # fmt: skip


def load(
    name: str = "auto",
    data_dir: str | Path | None = None,
    hold_out: int = spec.HOLD_OUT,
    look: Look = DEFAULT,
    weights: str = "",
) -> Dataset:
    """Load a set of NAMES, one's own data by their path, or several, with commas between them.

    With `auto` it is MNIST if that can be had, else `uci` with a warning. Every `hold_out`-th tile
    of a class of what may be learned from is kept for validation. `look` is how one's own
    pictures become tiles; `weights` how often the tiles of each of several sets are learned from
    ("1,5"; "0.1" is a tenth of them).

    Raises:
        DigitsError: the name is unknown, a file is damaged, or the set cannot be had.
    """
    from digits.data import own

    names = [name] if Path(name).exists() else name.split(",")
    if look.check_labels and not any(own.is_own(one.strip()) for one in names):
        raise DigitsError(f"--check_labels is for your own data, not {name}")
    parts = [_load(one.strip(), data_dir, hold_out, look) for one in names]
    if len(parts) > 1:
        return mixed(parts, _weights(weights, len(parts)))
    if weights:
        raise DigitsError("--weights are for several sets, as in --dataset mnist,my_folder/")
    return parts[0]


def _load(name: str, data_dir: str | Path | None, hold_out: int, look: Look) -> Dataset:
    from digits.data import hand_sets, mnist, named, own, uci
    from digits.data.own_files import EXPECTED

    if name == "uci":
        return uci.load(hold_out)
    folder = Path(data_dir) if data_dir is not None else spec.data_dir()
    if name in named.LOADERS:
        return named.load(name, folder, hold_out)
    if name in hand_sets.SETS:
        return hand_sets.load(name, folder, hold_out)
    if name not in NAMES:
        if own.is_own(name):
            return own.load(name, hold_out, look, folder)
        hint = did_you_mean(name, NAMES)
        raise DigitsError(
            f"no such folder or data set {name!r}{hint}; known are {', '.join(NAMES)}; "
            f"or {EXPECTED}"
        )
    why_not = mnist.fetch(folder)
    if why_not is None:
        return mnist.load(folder, hold_out)
    if name == "mnist":
        raise DigitsError(f"{why_not}; {NAME_IT}, or try --dataset uci")
    print(
        f"WARNING: {why_not}; {NAME_IT}.\n"
        "WARNING: going on with the 1,797 small scans of UCI (--dataset uci):\n"
        "WARNING: good for a try, not for a model that reads real handwriting.",
        file=sys.stderr,
    )
    return uci.load(hold_out)


def mixed(parts: list[Dataset], weights: list[float]) -> Dataset:
    """Several sets as one, with the classes of all; of its training part the tiles of each set are
    there `weights` times, of validation and test once.

    Raises:
        DigitsError: their tiles have different shapes.
    """
    from digits.data import own

    classes = own.in_order([name for part in parts for name in part.classes])
    alike = [part.known_to(classes, parts[0].shape) for part in parts]
    return Dataset(
        ",".join(part.name for part in parts),
        _joined([_repeated(p.train, w) for p, w in zip(alike, weights, strict=True)]),
        _joined([part.validation for part in alike]),
        _joined([part.test for part in alike]),
        classes,
        sum((part.listing for part in parts), ()),
    )


def _joined(splits: list[Split]) -> Split:
    import torch

    images = torch.cat([split.images for split in splits])
    return Split(images, torch.cat([split.labels for split in splits]))


def _repeated(split: Split, weight: float) -> Split:
    """Each tile int(weight) times, and a fixed choice of them once more for what is left."""
    import torch

    whole, count = int(weight), len(split)
    more = round((weight - whole) * count)
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(0))[:more]
    return split[torch.cat([torch.arange(count).repeat(whole), chosen])]


def _weights(text: str, count: int) -> list[float]:
    try:
        weights = [float(word) for word in text.split(",")] if text else [1.0] * count
    except ValueError:
        weights = []
    if len(weights) != count or not all(0 < weight <= 1000 for weight in weights):
        raise DigitsError(f"--weights {text}: not {count} numbers above 0, with commas between")
    return weights
