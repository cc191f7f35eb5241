"""A second generator of pages, never trained on: other fonts, papers and layouts, other writers.

Photographs of 1400x1000 pixels of forms, comb fields, tables, tallies, envelopes, plain pages, and
of what holds no number by hand, and where each number stands on them. Seeded.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from digits.data import hands, row_ink, row_text
from digits.data.row_ink import Sources

HEIGHT, WIDTH = 1400, 1000
TRIES = 8  # to write a number into its room
FONTS = (
    "DejaVuSansMono-Bold", "cmtt10", "STIXGeneralItalic", "DejaVuSerif-Italic", "cmb10",
    "DejaVuSansMono-Oblique",
)  # fmt: skip
LABELS = (
    "Name", "Date of birth", "Postcode", "Meter reading", "Total", "Quantity", "Invoice no.",
    "Phone", "Weight (kg)", "Price", "Room", "Order", "Page 3 of 12", "Form 27-B", "Tel. 555 0199",
)  # fmt: skip


@dataclass
class Paper:
    """Ink and print (HEIGHT, WIDTH) uint8, and each number's text and box (x, y, width, height)."""

    pen: np.ndarray = field(default_factory=lambda: np.zeros((HEIGHT, WIDTH), np.uint8))
    print: np.ndarray = field(default_factory=lambda: np.zeros((HEIGHT, WIDTH), np.uint8))
    numbers: list[tuple[str, tuple[int, int, int, int]]] = field(default_factory=list)

    def write(
        self, text: str, x: float, y: float, height: float, room: float, source: Sources,
        rng: Generator,
    ) -> float:  # fmt: skip
        """A number by a held-out hand with its foot at y, written narrower or smaller where it
        would be wider than `room`; answers how wide it is."""
        for _ in range(TRIES):
            ink = row_ink.of(text, source, height, rng).ink
            if ink.shape[1] <= room:
                break
        else:
            small = room / ink.shape[1]
            ink = cv2.resize(ink, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
        high, wide = ink.shape
        left, top = int(x), int(y - high)
        there = self.pen[max(top, 0) : top + high, left : left + wide]
        np.maximum(there, ink[max(-top, 0) :][: len(there), : there.shape[1]], out=there)
        self.numbers.append((text, (left, top, wide, high)))
        return wide

    def label(self, text: str, x: float, y: float, size: float, rng: Generator) -> float:
        """Printed text with its top at y; answers how wide it is."""
        folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        font = ImageFont.truetype(str(folder / f"{FONTS[rng.integers(len(FONTS))]}.ttf"), int(size))
        image = Image.fromarray(self.print)
        ImageDraw.Draw(image).text((x, y), text, 255, font)
        self.print = np.array(image)
        return float(font.getlength(text))

    def line(self, x0: float, y0: float, x1: float, y1: float, thick: int = 2) -> None:
        ends = (int(x0), int(y0)), (int(x1), int(y1))
        cv2.line(self.print, *ends, 220, thick, cv2.LINE_AA)


def _some(rng: Generator, least: int = 2, most: int = 6) -> str:
    return row_text.digits(int(rng.integers(least, most + 1)), rng)


def form(source: Sources, rng: Generator) -> Paper:
    """Ten printed labels, a rule or a box behind each, most of them filled."""
    paper = Paper()
    size = rng.uniform(18, 30)
    paper.label("REGISTRATION 2024", 90, 60, 1.6 * size, rng)
    for k in range(10):
        y = 230 + 105 * k
        x = 90 + paper.label(LABELS[rng.integers(len(LABELS))] + ":", 90, y - size, size, rng) + 20
        room = rng.uniform(250, 420)
        if k % 2:
            paper.line(x, y + 8, x + room, y + 8)
        else:
            corners = (int(x), int(y - 55)), (int(x + room), int(y + 15))
            cv2.rectangle(paper.print, *corners, 220, 2)
        if rng.random() < 0.8:
            paper.write(_some(rng), x + 20, y, rng.uniform(30, 46), room - 30, source, rng)
    return paper


def comb(source: Sources, rng: Generator) -> Paper:
    """Six fields of a cell a digit, labelled."""
    paper = Paper()
    for k in range(6):
        y, pitch = 200 + 190 * k, rng.uniform(44, 66)
        text = _some(rng, 3, 8)
        paper.label(LABELS[rng.integers(len(LABELS))], 100, y - 100, 22, rng)
        x0, high = 100, pitch * rng.uniform(1.0, 1.3)
        cells = len(text) + int(rng.integers(0, 3))
        for c in range(cells + 1):
            paper.line(x0 + c * pitch, y, x0 + c * pitch, y - high)
        for level in (y, y - high):
            paper.line(x0, level, x0 + cells * pitch, level)
        boxes = []
        hand = row_ink.writer(source, rng)
        for c, digit in enumerate(text):
            height = high * rng.uniform(0.5, 0.72)
            ink = row_ink.written(digit, hand, source, height, rng).ink
            tall, wide = ink.shape
            x = int(x0 + (c + 0.5) * pitch - wide / 2 + rng.normal(0, 2))
            top = int(y - (high + tall) / 2 + rng.normal(0, 2))
            there = paper.pen[top : top + tall, x : x + wide]
            np.maximum(there, ink[:, : there.shape[1]], out=there)
            boxes.append((x, top, x + wide, top + tall))
        low, high_ends = np.min(boxes, axis=0), np.max(boxes, axis=0)
        left, top, right, foot = (int(v) for v in (*low[:2], *high_ends[2:]))
        paper.numbers.append((text, (left, top, right - left, foot - top)))
    return paper


def table(source: Sources, rng: Generator) -> Paper:
    """A grid with a printed head and printed row names, most cells filled."""
    paper = Paper()
    across, down = int(rng.integers(3, 6)), int(rng.integers(6, 14))
    x0, y0, wide, high = 80, 150, 840 / across, 1150 / down
    for c in range(across + 1):
        paper.line(x0 + c * wide, y0, x0 + c * wide, y0 + down * high)
    for r in range(down + 1):
        paper.line(x0, y0 + r * high, x0 + across * wide, y0 + r * high)
    for r in range(down):
        for c in range(across):
            x, foot = x0 + c * wide, y0 + (r + 1) * high
            if r == 0 or c == 0:
                paper.label(
                    LABELS[rng.integers(len(LABELS))][:9], x + 8, foot - 0.6 * high, 18, rng
                )
            elif rng.random() < 0.75:
                height = min(0.55 * high, 44) * rng.uniform(0.85, 1.1)
                foot -= 0.2 * high
                paper.write(
                    _some(rng, 1, 4), x + 0.12 * wide, foot, height, 0.84 * wide, source, rng
                )
    return paper


def tally(source: Sources, rng: Generator) -> Paper:
    """A printed column of names and one of numbers by hand, with a sum."""
    paper = Paper()
    rows = int(rng.integers(6, 12))
    for x in (90, 560, 860):
        paper.line(x, 120, x, 180 + 100 * rows)
    for k in range(rows):
        y = 180 + 100 * k
        paper.label(LABELS[rng.integers(len(LABELS))], 110, y - 34, 26, rng)
        left = 600 + rng.uniform(0, 60)
        paper.write(_some(rng, 2, 5), left, y, rng.uniform(38, 54), 850 - left, source, rng)
        if k % 3 == 2:
            paper.line(90, y + 24, 860, y + 24, 1)
    return paper


def envelope(source: Sources, rng: Generator) -> Paper:
    """Words by hand, and a number in the last line; a stamp."""
    paper = Paper()
    cv2.rectangle(paper.print, (780, 60), (930, 240), 150, 3)
    cv2.circle(paper.print, (700, 160), 80, 170, 2, cv2.LINE_AA)
    for k in range(4):
        x, y = 250 + rng.uniform(0, 40), 500 + 130 * k
        for _ in range(1 if k == 3 else 2):
            some = [source.others[i] for i in rng.integers(len(source.others), size=6)]
            ink = row_ink.beside([(hands.draw(g, 60, 6), 0.0) for g in some], 4, 60, 0, rng)
            high, wide = ink.shape
            there = paper.pen[int(y) - high : int(y), int(x) : int(x) + wide]
            np.maximum(there, ink[:, : there.shape[1]][-len(there) :], out=there)
            x += wide + 50
        if k == 3 and x < 700:
            paper.write(_some(rng, 5, 5), x, y, rng.uniform(52, 68), WIDTH - 40 - x, source, rng)
    return paper


def plain(source: Sources, rng: Generator) -> Paper:
    """Rows of numbers and nothing else."""
    paper = Paper()
    rows = int(rng.integers(1, 9))
    for k in range(rows):
        height, x, y = rng.uniform(36, 80), rng.uniform(60, 300), 180 + 145 * k
        paper.write(_some(rng, 1, 8), x, y, height, WIDTH - 60 - x, source, rng)
    return paper


def nothing(source: Sources, rng: Generator) -> Paper:
    """Print, drawings, words: no number by hand."""
    paper = Paper()
    for k in range(int(rng.integers(0, 14))):
        paper.label(" ".join(rng.choice(LABELS, 4)), 80, 100 + 80 * k, rng.uniform(16, 40), rng)
    for _ in range(int(rng.integers(0, 6))):
        points = rng.integers(0, WIDTH, (int(rng.integers(2, 6)), 2)).astype(np.int32)
        cv2.polylines(paper.pen, [points], bool(rng.random() < 0.5), 255, int(rng.integers(2, 9)))
    return paper


KINDS: dict[str, Callable[[Sources, Generator], Paper]] = {
    "plain": plain, "forms": form, "comb fields": comb, "tables": table, "tallies": tally,
    "envelopes": envelope, "no number": nothing,
}  # fmt: skip


def photographed(paper: Paper, rng: Generator) -> tuple[np.ndarray, list[tuple[str, np.ndarray]]]:
    """The grey photograph (H, W) uint8 of a paper, and the corners (4, 2) of its numbers."""
    page = np.full((HEIGHT, WIDTH), rng.uniform(170, 245), np.float32)
    page *= 1 - rng.uniform(0.45, 0.85) * paper.print / np.float32(255)
    page *= 1 - rng.uniform(0.4, 0.9) * paper.pen / np.float32(255)
    corners = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    moved = corners + rng.uniform(-0.035, 0.035, (4, 2)).astype(np.float32) * WIDTH
    whole = cv2.getPerspectiveTransform(corners, moved)
    table = np.full_like(page, rng.uniform(30, 140))
    seen = cv2.warpPerspective(
        page, whole, (WIDTH, HEIGHT), table, borderMode=cv2.BORDER_TRANSPARENT
    )
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    away = (x - rng.uniform(-1, 1)) ** 2 + (y - rng.uniform(-1, 1)) ** 2
    seen = seen * (1 - rng.uniform(0, 0.3) * away / 4)
    seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.5, 1.6)) + rng.normal(0, 4, seen.shape)
    numbers = []
    for text, (left, top, wide, high) in paper.numbers:
        box = [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
        numbers.append((text, cv2.perspectiveTransform(np.array([box], np.float32), whole)[0]))
    return np.clip(seen, 0, 255).astype(np.uint8), numbers
