"""A user's own pictures: which there are, and what stands in them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from urllib.parse import unquote

from digits.cells import cell_text
from digits.classifier import Classifier
from digits.errors import DigitsError, reason
from digits.pictures.files import files
from digits.pictures.packed import File
from digits.spec import CLASSES, NONE, ROW_CLASSES


@dataclass(frozen=True)
class Labelled:
    """A picture file and what stands in it; "" where that is none of a model's classes."""

    path: str
    label: str


@dataclass(frozen=True)
class Labels:
    """The pictures of a folder or a table called `source`, and what in it was left out: labels
    without a picture, and files that are no pictures or have no label."""

    source: str
    items: list[Labelled]
    empty: tuple[str, ...] = ()
    other_files: int = 0


def labelled(source: Path) -> Labels:
    """The pictures of a folder with one folder a label, or of a CSV with the columns path,label.

    A label is what stands in the picture, as a string (007 stays 007) with its rows on lines of
    their own, or `none`. Paths in a CSV are relative to it.

    Raises:
        DigitsError: there is nothing of the kind there.
    """
    return _of_csv(source) if source.suffix.lower() == ".csv" else _of_folder(source)


def check(items: Sequence[Labelled], models: Sequence[Classifier]) -> None:
    """A label is a class of the model, or, where it knows all digits, a number.

    Raises:
        DigitsError: one is neither.
    """
    for model in models:
        reads_numbers = set(CLASSES) <= set(model.classes)
        for item in items:
            number = reads_numbers and set(item.label) <= {*ROW_CLASSES, "\n"}
            if not number and item.label not in ("", *model.classes):
                raise DigitsError(
                    f"{item.path}: {item.label!r} is no label; it is "
                    + ("what stands in the picture, such as 7 or 47.11" if reads_numbers else
                       f"one of {shorten(', '.join(model.classes), 60, placeholder=' ...')}")
                    + f", or {NONE}"
                )  # fmt: skip


def _of_folder(folder: Path) -> Labels:
    if not folder.is_dir():
        raise DigitsError(f"{folder}: no such folder")
    parts = sorted(path for path in folder.glob("[!.]*") if path.is_dir())
    if not parts:
        raise DigitsError(
            f"{folder}: no folders in it; put the pictures of each label into a folder of its name"
        )
    found = {unquote(part.name): [file.name for file in _pictures(part)] for part in parts}
    items = [Labelled(path, _label(name)) for name, paths in found.items() for path in paths]
    if not items:
        raise DigitsError(f"{folder}: no pictures in its folders")
    every = sum(1 for path in folder.rglob("[!.]*") if path.is_file())
    empty = tuple(name for name, paths in found.items() if not paths)
    return Labels(str(folder), items, empty, max(0, every - len(items)))


def _pictures(folder: Path) -> Iterator[File]:
    """Those in a folder, which may be none; hidden ones are not looked at, as by `train`."""
    try:
        for file in files(str(folder)):
            parts = Path(file.name).relative_to(folder).parts
            if not any(part.startswith(".") for part in parts):
                yield file
    except DigitsError:
        return


def _of_csv(path: Path) -> Labels:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, skipinitialspace=True))
    except (OSError, ValueError, csv.Error) as error:
        raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
    cells = [row.get(key) for row in rows for key in ("path", "label")]
    if not rows or None in cells:
        raise DigitsError(f"{path}: no table of labels; its first line is path,label")
    items = [
        Labelled(str(path.parent / row["path"]), _label(cell_text(row["label"]))) for row in rows
    ]
    return Labels(str(path), items)


def _label(text: str) -> str:
    return "" if text.strip().lower() == NONE else text.strip()
