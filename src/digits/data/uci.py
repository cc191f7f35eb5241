"""The 1,797 scans of 8x8 pixels that scikit-learn ships (UCI, Alpaydin & Kaynak 1998), as tiles.

They need no network: what the tests, and those without MNIST, train on.
"""

import numpy as np

from digits.data.split import Dataset, held_out, split_of
from digits.spec import HOLD_OUT
from digits.tile import frame


def load(hold_out: int = HOLD_OUT) -> Dataset:
    """Train on 1,317, validate on 120, test on 360 (or hold out others)."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    inks = (scans.images * (255 / 16)).round().astype(np.uint8)  # (N, 8, 8)
    tiles = np.stack([frame(ink, normalise_pen=False) for ink in inks])
    learn, test = held_out(split_of(tiles, scans.target), 5)
    train, validation = held_out(learn, hold_out)
    return Dataset("uci", train, validation, test)
