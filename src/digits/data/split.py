"""A data set in memory, in three parts that never mix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from digits.errors import DigitsError
from digits.spec import CLASSES

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Split:
    """images (N, C, H, W) uint8 and labels (N,) int64, on one device."""

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
    """Train on `train`, choose by `validation`, look at `test` once.

    A label is the place of its class in `classes`. `listing` says of each picture that came from
    a file its path, its label and its part.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...] = CLASSES
    listing: tuple[tuple[str, str, str], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one tile: channels, height, width."""
        return tuple(self.train.images.shape[1:])

    def known_to(self, classes: Sequence[str], shape: Sequence[int | None]) -> "Dataset":
        """With labels that are places in a model's `classes`.

        Raises:
            DigitsError: the model does not know a class, or takes tiles of another shape.
        """
        unknown = [name for name in self.classes if name not in classes]
        if unknown:
            raise DigitsError(
                f"{self.name}: has classes that the model does not know "
                f"({', '.join(unknown):.60}); it knows {', '.join(classes):.60}"
            )
        if self.shape != tuple(shape):
            raise DigitsError(
                f"{self.name}: tiles of {_by(self.shape)}, and the model takes {_by(shape)}"
            )
        if self.classes == tuple(classes):
            return self
        import torch

        place = torch.tensor([classes.index(name) for name in self.classes])
        train, validation, test = (
            Split(part.images, place[part.labels])
            for part in (self.train, self.validation, self.test)
        )
        return Dataset(self.name, train, validation, test, tuple(classes), self.listing)


def _by(shape: Sequence[int | None]) -> str:
    return "x".join(map(str, shape))


def every_nth(labels: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A fixed stratified split: (N,) labels -> indices of all others, of every n-th within a class.

    It needs no random numbers, so it is the same on every machine and in every version.
    """
    order = np.argsort(labels, kind="stable")
    held_out = np.zeros(len(labels), bool)
    held_out[order[::n]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def split_of(images: np.ndarray, labels: np.ndarray) -> Split:
    """Grey images (N, H, W) or coloured ones (N, C, H, W) uint8 and labels (N,) as a split."""
    import torch

    tiles = images[:, None] if images.ndim == 3 else images
    return Split(
        torch.from_numpy(np.array(tiles, np.uint8)), torch.from_numpy(labels.astype(np.int64))
    )


def held_out(learn: Split, n: int) -> tuple[Split, Split]:
    """Split off every n-th tile of each class."""
    import torch

    rest, held = every_nth(learn.labels.numpy(), n)
    return learn[torch.from_numpy(rest)], learn[torch.from_numpy(held)]
