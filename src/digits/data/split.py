"""A data set in memory, in three parts that never mix."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Split:
    """images (N, 1, 28, 28) uint8 and labels (N,) int64, on one device."""

    images: "torch.Tensor"
    labels: "torch.Tensor"

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: "torch.Tensor | slice") -> "Split":
        return Split(self.images[index], self.labels[index])

    def to(self, device: "torch.device") -> "Split":
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """Train on `train`, choose by `validation`, look at `test` once."""

    name: str
    train: Split
    validation: Split
    test: Split


def every_nth(labels: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A fixed stratified split: (N,) labels -> indices of all others, of every n-th within a class.

    It needs no random numbers, so it is the same on every machine and in every version.
    """
    order = np.argsort(labels, kind="stable")
    held_out = np.zeros(len(labels), bool)
    held_out[order[::n]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
