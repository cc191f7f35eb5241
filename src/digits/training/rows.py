"""What a row model learns: row images and their texts, by CTC (Graves et al. 2006), so that nobody
has to say where in a row a digit stands.

Most are crops, as cheques and forms give them; the others are lines that the finder sees on pages.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data import rows
from digits.data.pages import Page
from digits.data.row_ink import Sources
from digits.data.rows import MOST_COLUMNS, Sample
from digits.row_image import HEIGHT, PAPER, STRIDE, row_image
from digits.spec import ROW_CLASSES
from digits.training import page_lines
from digits.training.loop import epoch_order
from digits.training.made_up import Lesson, Subject, answers
from digits.vision.ink import is_inverted
from digits.vision.lines import Line

BLANK = len(ROW_CLASSES)  # the last class
VALIDATION = 1500, 10**6  # row images by held-out writers, and their seed
ON_PAGES = 0.35  # the share of rows that are lines of pages
OF_PAGE = 3  # such rows of a page: made-up pages have a little more, at the mean
REUSE = 4  # epochs that share their rows: making a page's takes as long as learning from it
CUT = 0.15  # of a line's height: a number that reaches further beyond its row is not whole in it
ALIKE = 25  # pixels by which widths within a batch may differ and not be sorted apart


def samples(count: int, source: Sources, seed: int, processes: int = 1) -> list[Sample]:
    """`count` row images with their texts, the same for a seed."""
    of_pages = round(ON_PAGES * count)
    return rows.samples(count - of_pages, source, seed, processes) + page_lines.samples(
        _of_page, OF_PAGE, of_pages, source, seed, processes
    )


def _of_page(source: Sources, rng: Generator) -> list[Sample]:
    page = page_lines.page(source, rng)
    made = []
    for line, text in whole_numbers(page):
        under = line.under(page.grey)
        image = row_image(under, is_inverted(under))
        if image.shape[1] <= MOST_COLUMNS:
            made.append((image, text))
    return made


def whole_numbers(page: Page) -> Iterator[tuple[Line, str]]:
    """The finder's lines of a page in which one number stands, and its text."""
    for line in page_lines.parted(page.grey):
        text = text_of(line, page)
        if text is not None:
            yield line, text


def text_of(line: Line, page: Page) -> str | None:
    """The text of the one number in a page's line and the paper at its ends; None where none stands
    there, several do, or it is cut off."""
    along, down = (line.corners[[1, 3]] - line.corners[0]) / [[line.width], [line.height]]
    start, end = -min(line.paper, line.walls[0]), line.width + min(line.paper, line.walls[1])
    cut, texts = CUT * line.height, []
    for row, text in zip(page.rows, page.texts, strict=True):
        places = row - line.corners[0]
        first, last = (places @ along).min(), (places @ along).max()
        middle = (places @ down).mean() / line.height
        if last > start + cut and first < end - cut and -0.5 < middle < 1.5:
            on_page = row.min() >= 0 and row.max() <= len(page.grey)
            is_whole = start - cut < first and last < end + cut and 0.25 < middle < 0.75
            texts.append(text if on_page and is_whole else None)
    return texts[0] if len(texts) == 1 else None


def lesson(samples_of: Callable[[int], list[Sample]], validation: list[Sample]) -> Lesson[Sample]:
    """Row images and their texts, judged on those of `validation`."""
    return Lesson(samples_of, batches, _loss, lambda model: evaluate(model, validation), REUSE)


def _loss(model: nn.Module, some: list[Sample], generator: torch.Generator) -> Tensor:
    images, texts, columns = stack(some, generator.device)
    return ctc_loss(answers(model, vary(images, generator)), texts, columns)


def ctc_loss(logits: Tensor, texts: list[str], columns: Tensor) -> Tensor:
    """The mean CTC loss of logits (N, T, classes), each row `columns` (N,) of them long."""
    targets = torch.tensor([ROW_CLASSES.index(c) for text in texts for c in text], dtype=torch.long)
    lengths = torch.tensor([len(text) for text in texts])
    log_probs = logits.float().log_softmax(-1).transpose(0, 1)
    return F.ctc_loss(
        log_probs, targets.to(logits.device), columns, lengths, BLANK, zero_infinity=True
    )


def batches(
    samples: Sequence[tuple[np.ndarray, Any]], size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Batches of samples whose images (H, W) are about as wide, in random order: a function of seed
    and epoch alone."""
    shuffled = epoch_order(len(samples), seed, epoch).tolist()
    shuffled.sort(key=lambda k: samples[k][0].shape[1] // ALIKE)
    cut = [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
    return [cut[k] for k in epoch_order(len(cut), seed + 1, epoch).tolist()]


def stack(some: list[Sample], on: torch.device | str = "cpu") -> tuple[Tensor, list[str], Tensor]:
    """Row images (N, 1, HEIGHT, W) uint8, padded with paper, their texts and columns (N,)."""
    width = max(image.shape[1] for image, _ in some)
    stacked = np.full((len(some), 1, HEIGHT, width), PAPER, np.uint8)
    for into, (image, _) in zip(stacked, some, strict=True):
        into[0, :, : image.shape[1]] = image
    columns = torch.tensor([image.shape[1] // STRIDE for image, _ in some])
    return torch.from_numpy(stacked).to(on), [text for _, text in some], columns


def vary(images: Tensor, generator: torch.Generator) -> Tensor:
    """Row images (N, 1, H, W), each differently sheared, bent, scaled, and lighter or darker."""
    count, _, height, width = images.shape
    on = images.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        drawn = torch.rand((count, *shape), generator=generator, device=on)
        return low + (high - low) * drawn

    affine = torch.zeros(count, 2, 3, device=on)
    affine[:, 0, 0] = uniform(1.0, 1.1)  # narrower alone: what is wider loses its last columns
    affine[:, 1, 1] = uniform(0.92, 1.08)
    affine[:, 0, 1] = uniform(-0.12, 0.12) * height / width
    affine[:, 1, 0] = uniform(-0.02, 0.02) * width / height
    affine[:, 0, 2] = affine[:, 0, 0] - 1  # the first columns stay in
    affine[:, 1, 2] = uniform(-0.05, 0.05)
    pixel = torch.tensor([2 / width, 2 / height], device=on)
    bends = torch.randn((count, 2, 4, 12), generator=generator, device=on)
    bends = F.interpolate(bends, (height, width), mode="bilinear").permute(0, 2, 3, 1)
    grid = F.affine_grid(affine, [count, 1, height, width], align_corners=False)
    x = F.grid_sample(
        images.float(), grid + 0.9 * pixel * bends, padding_mode="border", align_corners=False
    )
    x = (x - PAPER) * uniform(0.7, 1.15, 1, 1, 1) + PAPER + uniform(-8, 8, 1, 1, 1)
    return x.clamp(0, 255)


@torch.no_grad()
def evaluate(model: nn.Module, samples: list[Sample]) -> dict[str, float]:
    """Loss, and the share of rows whose likeliest path spells the text, signs and all."""
    was_training, on = model.training, next(model.parameters()).device
    model.eval()
    order = sorted(range(len(samples)), key=lambda k: samples[k][0].shape[1])
    loss, right = 0.0, 0
    for at in range(0, len(order), 64):
        images, texts, columns = stack([samples[k] for k in order[at : at + 64]], on)
        logits = model(images.float())
        loss += float(ctc_loss(logits, texts, columns)) * len(texts)
        paths = logits.argmax(dim=-1).cpu().numpy()
        right += sum(
            spelled(path[:n]) == text
            for path, n, text in zip(paths, columns.tolist(), texts, strict=True)
        )
    model.train(was_training)
    return {
        "validation_loss": loss / len(samples),
        "validation_accuracy": right / len(samples),
    }


def spelled(path: np.ndarray) -> str:
    """The text of a path (T,) of classes: repeats and blanks dropped."""
    kept = path[np.flatnonzero(np.diff(path, prepend=-1))]
    return "".join(ROW_CLASSES[k] for k in kept if k != BLANK)


SUBJECT = Subject(samples, VALIDATION, lesson)
