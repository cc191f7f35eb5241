"""A picture of one's own data as a tile, as its `Look` says. Loads without torch."""

from pathlib import Path

import cv2
import numpy as np

from digits.data.look import Look
from digits.errors import DigitsError
from digits.pictures import load as files
from digits.tile import as_tile, frame
from digits.vision.components import cut_out, is_one_digit, of_one_digit
from digits.vision.ink import EVEN, find, is_tight, polarities, seen_first


def tile_of(source: Path | np.ndarray, look: Look) -> tuple[np.ndarray, tuple[int, int]]:
    """The tile (C, H, W) uint8 of a file, or of pixels (H, W) or (H, W, 3) uint8, and how wide and
    high these are.

    Raises:
        DigitsError: it is no picture that can be read, or nothing is drawn on it.
    """
    if isinstance(source, Path):
        picture = files.load(source, colour=look.colour)  # refuses what is no picture, or dangerous
    else:
        picture = files.from_array(source)
    tile = framed(picture.grey)[None] if look.frame == "digit" else whole(picture, look)
    height, width = picture.grey.shape
    return tile, (width, height)


def whole(picture: files.Picture, look: Look) -> np.ndarray:
    """The tile (C, H, W) uint8 of a whole picture, resized, grey or with its colours."""
    size = (look.size, look.size)
    if not look.colour:
        return cv2.resize(picture.grey, size, interpolation=cv2.INTER_AREA)[None]
    grey = picture.grey
    pixels = np.stack([grey] * 3, axis=-1) if picture.colours is None else picture.colours
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1)


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
    ink = ink or seen_first(grey)
    if ink is None:
        raise DigitsError("nothing is drawn on it")
    level, _ = cut_out(ink, of_one_digit(ink))
    return frame(level)
