"""A picture of one's own data as a tile, as its `Look` says. Loads without torch."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from digits.data.look import Look
from digits.errors import DigitsError
from digits.tile import as_tile, frame
from digits.vision import load as files
from digits.vision.components import cut_out, is_one_digit, of_one_digit
from digits.vision.ink import EVEN, find, is_tight, polarities, variants


def tile_of(source: Path | np.ndarray, look: Look) -> np.ndarray:
    """The tile (C, H, W) uint8 of a file, or of pixels (H, W) or (H, W, 3) uint8.

    Raises:
        DigitsError: it is no picture that can be read, or nothing is drawn on it.
    """
    if isinstance(source, Path):
        grey = files.load(source).grey  # refuses what is no picture, or dangerous
        pixels = _colours(source) if look.colour else grey
    else:
        grey, pixels = files.from_array(source).grey, source
    if look.frame == "digit":
        return framed(grey)[None]
    size = (look.size, look.size)
    if not look.colour:
        return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)[None]
    coloured = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1)
    return cv2.resize(coloured, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1)


def framed(grey: np.ndarray) -> np.ndarray:
    """The tile (28, 28) of a picture (H, W) uint8 of one character, as reading makes it.

    Raises:
        DigitsError: nothing is drawn on it.
    """
    tile = as_tile(grey)
    if tile is not None:
        return tile
    ink = None
    if is_tight(grey):
        crops = (find(grey, inverted, EVEN) for inverted in polarities(grey))
        ink = next((crop for crop in crops if crop and is_one_digit(crop)), None)
    ink = ink or next(variants(grey), None)
    chosen = of_one_digit(ink) if ink else []
    if ink is None or not chosen:
        raise DigitsError("nothing is drawn on it")
    level, _ = cut_out(ink, chosen)
    return frame(level)


def _colours(path: Path) -> np.ndarray:
    """(H, W, 3) uint8, upright; what is transparent lies on white."""
    with Image.open(path, formats=files.FORMATS) as image:
        side = files.LIMITS.max_side_px
        image.draft("RGB", (side, side))  # decode no finer, if JPEG
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    sheet = Image.new("RGBA", upright.size, "white")
    sheet.alpha_composite(upright)
    return np.asarray(sheet.convert("RGB"))
