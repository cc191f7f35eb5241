"""The 1,797 scans of 8x8 pixels that scikit-learn ships (UCI, Alpaydin & Kaynak 1998), as tiles.

They need no network: what the tests, and those without MNIST, train on.
"""

import numpy as np
import torch

from digits.data.split import Dataset, Split, held_out
from digits.spec import HOLD_OUT
from digits.tile import frame


def load(hold_out: int = HOLD_OUT) -> Dataset:
    """Train on 1,317, validate on 120, test on 360 (or hold out others)."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    labels = torch.from_numpy(scans.target).long()
    inks = (scans.images * (255 / 16)).round().astype(np.uint8)  # (N, 8, 8)
    tiles = np.stack([frame(ink, normalise_pen=False) for ink in inks])
    everything = Split(torch.from_numpy(tiles)[:, None], labels)
    learn, test = held_out(everything, 5)
    train, validation = held_out(learn, hold_out)
    return Dataset("uci", train, validation, test)
