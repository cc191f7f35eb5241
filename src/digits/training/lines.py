"""What the line model learns: lines that the shipped finder sees on made-up pages, and whether each
is one number by hand, a part of one or several, or nothing that is wanted, such as print."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data.pages import Page
from digits.data.row_ink import Sources
from digits.line_image import HEIGHT
from digits.spec import LINE_CLASSES
from digits.training import page_lines
from digits.training.made_up import Lesson, Subject, answers
from digits.training.rows import batches
from digits.vision.lines import Line

Sample = tuple[np.ndarray, int]  # a line image (HEIGHT, W) uint8 and the place of its class
VALIDATION = 3000, 10**6  # lines of pages by held-out writers, and their seed
OF_PAGE = 10  # lines of a page: made-up pages have a little more, at the mean
REUSE = 6  # epochs that share their lines: making one takes ten times as long as learning from it
BATCH = 64  # lines that are judged together
# Shares of the area of a line or of a number that are shared by both: from MEETS of either on they
# meet, from HELD of its own on a number is another one in the line, from WHOLE of its own on and
# FULL of the line's the number is the line.
MEETS, HELD, WHOLE, FULL = 0.2, 0.3, 0.75, 0.4
SHIFT, STRETCH = 0.05, 0.06  # shares of the image, at most
LIGHTER, CONTRAST = 12.0, (0.7, 1.15)  # levels at most; of the levels


def samples(count: int, source: Sources, seed: int, processes: int = 1) -> list[Sample]:
    """`count` line images and what they are, the same for a seed."""
    return page_lines.samples(_of_page, OF_PAGE, count, source, seed, processes)


def _of_page(source: Sources, rng: Generator) -> list[Sample]:
    page = page_lines.page(source, rng)
    return [
        (line.seen(page.grey), LINE_CLASSES.index(class_of(line, page)))
        for line in page_lines.parted(page.grey)
    ]


def class_of(line: Line, page: Page) -> str:
    """What a line of a page is, one of LINE_CLASSES, by the numbers that stand there."""
    area = _area(line.corners)
    shared = [_shared(line.corners, row) for row in page.rows]
    shares = [(s / area, s / _area(row)) for s, row in zip(shared, page.rows, strict=True)]
    met = [(of_line, of_row) for of_line, of_row in shares if max(of_line, of_row) > MEETS]
    if not met:
        return "nothing"
    of_line, of_row = max(met, key=lambda both: both[0] * both[1])
    others = sum(of_row > HELD for _, of_row in met) > 1
    return "part" if others or of_row < WHOLE or of_line < FULL else "number"


def _area(corners: np.ndarray) -> float:
    return max(cv2.contourArea(corners.astype(np.float32)), 1.0)


def _shared(first: np.ndarray, second: np.ndarray) -> float:
    """The area that two boxes, corners (4, 2), have in common."""
    return cv2.intersectConvexConvex(first.astype(np.float32), second.astype(np.float32))[0]


def lesson(samples_of: Callable[[int], list[Sample]], validation: list[Sample]) -> Lesson[Sample]:
    """Line images and their classes, judged on those of `validation`."""
    return Lesson(samples_of, batches, _loss, lambda model: evaluate(model, validation), REUSE)


def stack(some: list[Sample], on: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Line images (N, 1, HEIGHT, W) uint8, with paper behind them, and their classes (N,)."""
    width = max(image.shape[1] for image, _ in some)
    stacked = np.empty((len(some), 1, HEIGHT, width), np.uint8)
    for into, (image, _) in zip(stacked, some, strict=True):
        into[0] = np.median(image)
        into[0, :, : image.shape[1]] = image
    classes = torch.tensor([of_line for _, of_line in some])
    return torch.from_numpy(stacked).to(on), classes.to(on)


def _loss(model: nn.Module, some: list[Sample], generator: torch.Generator) -> Tensor:
    images, classes = stack(some, generator.device)
    return F.cross_entropy(answers(model, vary(images, generator)), classes)


def vary(images: Tensor, generator: torch.Generator) -> Tensor:
    """Line images (N, 1, H, W), each a little moved, stretched, and lighter or darker."""
    count, on = len(images), images.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        drawn = torch.rand((count, *shape), generator=generator, device=on)
        return low + (high - low) * drawn

    affine = torch.zeros(count, 2, 3, device=on)
    affine[:, 0, 0], affine[:, 1, 1] = uniform(1 - STRETCH, 1 + STRETCH, 2).T
    affine[:, :, 2] = uniform(-2 * SHIFT, 2 * SHIFT, 2)
    grid = F.affine_grid(affine, list(images.shape), align_corners=False)
    x = F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
    middle = x.mean((1, 2, 3), keepdim=True)
    x = (x - middle) * uniform(*CONTRAST, 1, 1, 1) + middle + uniform(-LIGHTER, LIGHTER, 1, 1, 1)
    return x.clamp(0, 255)


@torch.no_grad()
def evaluate(model: nn.Module, samples: list[Sample]) -> dict[str, float]:
    """The loss, and the share of lines whose likeliest class is theirs."""
    was_training, on = model.training, next(model.parameters()).device
    model.eval()
    loss, right = 0.0, 0
    ordered = sorted(samples, key=lambda sample: sample[0].shape[1])
    for at in range(0, len(ordered), BATCH):
        images, classes = stack(ordered[at : at + BATCH], on)
        logits = answers(model, images)
        loss += float(F.cross_entropy(logits, classes, reduction="sum"))
        right += int((logits.argmax(1) == classes).sum())
    model.train(was_training)
    return {"validation_loss": loss / len(samples), "validation_accuracy": right / len(samples)}


SUBJECT = Subject(samples, VALIDATION, lesson)
