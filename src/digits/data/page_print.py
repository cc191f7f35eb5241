"""Print: typefaces of many kinds, and words and numbers set in them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from digits.data.row_ink import cropped

FONTS = (  # less those of the pages that judge (benchmarks/support/papers.py)
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-BoldOblique", "DejaVuSerif", "DejaVuSerif-Bold",
    "DejaVuSerif-BoldItalic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralBolIta", "cmss10",
    "cmr10", "cmti10",
)  # fmt: skip
STROKES = 0.2  # the share of print in one of OpenCV's fonts of strokes, as plotters have them
WIDTHS = (0.7, 1.35)  # of letters, by those of the font
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORD_PX = (7, 60)  # heights of print


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{name}.ttf"), size)


Typeface = Callable[[str], np.ndarray]  # a text -> its ink (h, w) uint8


def typeface(size: float, rng: Generator) -> Typeface:
    """Print of one kind, letters about `size` pixels high: a font, its width and weight."""
    size = float(np.clip(size, *WORD_PX))
    wide = rng.uniform(*WIDTHS) if rng.random() < 0.5 else 1.0
    if rng.random() < STROKES:
        font, heavy = int(rng.integers(0, 8)), int(rng.integers(1, 1 + max(1, round(size / 8))))
        return lambda text: _stretched(_of_strokes(text, font, size, heavy), wide)
    name, heavy = FONTS[rng.integers(len(FONTS))], size > 20 and rng.random() < 0.2
    return lambda text: _stretched(_of_font(text, name, size, heavy), wide)


def _of_font(text: str, name: str, size: float, heavy: bool) -> np.ndarray:
    font = _font(name, max(7, round(size)))
    left, top, right, bottom = (round(v) for v in font.getbbox(text))
    image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(image).text((-left, -top), text, 255, font)
    ink = np.asarray(image)
    return cv2.dilate(ink, np.ones((2, 2), np.uint8)) if heavy else ink


def _of_strokes(text: str, font: int, size: float, heavy: int) -> np.ndarray:
    (wide, high), below = cv2.getTextSize(text, font, size / 30, heavy)
    ink = np.zeros((high + below + 2 * heavy, wide + 2 * heavy), np.uint8)
    cv2.putText(ink, text, (heavy, high + heavy), font, size / 30, 255, heavy, cv2.LINE_AA)
    return cropped(ink)


def _stretched(ink: np.ndarray, wide: float) -> np.ndarray:
    return ink if wide == 1 else cv2.resize(ink, (max(1, round(wide * ink.shape[1])), len(ink)))


def words(size: float, rng: Generator, most: int = 3) -> np.ndarray:
    """Printed words or numbers (h, w) uint8, `size` pixels high."""
    return typeface(size, rng)(" ".join(_word(rng) for _ in range(int(rng.integers(1, most + 1)))))


def _word(rng: Generator) -> str:
    kind = rng.random()
    if kind < 0.25:
        return "".join(map(str, rng.integers(0, 10, int(rng.integers(1, 7)))))
    letters = [LETTERS[i] for i in rng.integers(0, 26, int(rng.integers(1, 10)))]
    text = "".join(letters)
    return text.upper() if kind < 0.4 else text.capitalize() + ("" if kind < 0.8 else ":")
