"""A data set in memory, in three parts that never mix."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from digits.errors import DigitsError
from digits.spec import CLASSES

if TYPE_CHECKING:
    import torch


class Split:
    """images (N, C, H, W) uint8 and labels (N,) int64: tensors on one device, and the same as
    `arrays`, for which torch is not needed if it was made of arrays.

    With `places` (N,) int64 the images are those at these places of an array (M, C, H, W), perhaps
    one that is mapped from a file; `images` copies them, a part of the split only its own.
    """

    def __init__(
        self,
        images: "torch.Tensor | np.ndarray",
        labels: "torch.Tensor | np.ndarray",
        places: np.ndarray | None = None,
    ):
        self._given, self._places = (images, labels), places

    @cached_property
    def images(self) -> "torch.Tensor":
        return _tensor(self._chosen)

    @property
    def _chosen(self) -> "torch.Tensor | np.ndarray":
        return self._given[0] if self._places is None else self._given[0][self._places]

    @cached_property
    def labels(self) -> "torch.Tensor":
        return _tensor(self._given[1])

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        images, labels = (
            part if isinstance(part, np.ndarray) else part.cpu().numpy()
            for part in (self._chosen, self._given[1])
        )
        return images, labels

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one tile: channels, height, width."""
        return tuple(self._given[0].shape[1:])

    def __len__(self) -> int:
        return len(self._given[1])

    def __getitem__(self, index: "torch.Tensor | slice") -> "Split":
        if self._places is None:
            return Split(self.images[index], self.labels[index])
        of_array = index if isinstance(index, slice) else index.numpy()
        return Split(self._given[0], self.labels[index], self._places[of_array])

    def to(self, device: "torch.device") -> "Split":
        if self._places is not None and device.type == "cpu":
            return self
        return Split(self.images.to(device), self.labels.to(device))


def _tensor(given: "torch.Tensor | np.ndarray") -> "torch.Tensor":
    import torch

    return torch.from_numpy(given) if isinstance(given, np.ndarray) else given


@dataclass(frozen=True)
class Dataset:
    """Train on `train`, choose by `validation`, look at `test` once.

    A label is the place of its class in `classes`. `listing` says of each picture that came from
    a file its path, its label and its part, or why it is left out.
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
        return self.train.shape

    def require(self, *parts: str) -> None:
        """Let pass a set that has something in these parts ("train", "validation", "test").

        Raises:
            DigitsError: one is empty.
        """
        for part in parts:
            if not len(getattr(self, part)):
                raise DigitsError(
                    f"{self.name}: no picture for {part}; three of some class are the least"
                )

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
        place = np.array([classes.index(name) for name in self.classes], np.int64)
        train, validation, test = (
            Split(images, place[labels])
            for images, labels in (p.arrays for p in (self.train, self.validation, self.test))
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
    tiles = images[:, None] if images.ndim == 3 else images
    return Split(np.array(tiles, np.uint8), labels.astype(np.int64))


def held_out(learn: Split, n: int) -> tuple[Split, Split]:
    """Split off every n-th tile of each class."""
    images, labels = learn.arrays
    rest, held = every_nth(labels, n)
    return Split(images[rest], labels[rest]), Split(images[held], labels[held])
