"""Load any picture file, page by page, safely, as grey pixels, upright.

What is checked before a byte is decoded: the kind of file (no format that runs a program or fetches
something), its size on disk, and the number of pixels its header claims.
"""

import contextlib
import io
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from digits.errors import DigitsError, reason, told

# What cameras, telephones, scanners and screens write, and nothing else: each decoder is a risk,
# and an ICO of 437 kB took 3.6 GB.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF")
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit only warns at first: these are checked instead
MAX_BYTES = 128 << 20
# By format, so that reading any file takes no more than 1 GB: as RGBA these are 160 MB, of which
# decoding and laying on paper take copies; JPEG decodes at a half, a quarter or an eighth.
MAX_PIXELS = 40_000_000
MAX_PIXELS_OF = {"JPEG": 100_000_000, "MPO": 100_000_000, "WEBP": 25_000_000, "AVIF": 25_000_000}
PAGED = ("TIFF", "GIF", "WEBP", "PNG", "AVIF")  # a telephone's second JPEG is the first again
MAX_PAGES = 100
MAX_IMAGES = 4 * MAX_PAGES  # of a file, with those of a TIFF that are no pages: 20,000 took 6.6 s
NEW_SUBFILE_TYPE = 254  # the tag of a TIFF page that says what it is
SMALLER_OR_MASK = 0b101  # bits of it: no page of its own


@dataclass(frozen=True)
class LoadLimits:
    """What a picture looks like to all that follows; what is refused stands above.

    To measure: `benchmarks/sweep.py pictures.load.NAME VALUES`.
    """

    max_side_px: int = 2000  # a digit of 1% of a photograph's side is still a tile's 20 px then
    min_spread: int = 32  # of 255: with less a drawing vanishes on white, and is laid on black
    min_channel_of_luma: float = 1.5  # a coloured pen's spread in the channel where it stands out
    colour_scale: float = 0.25  # at which channels are compared, in a picture ...
    min_scaled_side_px: int = 128  # ... of such a shorter side: thin lines of less would fade


LIMITS = LoadLimits()


@dataclass(frozen=True)
class Picture:
    """A picture to read.

    `grey` is (H, W) uint8, upright, transparency over paper; `scale` is how many pixels of the
    file, seen upright, one of its pixels stands for (1.0 unless the file is large). `colours` are
    (h, w, 3) uint8, upright, transparency over white, of any size: where they were asked for.
    `seconds` are those of CPU time that decoding took. `more` says that further pages follow it in
    its file.
    """

    grey: np.ndarray
    scale: float = 1.0
    colours: np.ndarray | None = None
    seconds: float = 0.0
    more: bool = False


def load(source: Path | bytes, name: str | None = None, colour: bool = False) -> Picture:
    """The first of the `pages` of a file."""
    return next(pages(source, name, colour))


def pages(source: Path | bytes, name: str | None = None, colour: bool = False) -> Iterator[Picture]:
    """Load a file, or the bytes of one, called `name` in messages: each page or frame in turn, with
    its colours if they are asked for.

    Raises:
        DigitsError: there is no such file, or it is no picture, damaged, or too large; after
            MAX_PAGES pages, if there are more.
    """
    name = name or (str(source) if isinstance(source, Path) else "picture")
    data = _read(source, name) if isinstance(source, Path) else source
    if len(data) > MAX_BYTES:
        raise DigitsError(f"{name}: larger than {MAX_BYTES >> 20} MB; make it smaller")
    start, failure = time.thread_time(), None
    with _told_in_one_line(name):
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    with image:
        turned = _turned(image, name)
        more = next(turned)
        while more:
            with _told_in_one_line(name):
                page = _decode(image, name, colour)
            try:
                more = next(turned, False)
            except DigitsError as error:  # that of the page after this one
                failure = error
            yield replace(page, seconds=time.thread_time() - start, more=more)
            if failure:
                raise failure
            start = time.thread_time()


def _turned(image: Image.Image, name: str) -> Iterator[bool]:
    """Turn an image to its first page, then to the next at each step."""
    read = 0
    for number in count():
        with _told_in_one_line(name):
            if number and not _turn_to(image, number):
                return
            is_page = image.format != "TIFF" or not number or not _is_smaller_or_mask(image)
            if number >= MAX_IMAGES or (is_page and read >= MAX_PAGES):
                raise DigitsError(f"{name}: only {MAX_PAGES} pages are read; split it")
        if is_page:
            read += 1
            yield True


def _turn_to(image: Image.Image, number: int) -> bool:
    """Whether there is a page of this number, counted from 0; the image is turned to it."""
    with contextlib.suppress(EOFError):
        if image.format in PAGED:
            image.seek(number)
            return True
    return False


def _is_smaller_or_mask(image: Image.Image) -> bool:
    return bool(image.tag_v2.get(NEW_SUBFILE_TYPE, 0) & SMALLER_OR_MASK)  # type: ignore[attr-defined]


@contextlib.contextmanager
def _told_in_one_line(name: str) -> Iterator[None]:
    """Turn whatever a file makes Pillow raise into a DigitsError."""
    try:
        with warnings.catch_warnings():  # a damaged file is answered for, in one line
            warnings.simplefilter("ignore")
            yield
    except DigitsError:
        raise
    except UnidentifiedImageError:
        raise DigitsError(f"{name}: not a picture, or of a kind that is not read") from None
    except MemoryError:
        raise DigitsError(f"{name}: too large for this machine's memory") from None
    except Exception as error:  # a damaged file raises whatever its decoder trips over
        raise DigitsError(f"{name}: damaged picture ({reason(error)}); save it again") from None


def from_array(pixels: np.ndarray) -> Picture:
    """A picture already in memory: (H, W) or (H, W, 3) uint8, upright."""
    grey = pixels if pixels.ndim == 2 else _grey_of(pixels)
    return _shrink(grey, 1.0, None if pixels.ndim == 2 else pixels)


def from_image(image: Image.Image, colour: bool = False) -> Picture:
    """A Pillow image already in memory, turned as its EXIF says; with its colours if asked for.

    Raises:
        DigitsError: it has no pixels, its file is damaged or closed, or its mode is not known.
    """
    with _told_in_one_line("image"):
        if 0 in image.size:
            raise DigitsError("image: has no pixels")
        upright = ImageOps.exif_transpose(image)
        return _shrink(_pixels(upright), 1.0, _colours(upright) if colour else None)


def _read(path: Path, name: str) -> bytes:
    with told(f"{name}: cannot be read", ValueError):  # a null byte in it
        if not path.is_file():
            what = "a folder or a device" if path.exists() else "no such picture"
            raise DigitsError(f"{name}: {what}; check the path")
        if path.stat().st_size > MAX_BYTES:
            raise DigitsError(f"{name}: larger than {MAX_BYTES >> 20} MB; make it smaller")
        return path.read_bytes()


def _decode(image: Image.Image, name: str, colour: bool) -> Picture:
    width, height = image.size
    most = MAX_PIXELS_OF.get(image.format or "", MAX_PIXELS)
    finest = (LIMITS.max_side_px, LIMITS.max_side_px)
    image.draft(None, finest)  # decode no finer than we look, if JPEG
    if width * height > most or image.size[0] * image.size[1] > MAX_PIXELS:
        raise DigitsError(f"{name}: {width} x {height} pixels are too many; make it smaller")
    image.load()
    if not getattr(image, "is_animated", False):
        ImageOps.exif_transpose(image, in_place=True)  # a copy would be 160 MB more
    elif image.format != "TIFF":  # whose pages Pillow itself turns
        image = ImageOps.exif_transpose(image)  # the next frame may build on this one as it is
    grey = _pixels(image)
    scale = max(width, height) / max(grey.shape)
    return _shrink(grey, scale, _colours(image) if colour else None)


def _colours(image: Image.Image) -> np.ndarray:
    """(h, w, 3) uint8, hardly finer than they are looked at; what is transparent lies on white."""
    smaller = _smaller(image).convert("RGBA")
    sheet = Image.new("RGBA", smaller.size, "white")
    sheet.alpha_composite(smaller)
    return np.asarray(sheet.convert("RGB"))


def _pixels(image: Image.Image) -> np.ndarray:
    """Grey (H, W) uint8 of an image of any mode."""
    if image.mode.startswith(("I", "F")):  # 16 or 32 bits: 12-bit scanners use a part of the range
        values = np.asarray(image).astype(np.float32)
        if image.mode == "F":  # of 36 million whole numbers it took 0.7 s
            np.nan_to_num(values, copy=False)
        low, high = float(values.min()), float(values.max())
        return ((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
    if image.mode in ("1", "L"):
        return np.asarray(image if image.mode == "L" else image.convert("L"))
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        return _over_paper(_smaller(image).convert("RGBA"))
    return _grey_of(np.asarray(image.convert("RGB")))


def _smaller(image: Image.Image) -> Image.Image:
    """A picture, hardly finer than it is looked at: laying it on paper takes copies."""
    plain = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    return plain.reduce(max(1, max(image.size) // LIMITS.max_side_px))


def _over_paper(image: Image.Image) -> np.ndarray:
    """Lay a transparent picture on white; on black if white makes the drawing vanish."""
    for paper in ("white", "black"):
        sheet = Image.new("RGBA", image.size, paper)
        sheet.alpha_composite(image)
        grey = _grey_of(np.asarray(sheet.convert("RGB")))
        if int(grey.max()) - int(grey.min()) > LIMITS.min_spread:
            break
    return grey


def _grey_of(rgb: np.ndarray) -> np.ndarray:
    """Luma, or the one channel in which a coloured pen stands out far more.

    Yellow ink on white differs by 29 in luma and by 255 in blue.
    """
    import cv2

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    sample = rgb
    if min(rgb.shape[:2]) >= LIMITS.min_scaled_side_px:
        scale = LIMITS.colour_scale
        sample = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY)
    spreads = [float(np.ptp(sample[..., c])) for c in range(3)]
    best = int(np.argmax(spreads))
    coloured = spreads[best] > LIMITS.min_channel_of_luma * np.ptp(luma)
    return np.ascontiguousarray(rgb[..., best]) if coloured else grey


def _shrink(grey: np.ndarray, scale: float, colours: np.ndarray | None) -> Picture:
    import cv2

    factor = max(1.0, max(grey.shape) / LIMITS.max_side_px)
    size = (max(1, round(grey.shape[1] / factor)), max(1, round(grey.shape[0] / factor)))
    return Picture(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), scale * factor, colours)
