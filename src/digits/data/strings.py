"""Number strings composed from single digits: as one hand writes them, spaced, touching, on paper.

Everything is drawn from one `numpy` generator, so that a seed gives the same strings again. What is
passed in decides what they are good for: training digits for training, test digits for measuring.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import crop, stroke_width

HEIGHT = 56  # pixels of a digit as composed; the tiles' 20 px are enlarged for that


@dataclass(frozen=True)
class Hand:
    """How one hand writes: ranges from which every string draws its own values.

    `gap` is the least distance of neighbours in digit heights (negative: strokes run into each
    other), `slant` in pixels to the right per pixel up, `pen` the stroke's width in heights
    (None: the digits keep their own), `drift` the baseline's wander, `size` the scatter of
    the digits' heights.
    """

    gap: tuple[float, float] = (-0.06, 0.25)
    slant: tuple[float, float] = (-0.25, 0.45)
    pen: tuple[float, float] | None = (0.07, 0.16)
    drift: float = 0.06
    size: float = 0.12
    punctuation: float = 0.0  # the share of strings with dots, commas, dashes


PLAIN = Hand(gap=(-0.02, 0.25), slant=(0.0, 0.0), pen=None, drift=0.03, size=0.0)
CHEQUE = Hand(punctuation=0.7)


def compose(tiles: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """Ink (h, w) uint8 of digit tiles (n, 28, 28) uint8, written from left to right by one hand."""
    gap, slant = rng.uniform(*hand.gap), rng.uniform(*hand.slant)
    pen = rng.uniform(*hand.pen) if hand.pen else None
    glyphs = [_glyph(tile, slant, pen, hand, rng) for tile in tiles]
    drops = rng.normal(0, hand.drift, len(tiles)) * HEIGHT
    if rng.random() < hand.punctuation:
        glyphs, drops = _punctuated(glyphs, drops, pen or 0.12, rng)
    return _beside(glyphs, drops, gap * HEIGHT, rng)


def _glyph(
    tile: np.ndarray, slant: float, pen: float | None, hand: Hand, rng: np.random.Generator
) -> np.ndarray:
    """One digit in the hand's size, slant and pen."""
    high = HEIGHT * (1 + rng.normal(0, hand.size))
    digit = crop(tile)
    scale = max(high, 12) / max(digit.shape)
    wide = scale * (1 + rng.normal(0, hand.size))
    digit = cv2.convertScaleAbs(digit, alpha=255 / digit.max())
    digit = cv2.resize(digit, None, fx=wide, fy=scale, interpolation=cv2.INTER_CUBIC)
    if slant:
        reach = int(np.ceil(abs(slant) * digit.shape[0]))
        shear = np.array([[1, -slant, reach if slant > 0 else 0], [0, 1, 0]])
        digit = cv2.warpAffine(digit, shear, (digit.shape[1] + reach, digit.shape[0]))
    digit = cv2.copyMakeBorder(digit, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=0)
    return digit if pen is None else _with_pen(digit, pen * HEIGHT)


def _with_pen(ink: np.ndarray, pen: float) -> np.ndarray:
    """Strokes thickened or thinned to a width of `pen` pixels, and their grey edges made crisp."""
    core = (ink > 127).astype(np.uint8)
    width = stroke_width(ink) if core.any() else pen
    change = round(max(pen - width, -0.35 * width))  # thinner, and faint joins would break
    if change:
        side = abs(change) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        changed = cv2.dilate(ink, kernel) if change > 0 else cv2.erode(ink, kernel)
        ink = changed if (changed > 127).sum() > 0.3 * core.sum() else ink
    return np.clip((ink.astype(np.float32) - 40) * 1.8, 0, 255).astype(np.uint8)


def _punctuated(
    glyphs: list[np.ndarray], drops: np.ndarray, pen: float, rng: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray]:
    """Dots and commas before the last three digits, dashes at the end."""
    marks = list(zip(glyphs, drops, strict=True))
    if len(marks) > 3 and rng.random() < 0.8:
        marks.insert(len(marks) - 3, (_mark(".,"[rng.integers(2)], pen, rng), HEIGHT * 0.42))
    if rng.random() < 0.5:
        for kind in (".-", "-", "=", ".")[rng.integers(4)]:
            marks.append((_mark(kind, pen, rng), HEIGHT * (0.42 if kind == "." else 0.1)))
    return [m[0] for m in marks], np.array([m[1] for m in marks])


def _mark(kind: str, pen: float, rng: np.random.Generator) -> np.ndarray:
    """Ink of a dot, comma, dash or equals sign."""
    width = max(2, round(pen * HEIGHT))
    ink = np.zeros((HEIGHT, HEIGHT), np.uint8)
    x, y = HEIGHT // 2, HEIGHT // 2
    jitter = rng.integers(-3, 4, 4)
    if kind == ".":
        cv2.circle(ink, (x, y), max(2, round(width * rng.uniform(0.5, 0.9))), 255, -1, cv2.LINE_AA)
    elif kind == ",":
        end = (x - 4 + int(jitter[0]), y + 9 + int(jitter[1]))
        cv2.line(ink, (x, y), end, 255, width, cv2.LINE_AA)
    for line in range({"-": 1, "=": 2}.get(kind, 0)):
        half = int(rng.integers(8, 20))
        at = y + line * 3 * width
        begin, end = (x - half, at + int(jitter[line])), (x + half, at + int(jitter[line + 2]))
        cv2.line(ink, begin, end, 255, width, cv2.LINE_AA)
    ys, xs = np.nonzero(ink)
    return ink[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]


def _beside(
    glyphs: list[np.ndarray], drops: np.ndarray, gap: float, rng: np.random.Generator
) -> np.ndarray:
    """Put glyphs side by side, `gap` pixels apart where neighbours are nearest."""
    tall = 2 * HEIGHT + max(g.shape[0] for g in glyphs)
    sheet = np.zeros((tall, sum(g.shape[1] for g in glyphs) + len(glyphs) * HEIGHT), np.uint8)
    right = np.full(tall, -1)  # the last column of ink in each line
    x = 0
    for glyph, drop in zip(glyphs, drops, strict=True):
        y = int(np.clip((tall - glyph.shape[0]) / 2 + drop, 0, tall - glyph.shape[0]))
        if right.max() >= 0:
            x = _touching(right[y : y + glyph.shape[0]], glyph, int(right.max()))
            x = max(0, round(x + gap + rng.normal(0, 0.04) * HEIGHT))
        there = sheet[y : y + glyph.shape[0], x : x + glyph.shape[1]]
        np.maximum(there, glyph, out=there)
        ink = glyph > 127
        last = x + glyph.shape[1] - 1 - ink[:, ::-1].argmax(axis=1)
        lines = right[y : y + glyph.shape[0]]
        np.maximum(lines, np.where(ink.any(axis=1), last, -1), out=lines)
    ys, xs = np.nonzero(sheet > 32)
    return sheet[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]


def _touching(right: np.ndarray, glyph: np.ndarray, most: int) -> int:
    """The column at which a glyph's ink just touches that on its left (nearby lines count too)."""
    ink = glyph > 127
    first = np.where(ink.any(axis=1), ink.argmax(axis=1), glyph.shape[1])
    near = cv2.dilate(right.astype(np.float32)[:, None], np.ones((9, 1)))[:, 0]
    room = np.where((near >= 0) & (first < glyph.shape[1]), near - first + 1, -np.inf)
    touching = room.max()
    nearest = most - glyph.shape[1] // 2  # one digit does not slide under another
    return int(max(touching, nearest)) if np.isfinite(touching) else most + 2


def on_paper(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A grey picture (h, w) uint8 of ink on a cheque's or form's patterned paper, as scanned."""
    scale = rng.uniform(0.55, 1.0)
    small = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = np.pad(small, rng.integers(1, 14, (2, 2)).tolist())
    height, width = ink.shape
    light = rng.uniform(130, 240)
    paper = light + _pattern(height, width, rng) + rng.normal(0, rng.uniform(1, 5), ink.shape)
    paper += np.linspace(-1, 1, width) * rng.uniform(0, 15)
    if rng.random() < 0.6:  # the form's rule under the number, or over it
        y = int(rng.choice([rng.integers(0, 4), height - 1 - rng.integers(0, 8)]))
        tilt = int(rng.integers(-1, 2))
        line = np.zeros_like(ink)
        cv2.line(line, (0, y), (width, y + tilt), 255, int(rng.integers(1, 3)), cv2.LINE_AA)
        paper -= line * (rng.uniform(0.2, 0.6) * light / 255)
    dark = rng.uniform(0.35, 0.85)
    grey = paper * (1 - dark * ink / 255.0)
    blurred = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.4, 1.0))
    _, jpeg = cv2.imencode(
        ".jpg", np.clip(blurred, 0, 255).astype(np.uint8),
        [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 95))],
    )  # fmt: skip
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE))


def _pattern(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Fine wavy lines in two directions, as safety paper has them."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    lines = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(0, 3)):
        angle, period = rng.uniform(0, np.pi), rng.uniform(4, 9)
        wave = rng.uniform(0, 4) * np.sin(
            (x * np.sin(angle) - y * np.cos(angle)) / rng.uniform(6, 30)
        )
        phase = (x * np.cos(angle) + y * np.sin(angle) + wave) * (2 * np.pi / period)
        lines -= (np.sin(phase) > rng.uniform(0.3, 0.8)) * rng.uniform(5, 35)
    return lines
