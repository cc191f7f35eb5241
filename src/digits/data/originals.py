"""Collections of hands from where their makers keep them, made the compact files of `hands`.

Pen-based digits (UCI 81), UJI Pen Characters (UCI 160) and bhmsds (GitHub) are downloaded, proved
by their checksums and read in their own formats; what is made of them stays in hands/.
"""

import hashlib
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from digits.data import unipen
from digits.data.fetch import fetch
from digits.errors import DigitsError
from digits.extras import required
from digits.spec import LOOKALIKES
from digits.tile import HALF

GRID = 1000  # units of a sample's longer side, as the compact files have it
NAMED = {"dot": ".", "minus": "-", "plus": "+", "slash": "/"}  # bhmsds' names of signs
Content = dict[str, np.ndarray]


@dataclass(frozen=True)
class Original:
    """An archive, its checksum, and what makes arrays of the folder that it is unpacked to."""

    url: str
    sha256: str
    read: Callable[[Path], Content]


def make(path: Path) -> None:
    """Make the compact file hands/NAME.npz of its original, a name of ORIGINALS.

    Raises:
        DigitsError: the archive cannot be had, or is not the one that everybody uses.
    """
    original = ORIGINALS[path.stem]
    archive = path.parent / "originals" / f"{path.stem}.zip"

    def download() -> None:
        from torch.hub import download_url_to_file

        archive.parent.mkdir(parents=True, exist_ok=True)
        download_url_to_file(original.url, str(archive), original.sha256, progress=False)

    why_not = fetch(path.stem, path.parent, [archive], download)
    if why_not:
        raise DigitsError(f"{why_not}; name the data folder with --data_dir")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != original.sha256:
        raise DigitsError(
            f"{archive}: truncated or altered (SHA-256 {found}, not {original.sha256}); "
            "delete it and it is downloaded again"
        )
    print(f"{path}: being made of {archive}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=path.parent) as there:
        folder = Path(there)
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
        made = folder / path.name
        np.savez_compressed(made, **original.read(folder))  # type: ignore[arg-type]
        made.replace(path)


def _pendigits(folder: Path) -> Content:
    """What 44 people wrote; both files are in UNIPEN's format, compressed by `compress`."""
    unlzw = required("unlzw3", "pendigits is compressed, and").unlzw
    samples = []
    for name in ("pendigits-orig.tra", "pendigits-orig.tes"):
        packed, plain = folder / f"{name}.Z", folder / name
        plain.write_bytes(unlzw(packed.read_bytes()))
        samples += [(f"{name[-3:]} {one.writer}", one) for one in unipen.read(plain)]
    return _of_strokes(samples, down=1)


def _uji(folder: Path) -> Content:
    """What eleven people wrote, a file each in UNIPEN's format, but with y downwards."""
    paths = sorted(folder.rglob("UJIpenchars-w*"))
    samples = [(path.name, one) for path in paths for one in unipen.read(path)]
    return _of_strokes(samples, down=-1)


def _of_strokes(samples: list[tuple[str, unipen.Sample]], down: int) -> Content:
    """Arrays of (writer, sample); `down` is -1 where y has to be turned over once more."""
    turned = [[stroke * (1, down) for stroke in one.strokes] for _, one in samples]
    sizes = np.array([np.ptp(np.concatenate(strokes), axis=0) for strokes in turned])
    longer = np.maximum(sizes.max(axis=1), 1)
    labels = [one.label for _, one in samples]
    names = sorted({writer for writer, _ in samples})
    writers = np.array([names.index(writer) for writer, _ in samples])
    is_high = np.array([label.isdigit() or label.isupper() for label in labels])
    usual = np.array([np.median(sizes[is_high & (writers == k), 1]) for k in range(len(names))])
    placed = [
        np.round((stroke - np.concatenate(strokes).min(axis=0)) * GRID / size)
        for strokes, size in zip(turned, longer, strict=True)
        for stroke in strokes
    ]
    lookalike = np.array([label in LOOKALIKES for label in labels])
    return {
        "points": np.concatenate(placed).astype(np.int16),
        "stroke_start": np.cumsum([0, *map(len, placed)]),
        "sample_start": np.cumsum([0, *map(len, turned)]),
        "label": np.array(labels),
        "kind": np.array(["digit" if label.isdigit() else "letter" for label in labels]),
        "writer": writers,
        "rel_size": (longer / usual[writers]).astype(np.float16),
        "lookalike": lookalike,
        "use": ~lookalike,
    }


def _bhmsds(folder: Path) -> Content:
    """Pictures of 28x28 pixels, symbols/LABEL-NUMBER.png."""
    found = [
        (match, path)
        for path in sorted(folder.rglob("symbols/*.png"))
        if (match := re.fullmatch(r"([a-z]+|\d)-(\d+)", path.stem))
    ]
    images = []
    for _, path in found:
        with Image.open(path) as image:
            images.append(np.asarray(image.convert("L")))
    pixels = np.array(images)
    ink = pixels if np.median(pixels) <= HALF else 255 - pixels  # most of each is paper
    labels = [NAMED.get(match[1], match[1]) for match, _ in found]
    return {
        "image": ink,
        "label": np.array(labels),
        "kind": np.array(["digit" if label.isdigit() else "other" for label in labels]),
        "number": np.array([int(match[2]) for match, _ in found]),
        "use": np.asarray(ink.any(axis=(1, 2))),
    }


UCI = "https://archive.ics.uci.edu/static/public/"
# Checksums as others state them who have downloaded the same archives.
ORIGINALS = {
    "pendigits": Original(
        UCI + "81/pen+based+recognition+of+handwritten+digits.zip",
        "1e02bea023613c2b11c9492f6f34caf975420455934f3527d270cee9a1f03b64",
        _pendigits,
    ),
    "uji": Original(
        UCI + "160/uji+pen+characters.zip",
        "06e484103d21ead80ec7675059d3ffe66f39f51bfcb9c77a00fbbfb1c85546dc",
        _uji,
    ),
    "bhmsds": Original(
        "https://github.com/wblachowski/bhmsds/archive/07d208e41923b061e338c241e59daacdd2752d53.zip",
        "5e109303251854908f361e35bf260ebb30248fa9967bd70d2bf3703df11a5274",
        _bhmsds,
    ),
}
