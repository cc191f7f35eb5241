"""The 1,797 scans of 8x8 pixels of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin &
Kaynak 1998, CC BY 4.0), as tiles. uci.npz has them as scikit-learn does: (1797, 8, 8), 0 to 16.

They need no network: what the tests, and those without MNIST, train on.
"""

from pathlib import Path

import numpy as np

from digits.data.split import Dataset, held_out, split_of
from digits.spec import HOLD_OUT
from digits.tile import frame


def load(hold_out: int = HOLD_OUT) -> Dataset:
    """Train on 1,317, validate on 120, test on 360 (or hold out others)."""
    with np.load(Path(__file__).with_name("uci.npz")) as file:
        scans, labels = file["images"], file["labels"]
    inks = (scans * (255 / 16)).round().astype(np.uint8)  # (N, 8, 8)
    tiles = np.stack([frame(ink, normalise_pen=False) for ink in inks])
    learn, test = held_out(split_of(tiles, labels), 5)
    train, validation = held_out(learn, hold_out)
    return Dataset("uci", train, validation, test)
