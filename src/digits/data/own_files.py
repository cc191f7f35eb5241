"""What lies in a folder of classes, a CSV file of path,label, an .npz or a UNIPEN file: item by
item."""

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from PIL import Image

from digits.cells import cell_text
from digits.data import hands, unipen
from digits.errors import DigitsError, reason

TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = {"train": TRAIN, "training": TRAIN, "val": VALIDATION, "valid": VALIDATION,
         "validation": VALIDATION, "test": TEST, "testing": TEST}  # fmt: skip
EXPECTED = (
    "expected a folder with one folder a class (DATA/a/1.png, DATA/b/2.png), "
    "a CSV file of path,label, an .npz file of images and labels, or a UNIPEN file (.dat)"
)
HEIGHT = 60  # of a digit in pixels, where strokes are drawn


@dataclass(frozen=True, slots=True)
class Item:
    """A picture, a file's path or pixels (H, W) or (H, W, 3), and what is told of it; `part` may be
    "". Of a million pictures each byte here is a megabyte: a Path would be ten times its text."""

    source: str | np.ndarray
    name: str
    label: str
    writer: str = ""
    part: str = ""


def folder_of(label: str) -> str:
    """The name of a class's folder: the class, with percent signs where no folder is called so."""
    plain = not label.startswith(".") and not set(label) & set('%/\\:*?"<>|')
    return label if plain else quote(label, safe="").replace(".", "%2E")


def items_of(path: Path) -> Iterator[Item]:
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise DigitsError(f"{path}: no such folder or file; {EXPECTED}")
    if path.suffix == ".csv":
        return _of_csv(path)
    if path.suffix == ".npz":
        return _of_npz(path)
    if path.suffix in unipen.SUFFIXES:
        return _of_unipen(path)
    raise DigitsError(f"{path}: {EXPECTED}")


def _of_folder(path: Path) -> Iterator[Item]:
    folders = _folders(path)
    parts = {folder: PARTS.get(folder.name.lower(), "") for folder in folders}
    if TRAIN in parts.values():
        other = [folder.name for folder, part in parts.items() if not part]
        if other:
            raise DigitsError(f"{path}: has a folder {other[0]!r} beside train/; move it away")
        pairs = [(part, label) for folder, part in parts.items() for label in _folders(folder)]
    else:
        pairs = [("", label) for label in folders]
    if not pairs:
        tables = sorted(path.glob("*.csv"))
        hint = f"; did you mean {tables[0]}?" if tables else ""
        raise DigitsError(f"{path}: no folders in it; {EXPECTED}{hint}")
    known = Image.registered_extensions()
    loose = sorted(file.name for file in path.iterdir() if file.suffix.lower() in known)
    if loose:
        count, first = len(loose), loose[0]
        print(f"warning: {path}: {count} pictures lie in no folder: {first}, ...", file=sys.stderr)
    for part, folder in pairs:
        empty = True
        for file in sorted(folder.rglob("*")):
            hidden = any(name.startswith(".") for name in file.relative_to(path).parts)
            if file.is_file() and not hidden and file.suffix != ".tmp":
                empty = False
                yield Item(str(file), str(file.relative_to(path)), unquote(folder.name), part=part)
        if empty:
            print(f"warning: {folder}: no pictures in it", file=sys.stderr)


def _folders(path: Path) -> list[Path]:
    return sorted(f for f in path.iterdir() if f.is_dir() and not f.name.startswith("."))


def _of_csv(path: Path) -> Iterator[Item]:
    """Rows of path,label and perhaps writer and split; paths start at the CSV file's folder."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
    rows = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)
    if not {"path", "label"} <= set(rows.fieldnames or ()):
        raise DigitsError(f"{path}: its first line names no path and label; it is `path,label`")
    for row in _told(path, rows):
        number = rows.line_num
        file, label = (row["path"] or "").strip(), cell_text((row["label"] or "").strip())
        part = (row.get("split") or "").strip()
        if not file or not label or None in row:
            raise DigitsError(f"{path}: line {number} is not path,label: {row!s:.60}")
        if part and part not in PARTS:
            raise DigitsError(f"{path}: line {number}: split is {part!r}, not {', '.join(PARTS)}")
        writer = (row.get("writer") or "").strip()
        yield Item(str(path.parent / file), file, label, writer, PARTS.get(part, ""))


def _told(path: Path, rows: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise DigitsError(f"{path}: no CSV file: {reason(error)}") from None


def _of_npz(path: Path) -> Iterator[Item]:
    """images (N, H, W) or (N, H, W, 3) uint8, labels (N,), and perhaps writers (N,)."""
    try:
        with path.open("rb") as whole, np.load(whole, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # a damaged zip raises whatever zlib and zipfile do
        raise DigitsError(f"{path}: damaged, or no .npz file ({reason(error)})") from None
    images, labels = arrays.get("images"), arrays.get("labels")
    if images is None or labels is None:
        raise DigitsError(f"{path}: holds no arrays `images` and `labels`")
    count = len(labels) if labels.ndim == 1 else -1
    writers = arrays.get("writers", np.full(max(count, 0), ""))
    pixels = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if not (pixels and images.dtype == np.uint8 and len(images) == len(writers) == count):
        raise DigitsError(
            f"{path}: images are {images.dtype} {images.shape} and labels {labels.shape}; they "
            "should be uint8 (N, H, W) or (N, H, W, 3) and (N,)"
        )
    for i, image in enumerate(images):
        yield Item(image, f"images[{i}]", str(labels[i]), str(writers[i]))


def _of_unipen(path: Path) -> Iterator[Item]:
    """The characters of a UNIPEN file, drawn in black on white, each with another pen."""
    samples = [sample for sample in unipen.read(path) if len(sample.label) == 1]
    if not samples:
        raise DigitsError(f"{path}: no UNIPEN file, or no segment in it is one character")
    rng = np.random.default_rng(0)
    for i, sample in enumerate(samples):
        glyph = hands.of_strokes(sample.label, sample.strokes)
        ink = hands.draw(glyph, HEIGHT, hands.pen(HEIGHT, rng))
        paper = 255 - np.pad(ink, HEIGHT // 5)
        yield Item(paper, f"{path.name}[{i}]", sample.label, sample.writer)
