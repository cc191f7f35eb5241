"""Add drawn digits and made-up non-digits to a training set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from digits.data import hands, nondigits, strokes
from digits.data.split import Split
from digits.spec import CLASSES

NONE_LABEL = len(CLASSES)  # of the eleventh class, spec.NONE


@dataclass(frozen=True)
class Extras:
    """What to add, as shares of the set: `drawn` digits of stroke templates, `non_digits`, digits
    by the `hands` in a folder, half as many of their letters where there are non-digits."""

    drawn: float = 0.0
    non_digits: float = 0.0
    hands: float = 0.0
    folder: Path = Path()


def extend(split: Split, extras: Extras, seed: int) -> Split:
    """`split` and behind it what is added; non-digits have NONE_LABEL.

    Raises:
        DigitsError: the hands are not there.
    """
    rng = np.random.default_rng(seed)
    drawn, non_digits = extras.drawn, extras.non_digits
    parts = [split]
    if not (drawn or non_digits or extras.hands):
        return split  # a copy would be as large again
    if drawn:
        images, labels = strokes.draw(round(drawn * len(split)), rng)
        parts.append(Split(torch.from_numpy(images), torch.from_numpy(labels)))
    if non_digits:
        images = nondigits.make(round(non_digits * len(split)), split.images.numpy(), rng)
        labels = np.full(len(images), NONE_LABEL)
        parts.append(Split(torch.from_numpy(images), torch.from_numpy(labels)))
    if extras.hands:
        count = round(extras.hands * len(split))
        images, labels = hands.digit_tiles(count, extras.folder, rng)
        parts.append(Split(torch.from_numpy(images), torch.from_numpy(labels)))
        if non_digits:
            images = hands.other_tiles(count // 2, extras.folder, rng)
            labels = np.full(len(images), NONE_LABEL)
            parts.append(Split(torch.from_numpy(images), torch.from_numpy(labels)))
    return Split(torch.cat([p.images for p in parts]), torch.cat([p.labels for p in parts]))
