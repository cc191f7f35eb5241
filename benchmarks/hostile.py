"""Picture files that are damaged, hostile or odd, for `reading.py`."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from digits.pictures.load import PAGED


def write_hostile(folder: Path, rng: np.random.Generator, total: int = 200) -> int:
    """Damaged copies of good pictures, and files that claim to be what they are not."""
    from PIL import Image

    drawing = np.full((300, 200, 3), 255, np.uint8)
    cv2.putText(drawing, "7", (40, 220), cv2.FONT_HERSHEY_SIMPLEX, 6, (0, 0, 0), 14)
    good = {}
    for kind in ("png", "jpg", "gif", "bmp", "tif", "webp", "ppm", "avif"):
        Image.fromarray(drawing).save(folder / f"good.{kind}")
        good[kind] = (folder / f"good.{kind}").read_bytes()
    odd = {
        "empty.png": b"", "text.jpg": b"hello", "script.png": b"#!/bin/sh\nrm -rf /\n",
        "postscript.png": b"%!PS-Adobe-3.0 EPSF-3.0\n", "vector.png": b"<svg xmlns='x'/>",
        "bomb.ppm": b"P6 60000 60000 255\n", "bomb.pgm": b"P5 2000000000 2 255\n",
    }  # fmt: skip
    for name, content in odd.items():
        (folder / name).write_bytes(content)
    Image.new("1", (30000, 30000)).save(folder / "bomb.png")
    Image.new("L", (6300, 6300), 255).save(folder / "large.png")
    Image.new("RGB", (9900, 9900), "white").save(folder / "large.jpg", progressive=True)
    Image.new("L", (1, 20000), 0).save(folder / "thin.png")
    Image.new("L", (1, 1), 0).save(folder / "one.png")
    noise = rng.integers(0, 256, (3000, 3000)).astype(np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    Image.fromarray(np.where(noise > 250, 0, 255).astype(np.uint8)).save(folder / "specks.png")
    while (made := len(list(folder.iterdir()))) < total:
        kind = list(good)[made % len(good)]
        broken = bytearray(good[kind])
        for at in rng.integers(0, len(broken), 1 + 3 * (made % 7)):
            broken[at] = rng.integers(256)
        end = len(broken) if made % 3 else int(rng.integers(1, len(broken)))
        (folder / f"broken{made}.{kind}").write_bytes(bytes(broken[:end]))
    return total


def pattern(rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """The name and the pixels (H, W) uint8 of something that is hard to tell from writing: of any
    size and shape up to 12 megapixels, 1x20000 too."""
    height, width = _size(rng)
    name = str(rng.choice(list(PATTERNS)))
    return name, PATTERNS[name](rng, height, width)


def _size(rng: np.random.Generator) -> tuple[int, int]:
    most = 10 ** rng.uniform(2, 6.5 if rng.random() < 0.9 else 7.08)
    aspect = 10 ** rng.choice([rng.uniform(-0.5, 0.5), rng.uniform(-4.3, 4.3)], p=[0.7, 0.3])
    height = int(np.clip(np.sqrt(most * aspect), 1, 20_000))
    return height, int(np.clip(most / height, 1, 20_000))


def _squares(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    page = np.full((height, width), 255, np.uint8)
    step, shade = int(rng.integers(3, 120)), int(rng.integers(0, 220))
    for line in range(int(rng.integers(1, 4))):
        page[line::step] = shade
        page[:, line::step] = shade
    return page


def _checks(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    size = int(rng.integers(1, 100))
    rows, columns = np.arange(height)[:, None] // size, np.arange(width)[None] // size
    return ((rows + columns) % 2 * 255).astype(np.uint8)


def _stripes(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    step = int(rng.integers(2, 100))
    across = np.where(np.arange(width) % step < step // 3 + 1, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        return np.tile(across, (height, 1))
    along = np.where(np.arange(height) % step < step // 3 + 1, 0, 255).astype(np.uint8)
    return np.repeat(along[:, None], width, axis=1)


def _dots(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    step = int(rng.integers(3, 90))
    rows, columns = np.arange(height)[:, None] % step, np.arange(width)[None] % step
    return np.where((rows < step // 2) & (columns < step // 2), 0, 255).astype(np.uint8)


def _noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return rng.integers(0, 256, (height, width), np.uint8)


def _blots(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    grain = rng.standard_normal((height, width), np.float32)
    smooth = cv2.GaussianBlur(grain, (0, 0), float(rng.uniform(1, 12)))
    return np.where(smooth > np.quantile(smooth[::7], rng.uniform(0.3, 0.98)), 0, 255).astype(
        np.uint8
    )


def _rings(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    page = np.full((height, width), 255, np.uint8)
    step, thick = int(rng.integers(3, 40)), int(rng.integers(1, 4))
    for radius in range(step, max(height, width) // 2, step):
        if rng.random() < 0.5:
            cv2.circle(page, (width // 2, height // 2), radius, 0, thick)
        else:
            box = (width // 2 - radius, height // 2 - radius, 2 * radius, 2 * radius)
            cv2.rectangle(page, box, 0, thick)
    return page


def _text(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    page = np.full((height, width), 255, np.uint8)
    size = float(rng.uniform(0.3, 3))
    letters = "0123456789" if rng.random() < 0.5 else "0123456789abcdefghijklmnopqrstuvwxyz ,."
    for y in range(int(30 * size), height, int(40 * size)):
        line = "".join(rng.choice(list(letters), min(400, int(width / (18 * size)) + 1)))
        cv2.putText(page, line, (2, y), cv2.FONT_HERSHEY_SIMPLEX, size, 0, max(1, int(2 * size)))
    return page


PATTERNS = {
    "squares": _squares, "checks": _checks, "stripes": _stripes, "dots": _dots, "noise": _noise,
    "blots": _blots, "rings": _rings, "text": _text,
}  # fmt: skip
OPENED = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM", "AVIF")
OTHERS = ("ICO", "ICNS", "TGA", "JPEG2000", "PCX", "DDS", "SGI")
MODES = ("L", "RGB", "RGBA", "1", "P", "LA", "I;16", "CMYK", "F")


def saved(pixels: np.ndarray, rng: np.random.Generator) -> tuple[str, bytes]:
    """A picture (H, W) uint8 as a file of any kind and mode, PNG where they do not fit; of up to
    five pages, each upside down from the one before, where that kind has pages."""
    from PIL import Image, ImageOps

    kind = str(rng.choice(OPENED if rng.random() < 0.9 else OTHERS))
    mode = str(rng.choice(MODES))
    image = Image.fromarray(pixels)
    options: dict[str, Any] = {}
    if kind == "TIFF" and rng.random() < 0.5:
        options["compression"] = "tiff_lzw"
    more = int(rng.integers(1, 5)) if kind in PAGED and rng.random() < 0.2 else 0
    for attempt_kind, attempt_mode in ((kind, mode), (kind, "L"), (kind, "RGB"), ("PNG", "L")):
        buffer = io.BytesIO()
        try:
            page = image.convert(attempt_mode)
            turned = [ImageOps.flip(page) if i % 2 else page for i in range(1, more + 1)]
            paged = {"save_all": True, "append_images": turned} if turned else {}
            page.save(buffer, attempt_kind, **options, **paged)
        except Exception:  # this kind has no such mode, size or option: the next attempt
            continue
        named = f", {more + 1} pages" if more else ""
        return f"{attempt_kind} {attempt_mode}{named}", buffer.getvalue()
    raise AssertionError("a grey PNG can always be saved")


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """A damaged copy: some bytes changed, a piece cut out, doubled or moved, or the end cut off."""
    broken = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        start, end = sorted(int(v) for v in rng.integers(0, len(broken) + 1, 2))
        end = min(end, start + int(2 ** rng.uniform(0, 12)))
        way = rng.choice(["bytes", "bits", "cut", "double", "zero", "end"])
        if way == "bytes":
            for at in rng.integers(0, len(broken), int(rng.integers(1, 20))) if broken else []:
                broken[at] = rng.integers(256)
        elif way == "bits":
            for at in rng.integers(0, len(broken), int(rng.integers(1, 4))) if broken else []:
                broken[at] ^= 1 << int(rng.integers(8))
        elif way == "cut":
            del broken[start:end]
        elif way == "double":
            broken[start:start] = broken[start:end]
        elif way == "zero":
            broken[start:end] = bytes(end - start)
        else:
            del broken[max(1, start) :]
    return bytes(broken)
