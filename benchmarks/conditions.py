"""Numbers on the papers and in the lights that people bring: where reading holds, where it breaks.

    python benchmarks/conditions.py --count 100 --record before.jsonl
    python benchmarks/conditions.py --count 100 --against before.jsonl

MNIST digits, five in a row, spaced, and one alone, on a page of 900x1400 pixels, one condition
at a time, read with nothing said about what they are. Seeded: every condition shows the same.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from support import pictures
from support.command import run_main
from support.pictures import Picture

from digits import checkpoint, classifier
from digits.data.strings import PLAIN, compose
from digits.metrics import wilson_interval
from digits.pictures.load import from_array
from digits.reading.reader import Reader

HAND = replace(PLAIN, gap=(0.03, 0.3))
HEIGHT, WIDTH = 900, 1400
PAPER, PEN, PENCIL, PRINT = 205, 60, 165, 75  # brightness
CELL = 140  # pixels of a form's cell


@dataclass
class Page:
    """Paper (H, W) float32, how much of each pixel is ink (H, W) 0..1, and the ink's box."""

    paper: np.ndarray
    ink: np.ndarray
    box: tuple[int, int, int, int]
    rng: Generator

    def photograph(self, pen: float = PEN) -> np.ndarray:
        """Grey (H, W) uint8, slightly blurred and noisy."""
        grey = self.paper * (1 - self.ink) + np.minimum(self.paper, pen) * self.ink
        grey = cv2.GaussianBlur(grey, (0, 0), 1.0) + self.rng.normal(0, 4, grey.shape)
        return np.clip(grey, 0, 255).astype(np.uint8)


def page_of(tiles: np.ndarray, rng: Generator) -> Page:
    number = cv2.resize(compose(tiles, HAND, rng), None, fx=2.2, fy=2.2)
    height, width = number.shape
    x = (WIDTH - width) // 2 + int(rng.integers(-80, 81))
    y = (HEIGHT - height) // 2 + int(rng.integers(-60, 61))
    ink = np.zeros((HEIGHT, WIDTH), np.float32)
    ink[y : y + height, x : x + width] = number / 255
    return Page(np.full_like(ink, PAPER), ink, (x, y, width, height), rng)


def plain(page: Page) -> np.ndarray:
    return page.photograph()


def thick_marker(page: Page) -> np.ndarray:
    size = int(page.rng.integers(9, 22))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    page.ink = cv2.dilate(page.ink, kernel)
    return page.photograph(30)


def in_chalk(page: Page) -> np.ndarray:
    """Light, broken strokes on a board."""
    page.ink *= clouds(page.rng, 3) > -0.7
    page.paper += 10 * clouds(page.rng, 60)
    return 255 - page.photograph(40)


def blurred(page: Page) -> np.ndarray:
    return cv2.GaussianBlur(page.photograph(), (0, 0), page.rng.uniform(3, 6))


def crumpled(page: Page) -> np.ndarray:
    page.paper += 16 * clouds(page.rng, 45) + 8 * clouds(page.rng, 9)
    return page.photograph()


def clouds(rng: Generator, size: int) -> np.ndarray:
    """Smooth random values (HEIGHT, WIDTH) about 0, of deviation 1, each so many pixels large."""
    coarse = rng.normal(0, 1, (HEIGHT // size, WIDTH // size)).astype(np.float32)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def in_pencil(page: Page) -> np.ndarray:
    return page.photograph(PENCIL)


def small(page: Page) -> np.ndarray:
    """Digits of about twenty pixels."""
    x, y, width, height = page.box
    around = page.photograph()[y - 30 : y + height + 30, x - 30 : x + width + 30]
    return cv2.resize(around, None, fx=0.18, fy=0.18, interpolation=cv2.INTER_AREA)


def hard_jpeg(page: Page) -> np.ndarray:
    half = cv2.resize(page.photograph(), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    file = cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 18])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))


def cropped(page: Page) -> np.ndarray:
    """No paper around: the ink touches all sides."""
    x, y, width, height = page.box
    return page.photograph()[y : y + height, x : x + width]


def light_on_dark(page: Page) -> np.ndarray:
    return 255 - page.photograph()


def ruled(page: Page) -> np.ndarray:
    _, y, _, height = page.box
    step = round(height * page.rng.uniform(0.9, 1.6))
    foot = y + height + int(page.rng.integers(-6, 10))  # the number stands on a line, or about
    for line in range(foot % step, HEIGHT, step):
        cv2.line(page.paper, (0, line), (WIDTH, line), 150, 2)
    return page.photograph()


def squared(page: Page) -> np.ndarray:
    step = round(page.box[3] * page.rng.uniform(0.35, 0.6))
    for line in range(int(page.rng.integers(step)), WIDTH, step):
        cv2.line(page.paper, (line, 0), (line, HEIGHT), 165, 2)
        cv2.line(page.paper, (0, line), (WIDTH, line), 165, 2)
    return page.photograph()


def shadow_edge(page: Page) -> np.ndarray:
    """Everything to the right of an edge through the number has half the light."""
    x, _, width, _ = page.box
    edge = x + int(page.rng.integers(width))
    into = np.clip((np.arange(WIDTH) - edge) / page.rng.uniform(5, 60), 0, 1)
    page.paper *= 1 - 0.45 * into.astype(np.float32)
    return page.photograph(PEN * 0.75)


def under_a_lamp(page: Page) -> np.ndarray:
    """Half the light all around."""
    down, across = np.linspace(-1, 1, HEIGHT) ** 2, np.linspace(-1, 1, WIDTH) ** 2
    light = 0.5 + 0.5 * np.exp(-2 * np.add.outer(down, across)).astype(np.float32)
    return (page.photograph() * light).astype(np.uint8)


def table_edge(page: Page) -> np.ndarray:
    x, _, width, _ = page.box
    grey = page.photograph()
    table = grey[:, min(WIDTH - 5, x + width + 60) :]
    table[:] = np.clip(page.rng.normal(70, 10, table.shape), 0, 255)
    return cv2.GaussianBlur(grey, (0, 0), 1.2)


def sheet_on_a_table(page: Page) -> np.ndarray:
    """All four edges of the sheet in the picture, askew, on a dark table."""
    turn = page.rng.uniform(3, 12) * page.rng.choice([-1, 1])
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), turn, 0.75)
    table = int(page.rng.integers(40, 100))
    grey = cv2.warpAffine(page.photograph(), matrix, (WIDTH, HEIGHT), borderValue=table)
    return cv2.GaussianBlur(grey, (0, 0), 1.0)


def form_box(page: Page, margin: int = 25) -> np.ndarray:
    x, y, width, height = page.box
    corner = (x + width + margin, y + height + margin)
    cv2.rectangle(page.paper, (x - margin, y - margin), corner, PRINT, 3)
    return page.photograph()


def tight_form_box(page: Page) -> np.ndarray:
    """Its sides touch digits as often as not."""
    return form_box(page, int(page.rng.integers(-4, 12)))


def tilted_form_box(page: Page) -> np.ndarray:
    return turned(form_box(page), page.rng.uniform(-10, 10))


def tilted(page: Page) -> np.ndarray:
    return turned(page.photograph(), 15 * page.rng.choice([-1, 1]))


def in_perspective(page: Page) -> np.ndarray:
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    moved = corners + page.rng.uniform(-0.12, 0.12, (4, 2)) * [WIDTH, HEIGHT]
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    return cv2.warpPerspective(page.photograph(), matrix, (WIDTH, HEIGHT), borderValue=PAPER)


def draw(page: Page, points: np.ndarray, closed: bool = False) -> None:
    """A line in the number's ink through points (N, 2), about as thick as its pen."""
    mark, there = np.zeros(page.ink.shape, np.uint8), [points.round().astype(np.int32)]
    cv2.polylines(mark, there, closed, 255, int(page.rng.integers(6, 12)), cv2.LINE_AA)
    np.maximum(page.ink, mark / np.float32(255), out=page.ink)


def underlined(page: Page) -> np.ndarray:
    """By hand: in a bow, not level, below the digits or through their feet."""
    x, y, width, height = page.box
    along = np.linspace(-0.05, 1.05, 40)
    slope, bow = page.rng.uniform(-0.08, 0.08), page.rng.uniform(-12, 12)
    down = page.rng.uniform(-0.03, 0.2) * height + bow * np.sin(np.pi * along)
    draw(page, np.stack([x + along * width, y + height + down + slope * width * (along - 0.5)], 1))
    return page.photograph()


def in_a_ring(page: Page) -> np.ndarray:
    x, y, width, height = page.box
    angle = np.linspace(0, 2 * np.pi, 80)
    wobble = 1 + 0.03 * np.sin(3 * angle + page.rng.uniform(0, 6))
    ring = [x + width / 2 * (1 + 1.25 * wobble * np.cos(angle)),
            y + height / 2 * (1 + 1.7 * wobble * np.sin(angle))]  # fmt: skip
    draw(page, np.stack(ring, 1), closed=True)
    return page.photograph()


def in_brackets(page: Page) -> np.ndarray:
    x, y, width, height = page.box
    up = np.linspace(-0.6, 0.6, 30)
    for side, foot in ((-1, x - 30), (1, x + width + 30)):
        bow = side * page.rng.uniform(15, 30) * (1 - (up / 0.6) ** 2)
        draw(page, np.stack([foot + bow, y + height * (0.5 + up)], 1))
    return page.photograph()


def with_a_unit(page: Page) -> np.ndarray:
    """A word printed behind it, most of a digit's height away."""
    x, y, width, height = page.box
    word = ("kg", "EUR", "pcs.", "m")[page.rng.integers(4)]
    at = (x + width + height, y + height - 15)
    mark = np.zeros(page.ink.shape, np.uint8)
    cv2.putText(mark, word, at, cv2.FONT_HERSHEY_DUPLEX, 2.8, 255, 5, cv2.LINE_AA)
    np.maximum(page.ink, mark / np.float32(255), out=page.ink)
    return page.photograph()


def turned(grey: np.ndarray, degrees: float) -> np.ndarray:
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(grey, matrix, (width, height), borderValue=PAPER)


def in_cells(tiles: np.ndarray, apart: int, rng: Generator) -> np.ndarray:
    """A digit in each cell of a form, the cells side by side or `apart` pixels apart."""
    ink = np.zeros((HEIGHT, WIDTH), np.float32)
    page = Page(np.full_like(ink, PAPER), ink, (0, 0, WIDTH, HEIGHT), rng)
    for k, tile in enumerate(tiles):
        x, y = 200 + k * (CELL + apart), 350
        cv2.rectangle(page.paper, (x, y), (x + CELL, y + CELL), PRINT, 3)
        side = round(CELL * rng.uniform(0.75, 1.05))
        digit = cv2.resize(tile, (side, side), interpolation=cv2.INTER_CUBIC) / 255
        x, y = (v + (CELL - side) // 2 + int(rng.integers(-8, 9)) for v in (x, y))
        there = ink[y : y + side, x : x + side]
        np.maximum(there, digit, out=there)
    return page.photograph()


Condition = Callable[[np.ndarray, Generator], np.ndarray]  # tiles, rng -> grey
ON_A_PAGE = (
    plain, cropped, thick_marker, in_pencil, in_chalk, small, blurred, hard_jpeg, light_on_dark,
    crumpled, ruled, squared, shadow_edge, under_a_lamp, table_edge, sheet_on_a_table, tilted,
    in_perspective, form_box, tight_form_box, tilted_form_box, underlined, in_a_ring, in_brackets,
    with_a_unit,
)  # fmt: skip


def on_a_page(change: Callable[[Page], np.ndarray]) -> Condition:
    return lambda tiles, rng: change(page_of(tiles, rng))


def conditions() -> dict[str, Condition]:
    made = {change.__name__.replace("_", " "): on_a_page(change) for change in ON_A_PAGE}
    made["in cells side by side"] = lambda tiles, rng: in_cells(tiles, 0, rng)
    made["in cells apart"] = lambda tiles, rng: in_cells(tiles, 20, rng)
    return made


def pictures_of(
    name: str, tiles: np.ndarray, labels: np.ndarray, size: tuple[int, int], seed: int
) -> Iterator[tuple[np.ndarray, str]]:
    """Grey pictures (H, W) uint8 of a condition and what stands in them: `size` is how many, and of
    how many digits each."""
    picture_of, rng = conditions()[name], np.random.default_rng(seed)
    for chosen in np.random.default_rng(seed).integers(0, len(tiles), size):
        yield picture_of(tiles[chosen], rng), "".join(map(str, labels[chosen]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    parser.add_argument("--count", type=int, default=100, help="pictures a condition")
    parser.add_argument("--digits", type=int, nargs="+", default=[5, 1], help="in a picture")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=conditions(), default=list(conditions()))
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    pictures.add_split(parser)
    pictures.add_records(parser)
    args = parser.parse_args()
    reader = Reader.expecting(classifier.load(classifier.find(args.model)))
    tiles, labels = pictures.digits_of(args.split)
    rows: list[dict[str, str | int]] = []
    made: list[Picture] = []
    head = [f"{n} in a picture: right | `read` | wrong among these" for n in args.digits]
    print(f"| condition | {' | '.join(head)} |\n|---|{'---|' * 3 * len(head)}")
    for name in args.only:
        shown = name
        for digits in args.digits:
            right = read = wrong = 0
            made_of = pictures_of(name, tiles, labels, (args.count, digits), args.seed)
            for k, (grey, truth) in enumerate(made_of):
                answer = reader.read(from_array(grey))
                good, sure = answer.text == truth, answer.status == "read"
                right += good
                read += sure
                wrong += sure and not good
                said = f"{answer.text!r} {answer.status}"
                score = 2 + sure if good else 1 - sure  # to be wrong and sure is worst
                made.append(Picture(f"{name}, {digits} in a row", k, truth, said, score))
            low, high = wilson_interval(right, args.count)
            shown += f" | {right / args.count:.0%} ({low:.0%} to {high:.0%})"
            shown += f" | {read / args.count:.0%} | {wrong}"
            figures = {"count": args.count, "right": right, "read": read, "wrong_read": wrong}
            rows.append({"condition": name, "digits": digits, **figures})
        print(f"| {shown} |", flush=True)
    if args.output:
        content = {"command": " ".join(sys.argv), "split": args.split, "rows": rows}
        checkpoint.write_json(args.output, content)
    pictures.conclude(made, args)
    return 0


if __name__ == "__main__":
    run_main(main)
