"""What the finder learns: pages, and where on them numbers stand.

The loss of each map is cross entropy, pixels of rows weighed more, and the Dice loss (Milletari et
al. 2016), by which a small row counts as much as a large one. What keeps two cores apart weighs
most (as the borders between touching cells in Ronneberger et al. 2015, "U-Net").
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data import pages
from digits.data.pages import Page
from digits.training.loop import epoch_order
from digits.training.made_up import Lesson, Subject, answers

VALIDATION = 200, 10**6  # pages by held-out writers, and their seed
WEIGHT = 5.0  # of a pixel in a row, of one beside
BETWEEN = 20.0  # likewise of a pixel between two cores
GAP = 13  # pixels of the map: cores no further apart have pixels between them
BATCH = 8  # pages that are judged together


def lesson(samples_of: Callable[[int], list[Page]], validation: list[Page]) -> Lesson[Page]:
    """Pages and their maps, judged on those of `validation`."""
    return Lesson(samples_of, batches, _loss, lambda model: evaluate(model, validation))


def batches(samples: list[Page], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Batches of pages in random order: a function of seed and epoch alone."""
    order = epoch_order(len(samples), seed, epoch).tolist()
    return [order[at : at + size] for at in range(0, len(order), size)]


def stack(some: list[Page], on: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Page images (N, 1, H, W) uint8, and what their maps (N, H / 2, W / 2, 2) shall be, 0..1."""
    images = torch.from_numpy(np.stack([page.grey[None] for page in some]))
    maps = torch.from_numpy(np.stack([pages.maps(page.rows) for page in some]))
    return images.to(on), maps.to(on).permute(0, 2, 3, 1).float() / 255


def _loss(model: nn.Module, some: list[Page], generator: torch.Generator) -> Tensor:
    images, maps = stack(some, generator.device)
    return map_loss(answers(model, images), maps)


def map_loss(logits: Tensor, maps: Tensor) -> Tensor:
    """How wrong logits (N, h, w, 2) are of maps (N, h, w, 2) in 0..1."""
    weights = 1 + (WEIGHT - 1) * maps
    weights[..., 1] += (BETWEEN - 1) * between(maps[..., 1])
    entropy = F.binary_cross_entropy_with_logits(logits, maps, weights)
    share = logits.sigmoid()
    over = (0, 1, 2)
    both = (share * maps).sum(over)
    dice = 1 - (2 * both + 1) / ((share + maps).sum(over) + 1)
    return 2 * entropy + dice.mean()


def between(cores: Tensor) -> Tensor:
    """How far each place of a map of cores (N, h, w) in 0..1 lies in a gap between two of them."""
    gaps = []
    for side in ((1, GAP), (GAP, 1)):
        room = (side[0] // 2, side[1] // 2)
        grown = F.max_pool2d(cores, side, 1, room)
        gaps.append(-F.max_pool2d(-grown, side, 1, room) - cores)
    return torch.maximum(*gaps)


@torch.no_grad()
def evaluate(model: nn.Module, samples: list[Page]) -> dict[str, float]:
    """The loss, and how well cores are met: intersection over union of their pixels."""
    was_training, on = model.training, next(model.parameters()).device
    model.eval()
    loss, both, either = 0.0, 0, 0
    for at in range(0, len(samples), BATCH):
        images, maps = stack(samples[at : at + BATCH], on)
        logits = answers(model, images)
        loss += float(map_loss(logits, maps)) * len(images)
        said, true = logits[..., 1] > 0, maps[..., 1] > 0.5
        both += int((said & true).sum())
        either += int((said | true).sum())
    model.train(was_training)
    return {
        "validation_loss": loss / len(samples),
        "validation_accuracy": both / max(either, 1),
    }


SUBJECT = Subject(pages.samples, VALIDATION, lesson)
