"""The 1,797 scans of 8x8 pixels that scikit-learn ships (UCI, Alpaydin & Kaynak 1998), as tiles.

They need no network: what the tests, and those without MNIST, train on.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from digits.data.split import Dataset, Split, every_nth
from digits.spec import HOLD_OUT, INK_SIZE, TILE_SIZE


def load(hold_out: int = HOLD_OUT) -> Dataset:
    """Train on 1,317, validate on 120, test on 360 (or hold out others)."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    labels = torch.from_numpy(scans.target).long()
    images = torch.from_numpy(scans.images).float()[:, None] * (255 / 16)  # (N, 1, 8, 8)
    everything = Split(centre(frame(images)), labels)
    learn, test = everything_but(everything, 5)
    train, validation = everything_but(learn, hold_out)
    return Dataset("uci", train, validation, test)


def everything_but(split: Split, n: int) -> tuple[Split, Split]:
    """Split off every n-th of each class."""
    rest, held_out = every_nth(split.labels.numpy(), n)
    return split[torch.from_numpy(rest)], split[torch.from_numpy(held_out)]


def frame(scans: Tensor) -> Tensor:
    """Scans (N, 1, 8, 8) on the 0..255 scale, scaled into the middle 20x20 of (N, 1, 28, 28)."""
    ink = F.interpolate(scans, (INK_SIZE, INK_SIZE), mode="bicubic", align_corners=False)
    return F.pad(ink.clamp(0, 255), [(TILE_SIZE - INK_SIZE) // 2] * 4)


def centre(tiles: Tensor) -> Tensor:
    """Move each tile's centre of mass to the middle, by whole pixels; uint8 out."""
    weights = tiles.sum(dim=(1, 2, 3)).clamp(min=1)
    position = torch.arange(TILE_SIZE, dtype=tiles.dtype)
    middle = (TILE_SIZE - 1) / 2
    dy = middle - (tiles.sum(dim=(1, 3)) * position).sum(1) / weights
    dx = middle - (tiles.sum(dim=(1, 2)) * position).sum(1) / weights
    shifts = torch.stack([dy, dx], dim=1).round().int().tolist()
    moved = [tile.roll(shift, dims=(1, 2)) for tile, shift in zip(tiles, shifts, strict=True)]
    return torch.stack(moved).round().to(torch.uint8)
