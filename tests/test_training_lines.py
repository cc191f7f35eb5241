"""The finder's lines of made-up pages: what they are, and the texts that stand in them."""

import numpy as np
import pytest
import torch

from digits import archs
from digits.data import rows
from digits.data.pages import Page
from digits.line_image import GRID, HEIGHT
from digits.spec import LINE_CLASSES, LINE_SHAPE, ROW_SHAPE
from digits.training import lines, page_lines
from digits.training import rows as row_lessons
from digits.vision.lines import Line

NUMBER, PART, NOTHING = range(3)


def box(left: float, top: float, wide: float, high: float) -> np.ndarray:
    right, bottom = left + wide, top + high
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


@pytest.mark.parametrize(
    ("line", "is_what"),
    [
        (box(100, 100, 100, 40), "number"),
        (box(100, 100, 70, 40), "part"),  # less than three quarters of it
        (box(100, 100, 80, 40), "number"),
        (box(50, 80, 240, 52), "part"),  # which is less than two fifths of the line
        (box(100, 100, 200, 40), "part"),  # with half of the number beside it
        (box(100, 100, 160, 40), "number"),  # with little of it
        (box(300, 300, 100, 40), "nothing"),
        (box(182, 100, 30, 40), "part"),  # the end of one number, the beginning of another
        (box(100, 138, 100, 40), "nothing"),  # below it
    ],
)
def test_a_line_is_what_stands_in_it(line: np.ndarray, is_what: str) -> None:
    page = Page(np.zeros((512, 512), np.uint8), [box(100, 100, 100, 40), box(240, 100, 90, 40)])
    assert lines.class_of(Line(line, 0.9), page) == is_what


def test_lines_are_the_same_for_a_seed_and_as_many_as_asked(
    source: rows.Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_lines, "SIDES", (512,))
    first, again = (lines.samples(8, source, 5) for _ in range(2))
    other = lines.samples(8, source, 6)
    assert len(first) == len(again) == 8
    for (image, of_line), (same, too) in zip(first, again, strict=True):
        assert image.shape[0] == HEIGHT and image.shape[1] % GRID == 0
        assert np.array_equal(image, same) and of_line == too in range(len(LINE_CLASSES))
    assert any(not np.array_equal(a, b) for (a, _), (b, _) in zip(first, other, strict=True))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (box(100, 100, 100, 40), "12"),
        (box(114, 100, 86, 40), "12"),  # what is cut off stands in its paper
        (box(130, 100, 70, 40), None),  # and not here
        (box(100, 100, 122, 40), "12"),  # the paper at its end reaches another one hardly
        (box(100, 100, 135, 40), None),
        (box(100, 100, 240, 40), None),  # both
        (box(100, 75, 100, 40), None),  # too high to hold it
        (box(100, 300, 100, 40), None),
        (box(480, 300, 32, 40), None),  # the picture ends before the number does
    ],
)
def test_a_line_has_the_text_of_the_one_number_that_is_whole_in_it(
    line: np.ndarray, text: str | None
) -> None:
    numbers = [box(100, 100, 100, 40), box(240, 100, 90, 40), box(485, 300, 50, 40)]
    page = Page(np.zeros((512, 512), np.uint8), numbers, ["12", "3.4", "5"])
    assert row_lessons.text_of(Line(line, 0.9), page) == text


def test_behind_a_wall_there_is_no_other_number() -> None:
    numbers = [box(100, 100, 100, 40), box(205, 100, 90, 40)]
    page = Page(np.zeros((512, 512), np.uint8), numbers, ["12", "3.4"])
    line = Line(box(100, 100, 100, 40), 0.9)
    assert row_lessons.text_of(line, page) is None
    parted = Line(line.corners, 0.9, walls=(np.inf, 2.0))
    assert row_lessons.text_of(parted, page) == "12"


def test_so_many_rows_are_of_pages(source: rows.Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_lines, "SIDES", (512,))
    made = row_lessons.samples(20, source, 5)
    crops = rows.samples(13, source, 5)
    assert len(made) == 20 and all(image.shape[0] == ROW_SHAPE[1] for image, _ in made)
    assert [text for _, text in made[:13]] == [text for _, text in crops]
    again = row_lessons.samples(20, source, 5)
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(made, again, strict=True))
    assert all(text for _, text in made[13:])


def test_where_pages_have_no_sample_others_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = []

    def many(_: object, count: int, source: object, seed: int, processes: int) -> list[list[int]]:
        seeds.append(seed)
        return [[] for _ in range(count)] if len(seeds) < 3 else [[seed] for _ in range(count)]

    monkeypatch.setattr(page_lines, "many", many)
    made = page_lines.samples(lambda *_: [], 2, 4, None, 100, 1)  # type: ignore[arg-type]
    assert len(made) == 4 and len(set(seeds)) == len(seeds) == 4


def some(*widths: int) -> list[lines.Sample]:
    rng = np.random.default_rng(3)
    made = [rng.integers(150, 250, (HEIGHT, width), np.uint8) for width in widths]
    return [(image, k % 3) for k, image in enumerate(made)]


def test_lines_of_a_batch_have_paper_behind_them() -> None:
    images, classes = lines.stack(some(32, 96))
    assert images.shape == (2, 1, HEIGHT, 96) and classes.tolist() == [0, 1]
    behind = images[0, 0, :, 32:]
    assert (behind == behind[0, 0]).all() and 150 <= int(behind[0, 0]) <= 250


def test_batches_hold_lines_about_as_wide_and_every_one_once() -> None:
    samples = some(*np.random.default_rng(4).choice([32, 64, 320], 40))
    cut = lines.batches(samples, 8, 1, 0)
    assert sorted(k for batch in cut for k in batch) == list(range(40))
    widths = [[samples[k][0].shape[1] for k in batch] for batch in cut]
    assert sum(max(w) > min(w) for w in widths) <= 2
    assert cut == lines.batches(samples, 8, 1, 0) != lines.batches(samples, 8, 1, 1)


def test_varied_lines_stay_lines() -> None:
    images, _ = lines.stack(some(64, 64, 64))
    varied = lines.vary(images, torch.Generator().manual_seed(1))
    assert varied.shape == images.shape and varied.min() >= 0 and varied.max() <= 255
    assert not torch.allclose(varied, images.float())
    again = lines.vary(images, torch.Generator().manual_seed(1))
    assert torch.equal(varied, again)


class Says(torch.nn.Module):
    """Logits by how bright an image is: bright ones are of class 0."""

    def __init__(self) -> None:
        super().__init__()
        self.sure = torch.nn.Parameter(torch.tensor(9.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        bright = (images.float().mean((1, 2, 3)) > 128).float() * self.sure
        return torch.stack([bright, 0 * bright, self.sure - bright], 1)


def test_a_model_is_judged_by_its_likeliest_class() -> None:
    bright, dark = (np.full((HEIGHT, 64), level, np.uint8) for level in (200, 40))
    right = lines.evaluate(Says(), [(bright, NUMBER), (dark, NOTHING)])
    assert right["validation_accuracy"] == 1 and right["validation_loss"] < 0.01
    half = lines.evaluate(Says(), [(bright, NUMBER), (dark, PART)])
    assert half["validation_accuracy"] == 0.5 and half["validation_loss"] > 4


@pytest.mark.parametrize("width", [GRID, 5 * GRID])
def test_a_line_model_says_what_each_line_is(width: int) -> None:
    model = archs.create("lines", len(LINE_CLASSES), LINE_SHAPE).eval()
    images = torch.randint(0, 256, (2, 1, HEIGHT, width), dtype=torch.uint8)
    logits = model(images)
    assert logits.shape == (2, 3) and logits.dtype == torch.float32
    assert torch.allclose(logits[1:], model(images[1:]), atol=1e-4), "lines must not meet"
