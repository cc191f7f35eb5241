"""Picture files that are damaged, hostile or odd, for `reading.py`."""

from pathlib import Path

import cv2
import numpy as np


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
