"""Mixed batches: those of torchvision used by hand, and what a seed alone decides."""

import sys

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms import v2

from digits.data.mixing import mix
from digits.errors import DigitsError
from digits.training.config import CHOICES

CLASSES = 7
HOWS = [how for how in CHOICES["mixing"] if how != "none"]


def batch() -> tuple[Tensor, Tensor]:
    """Tiles without a black pixel, and their labels."""
    drawn = torch.Generator().manual_seed(1)
    images = torch.rand(12, 3, 32, 32, generator=drawn) * 200 + 55
    return images, torch.randint(CLASSES, (12,), generator=drawn)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("how", ["mixup", "cutmix"])
def test_mixed_tiles_are_torchvisions(how: str) -> None:
    images, labels = batch()
    mixed, shares = mix(images, labels, how, CLASSES, generator(5))
    torch.manual_seed(6)
    by_hand = {"mixup": v2.MixUp, "cutmix": v2.CutMix}[how](num_classes=CLASSES)
    expected, expected_shares = by_hand(images, labels)
    assert torch.equal(mixed, expected) and torch.equal(shares, expected_shares)
    assert not torch.equal(mixed, images)


def test_labels_are_shares_of_what_is_to_be_seen() -> None:
    images, labels = batch()
    before, classes = images.roll(1, 0), F.one_hot(labels, CLASSES).float()
    blended, shares = mix(images, labels, "mixup", CLASSES, generator(0))
    part = ((blended - before) / (images - before)).mean()
    torch.testing.assert_close(shares, classes * part + classes.roll(1, 0) * (1 - part))
    pasted, shares = mix(images, labels, "cutmix", CLASSES, generator(0))
    part = (pasted == images)[:, 0].float().mean()
    torch.testing.assert_close(shares, classes * part + classes.roll(1, 0) * (1 - part))


def test_each_tile_is_erased_by_itself_as_torchvision_does() -> None:
    images, labels = batch()
    erased, same = mix(images, labels, "erasing", CLASSES, generator(5))
    torch.manual_seed(6)
    assert torch.equal(erased, torch.stack([v2.RandomErasing()(image) for image in images]))
    holes = (erased == 0).flatten(1).float().mean(1)
    assert torch.equal(same, labels) and len(set(holes.tolist())) > 3
    assert (holes == 0).any() and holes.max() < 0.4


@pytest.mark.parametrize("how", HOWS)
def test_the_seed_alone_decides_and_nobody_elses_numbers_change(how: str) -> None:
    images, labels = batch()
    torch.manual_seed(3)
    undisturbed = torch.rand(4)
    torch.manual_seed(3)
    one = mix(images, labels, how, CLASSES, generator(5))
    assert torch.equal(torch.rand(4), undisturbed)
    used = generator(5)
    torch.rand(100, generator=used)
    same, other = (mix(images, labels, how, CLASSES, g) for g in (used, generator(6)))
    assert all(map(torch.equal, one, same)) and not torch.equal(one[0], other[0])
    assert torch.equal(images, batch()[0]), "what it was given stays as it is"


def test_none_changes_nothing() -> None:
    images, labels = batch()
    assert mix(images, labels, "none", CLASSES, generator(0)) == (images, labels)


def test_without_torchvision_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.transforms.v2", None)
    with pytest.raises(DigitsError, match="--mixing needs torchvision: pip install"):
        mix(*batch(), "mixup", CLASSES, generator(0))
