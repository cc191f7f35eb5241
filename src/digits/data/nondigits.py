"""Made-up non-digits, for a class 'none': what a reader meets between and instead of digits.

Letters (from matplotlib's fonts, and by hand), signs, scribbles, shapes, clothes, textures, noise,
two digits in one tile, bands cut out of digits. Left out is what can be taken for a digit: the
letters B I O Q S Z b g i j l o q s y z, brackets, slashes, upright bars, rings, halves of digits.
Every fourth font, drawing, silhouette and texture is never made unless asked for with `held_out`,
so that rejection can be measured on kinds that were not in the training.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from digits.data.strokes import Picture, bend, ink, stretched
from digits.spec import TILE_SIZE
from digits.tile import frame

FONTS = (
    "STIXGeneralItalic", "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono",
    "STIXGeneralBolIta", "DejaVuSerif", "DejaVuSans-Oblique", "cmr10",
    "DejaVuSerif-Italic", "STIXGeneral", "cmss10", "DejaVuSansMono-Bold",
    "cmti10", "cmtt10", "STIXGeneralBol", "cmb10",
)  # fmt: skip
CHARACTERS = "ACDEFGHJKLMNPRTUVWXYacdefhkmnprtuvwx#%&@$?+="

# By hand, in the language of `strokes.STYLES`. What is held out, from the first on, is another form
# of a letter, or a sign: each letter is trained on in some form.
DRAWINGS = (
    "0,100 28,0! 60,100 | 12,60 50,60",  # A
    "28,0 0,100 | 28,0 60,100 | 10,62 48,60",  # A
    "56,14 34,0 8,16 0,50 8,86 32,100 58,86",  # C
    "6,0 6,100 | 0,2 36,6 58,46 36,92 0,100",  # D
    "54,8 20,0 8,22 30,44! 4,66 14,96 56,92",  # E, round
    "52,0 4,0! 4,100! 54,100 | 4,48 44,48",  # E
    "54,0 4,0! 4,100 | 4,46 42,46",  # F
    "56,14 30,0 4,24 2,70 28,100 56,84 56,56! 34,56",  # G
    "0,0 8,90 24,100 38,40! 52,100 68,80 72,0",  # W, round
    "4,0 4,100 | 54,0 54,100 | 4,50 54,50",  # H
    "20,0 66,0 | 42,0 42,80 24,100 2,84",  # J
    "4,0 4,100 | 52,0 6,52! 56,100",  # K
    "0,0 30,46! 30,100 | 60,0 30,46",  # Y, two strokes
    "6,0 4,100! 54,100",  # L
    "0,100 6,0! 36,60! 66,0! 74,100",  # M
    "2,100 4,0! 54,100! 56,0",  # N
    "4,100 8,4! 40,0 54,22 36,44 10,48! 58,100",  # R, one stroke
    "6,0 4,100 | 2,4 40,0 54,24 38,48 6,52",  # P
    "6,0 4,100 | 2,4 40,0 54,24 38,46 8,50! 56,100",  # R
    "0,0 66,0 | 34,0 32,100",  # T
    "0,100 10,0! 34,70! 60,0! 66,90 78,100",  # M, round
    "2,0 2,70 26,100 54,74 54,0",  # U
    "0,0 28,100! 58,0",  # V
    "0,0 18,100! 38,30! 58,100! 78,0",  # W
    "4,0 4,100 | 56,0 54,50 8,56 | 54,50 54,100 64,90",  # H, cursive
    "0,0 58,100 | 56,0 2,100",  # X
    "0,0 30,46! 60,0 | 30,46 28,100",  # Y
    "44,20 22,2 0,34 10,86 34,80 48,10! 46,76 62,96",  # a
    "0,90 20,30 22,0 8,10 6,100! 10,56 34,44 30,62 10,66! 48,100",  # k, cursive
    "44,56 20,40 0,72 18,100 44,76 | 50,0 46,100",  # d
    "4,52 56,46! 50,8 26,0 0,40 10,90 36,100 60,80",  # e
    "50,10 32,0 22,24 20,100 | 2,44 44,42",  # f
    "0,60 36,20 30,0 18,20 16,110 24,100 28,70 50,56",  # f, cursive
    "4,0 4,100! 10,56 34,44 46,62 46,100",  # h
    "4,0 4,100 | 42,44 6,70! 48,100",  # k
    "2,20 4,100! 8,30 26,16 36,34 36,100! 40,34 58,16 70,34 70,100",  # m
    "50,0 50,100 | 5,25 95,75 | 95,25 5,75",  # *
    "2,4 4,100! 8,24 34,2 52,26 52,100",  # n
    "4,10 4,100 | 4,20 30,2 50,26 32,54 4,46",  # p
    "4,4 6,100! 8,36 28,6 50,12",  # r
    "60,10 30,0 6,50 30,100 60,90 | -8,40 44,38 | -8,60 40,58",  # euro
    "24,0 22,80 36,100 54,90 | 0,28 50,26",  # t
    "2,4 2,70 22,98 48,70! 52,4! 52,96 62,94",  # u
    "66,10 30,70 8,70 0,40 14,14 34,24 66,90",  # alpha
    "50,20 20,0 0,20 20,40 50,20 80,0 100,20 80,40 50,20",  # infinity
    "62,96 14,26 24,2 42,14 6,70 20,98 60,60",  # &
    "0,24 18,2 44,14 40,36 24,52 24,70 | 24,94 25,98",  # ?
    "0,50 100,50 | 50,0 50,100",  # +
    "0,20 20,0 50,24 74,6",  # ~
    "0,30 80,30 | 0,60 80,60",  # =
    "20,0 10,100 | 60,0 50,100 | 0,30 76,28 | -4,68 70,64",  # #
    "0,100 60,0 | 10,0 0,16 14,26 22,12 10,0 | 50,72 40,86 54,98 64,84 50,72",  # %
    "0,40 20,0! 40,40! 60,0! 80,40! 100,0",  # a zigzag
    "0,0 80,4",  # -
    "0,0 2,3 | 2,60 3,63",  # :
    "60,0 0,50! 60,100",  # <
    "0,50 50,0! 100,50! 100,110! 0,110! 0,50! 100,50",  # a house
    "0,50 100,50 | 70,20 100,50! 70,80",  # an arrow
    "0,50 24,100! 70,0",  # a tick
    "50,16 26,8 10,24 50,66 48,88 20,94 4,80 | 30,0 28,104",  # dollar
    "0,10 70,4 | 18,8 12,100 | 50,6 52,100",  # pi
    "0,60 10,56! 24,100! 40,0! 90,0",  # a root
    "50,0 80,100! 0,36! 100,36! 20,100! 50,0",  # a star
    "50,30 30,0 0,20 50,100! 100,20 70,0 50,30",  # a heart
    "50,0 0,100! 100,100! 50,0",  # a triangle
    "50,50 60,46 56,60 40,58 40,36 64,32 74,60 50,80 22,64 24,24 60,10 92,40",  # a spiral
    "0,0 0,100 | 40,0 40,100",  # two bars
)
SILHOUETTES = (  # closed and filled: a pullover, ...
    "26,0 40,6 60,0! 78,10! 96,96! 80,98! 72,40! 72,100! 24,100! 24,40! 16,98! 0,96! 16,10! 26,0",
    "20,0 30,6 44,0! 44,30! 60,100! 4,100! 18,30! 20,0",  # dress
    "0,40 20,40! 30,0! 70,0! 80,40! 100,40! 96,100! 4,100! 0,40",  # bag
    "20,0 36,8! 56,8! 72,0! 100,30! 82,44! 76,36! 76,100! 18,100! 18,36! 12,44! 0,26! 20,0",
    "0,70 30,66! 34,10 66,10 70,66! 100,70! 100,84! 0,84! 0,70",  # hat
    "0,20 20,10! 40,30! 90,50 100,70! 100,80! 0,80! 0,20",  # shoe
    "10,0 50,0! 60,100! 40,100! 30,30! 20,100! 0,100! 10,0",  # trousers
    "0,0 40,0! 42,50! 90,64 100,100! 0,100! 0,0",  # boot
    "50,0 62,36! 100,38! 70,62! 80,100! 50,78! 20,100! 30,62! 0,38! 38,36! 50,0",  # star
    "50,0 90,20 100,50 80,90 50,100 10,86 0,50 16,14 50,0",  # disc
    "0,0 90,0! 90,90! 0,90! 0,0",  # square
    "0,30 60,30! 60,0! 100,50! 60,100! 60,70! 0,70! 0,30",  # arrow
    "50,0 100,60! 50,120! 0,60! 50,0",  # diamond
    "50,0 100,100! 0,100! 50,0",  # triangle
    "35,0 65,0! 65,35! 100,35! 100,65! 65,65! 65,100! 35,100! 35,65! 0,65! 0,35! 35,35! 35,0",
)  # fmt: skip


def make(count: int, digits: Picture, rng: int | Generator, held_out: bool = False) -> Picture:
    """Make non-digits, of the kinds for training or of those that are held out.

    Args:
        digits: tiles uint8 (M, 1, 28, 28) from which pairs and bands are made.

    Returns:
        Tiles uint8 (count, 1, 28, 28), framed as digits are.
    """
    rng = np.random.default_rng(rng)
    kinds = list(INVENTORIES if held_out else KINDS)
    shares = np.array([KINDS[kind] for kind in kinds])
    chosen = rng.choice(len(kinds), count, p=shares / shares.sum())
    tiles = np.empty((count, 1, TILE_SIZE, TILE_SIZE), np.uint8)
    for index, kind in enumerate(np.array(kinds)[chosen]):
        if kind in INVENTORIES:
            tiles[index, 0] = _item(kind, rng, held_out)
        else:
            tiles[index, 0] = OTHERS[kind](digits[:, 0], rng)
    return tiles


def shape(rng: Generator) -> Picture:
    """A tile (28, 28) uint8 of a kind for training that is made of no digits."""
    kinds = list(INVENTORIES)
    shares = np.array([KINDS[kind] for kind in kinds])
    return _item(kinds[rng.choice(len(kinds), p=shares / shares.sum())], rng, held_out=False)


def _item(kind: str, rng: Generator, held_out: bool) -> Picture:
    draw, items = INVENTORIES[kind]
    items = [item for place, item in enumerate(items) if (place % 4 == 0) == held_out]
    return draw(items[rng.integers(len(items))], rng)


def _framed(picture: Picture) -> Picture:
    """A tile of a picture, its pen as it is, its brightest ink 255."""
    return stretched(frame(picture, normalise_pen=False))


def print_character(font: str, rng: Generator) -> Picture:
    """A character of a font, turned and slanted a little."""
    size = 64
    character = CHARACTERS[rng.integers(len(CHARACTERS))]
    picture = _glyph(font, character, size)
    matrix = np.array([[1, 0, 0], [0, 1, 0]]) + rng.normal(0, 0.12, (2, 3)) * [1, 1, 0]
    middle = np.array(picture.shape[::-1]) / 2
    matrix[:, 2] = middle - matrix[:, :2] @ middle
    return _framed(np.asarray(cv2.warpAffine(picture, matrix, picture.shape[::-1]), np.uint8))


@cache
def _glyph(font: str, character: str, size: int) -> Picture:
    """A character, white on black, with a margin that leaves room to turn it."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    image = Image.new("L", (size * 2, size * 2))
    position = (size, size)
    face = ImageFont.truetype(str(path), size)
    ImageDraw.Draw(image).text(position, character, fill=255, font=face, anchor="mm")
    return np.array(image)


def draw_by_hand(style: str, rng: Generator) -> Picture:
    """A letter, sign or figure with the pens and the jitter of drawn digits."""
    return ink(bend(style, rng), rng)


def fill(style: str, rng: Generator) -> Picture:
    """A silhouette, of one grey or shaded, often with a woven or striped cloth."""
    (outline,) = bend(style, rng)
    size = 80
    low = outline.min(0)
    points = (outline - low) * size / np.ptp(outline, axis=0).max() + 2
    picture = np.zeros((size + 4, size + 4), np.uint8)
    cv2.fillPoly(picture, [points.round().astype(np.int32)], 255)
    cloth = _cloth("stripes", rng) if rng.random() < 0.5 else 1
    shade = np.linspace(1, rng.uniform(0.3, 1), TILE_SIZE)[:, None]
    tile = _framed(picture) * (1 - rng.uniform(0, 0.8) * (1 - np.asarray(cloth))) * shade
    return tile.astype(np.uint8)


CLOTHS = ("rings", "stripes", "checks", "blots", "dots", "grain")


def texture(name: str, rng: Generator) -> Picture:
    """A texture over the whole tile or over the box of a digit."""
    cloth = _cloth(name, rng) * rng.uniform(100, 255)
    if rng.random() < 0.5:
        height, width = rng.integers(12, 21, 2)
        cloth = np.pad(cloth[:height, : max(width, height * 2 // 3)], 4)
        return _framed(cloth.astype(np.uint8))
    return cloth.astype(np.uint8)


def _cloth(name: str, rng: Generator) -> np.ndarray:
    """A pattern over a tile: float (28, 28), 0..1."""
    y, x = np.mgrid[:TILE_SIZE, :TILE_SIZE]
    angle, length, phase = rng.uniform(0, np.pi), rng.uniform(2.5, 7), rng.uniform(0, 6, 2)
    across = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length + phase[0]
    along = (y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / length + phase[1]
    if name == "stripes":
        return np.sin(across) / 2 + 0.5
    if name == "checks":
        return (np.sin(across) * np.sin(along) > 0) * 1.0
    if name == "dots":
        return (np.sin(across) + np.sin(along) > 1) * 1.0
    if name == "rings":
        return (
            np.sin(np.hypot(x - rng.uniform(0, 28), y - rng.uniform(0, 28)) * 6 / length) / 2 + 0.5
        )
    noise = rng.random((TILE_SIZE, TILE_SIZE))
    if name == "grain":
        return noise
    smooth = cv2.GaussianBlur(noise, (0, 0), length / 2)
    return (smooth > np.quantile(smooth, rng.uniform(0.3, 0.9))) * 1.0


def scribble(_: Picture, rng: Generator) -> Picture:
    """Eight to sixteen random points, joined by a curve, or by straight lines."""
    corner = "!" if rng.random() < 0.3 else ""
    points = rng.integers(0, 100, (rng.integers(8, 17), 2))
    return ink(bend(" ".join(f"{x},{y}{corner}" for x, y in points), rng), rng)


def pair(digits: Picture, rng: Generator) -> Picture:
    """Two or three digits side by side, apart, touching or overlapping by 2 px."""
    count = 2 if rng.random() < 0.8 else 3
    pictures = []
    for digit in digits[rng.integers(len(digits), size=count)]:
        columns = np.flatnonzero(digit.any(axis=0))
        pictures.append(digit[:, columns[0] : columns[-1] + 1] if len(columns) else digit)
    gap = int(rng.integers(-2, 5))
    width = sum(picture.shape[1] for picture in pictures) + max(gap, 0) * (count - 1)
    canvas = np.zeros((TILE_SIZE, width), np.uint8)
    left = 0
    for picture in pictures:
        picture = np.roll(picture, rng.integers(-2, 3), axis=0)
        part = canvas[:, left : left + picture.shape[1]]
        np.maximum(part, picture[:, : part.shape[1]], out=part)
        left += picture.shape[1] + gap
    return _framed(canvas)


def band(digits: Picture, rng: Generator) -> Picture:
    """A third of a digit's height, if it is wider than high: no such piece is a digit itself."""
    for digit in digits[rng.integers(len(digits), size=20)]:
        rows = np.flatnonzero(digit.any(axis=1))
        if len(rows) < 15:
            continue
        top = rows[0] + rng.integers(3) * len(rows) // 3
        piece = digit[top : top + len(rows) // 3]
        inked = np.flatnonzero(piece.max(axis=0) > 60)
        if len(inked) and np.ptp(inked) > 1.3 * len(piece):
            return _framed(piece)
    return blank(digits, rng)


def blank(_: Picture, rng: Generator) -> Picture:
    """Nothing, or a little noise: over the tile, or in a few specks."""
    tile = rng.random((TILE_SIZE, TILE_SIZE)) * rng.uniform(0, 120) * (rng.random() < 0.7)
    specks = rng.random(tile.shape) < rng.uniform(0, 0.03)
    if rng.random() < 0.5:
        tile = np.asarray(cv2.GaussianBlur(tile, (0, 0), rng.uniform(0.5, 2)), float)
    return np.where(specks, rng.uniform(60, 255), tile).astype(np.uint8)


Draw = Callable[[str, Generator], Picture]
INVENTORIES: dict[str, tuple[Draw, Sequence[str]]] = {
    "print": (print_character, FONTS),
    "hand": (draw_by_hand, DRAWINGS),
    "silhouette": (fill, SILHOUETTES),
    "texture": (texture, CLOTHS),
}
OTHERS: dict[str, Callable[[Picture, Generator], Picture]] = {
    "scribble": scribble, "pair": pair, "band": band, "blank": blank,
}  # fmt: skip
KINDS = {
    "print": 0.25, "hand": 0.3, "silhouette": 0.08, "texture": 0.05,
    "scribble": 0.07, "pair": 0.15, "band": 0.05, "blank": 0.05,
}  # fmt: skip
