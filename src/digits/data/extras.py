"""Add drawn digits and made-up non-digits to a training set."""

import numpy as np
import torch

from digits.data import nondigits, strokes
from digits.data.split import Split
from digits.spec import CLASSES

NONE_LABEL = len(CLASSES)  # of the eleventh class, spec.NONE


def extend(split: Split, drawn: float, non_digits: float, seed: int) -> Split:
    """`split` and behind it as many drawn digits and non-digits as these shares of it."""
    return concatenate(split, *extras(split, drawn, non_digits, seed))


def extras(split: Split, drawn: float, non_digits: float, seed: int) -> list[Split]:
    """Drawn digits, and non-digits with NONE_LABEL, some of them made of the tiles of `split`."""
    rng = np.random.default_rng(seed)
    parts = []
    if drawn:
        images, labels = strokes.draw(round(drawn * len(split)), rng)
        parts.append(Split(torch.from_numpy(images), torch.from_numpy(labels)))
    if non_digits:
        images = nondigits.make(round(non_digits * len(split)), split.images.numpy(), rng)
        labels = np.full(len(images), NONE_LABEL)
        parts.append(Split(torch.from_numpy(images), torch.from_numpy(labels)))
    return parts


def concatenate(*splits: Split) -> Split:
    images = torch.cat([split.images for split in splits])
    return Split(images, torch.cat([split.labels for split in splits]))
