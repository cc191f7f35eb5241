"""Writing the tiles that a model saw into folders of classes, which `learn` and `train` read."""

from pathlib import Path

from PIL import Image

from digits.data.own_files import folder_of
from digits.errors import DigitsError, told
from digits.reading.answer import Answer


def prepare_tiles(folder: Path) -> None:
    """Make the folder for tiles.

    Raises:
        DigitsError: it cannot be made, or something is in it that could be overwritten.
    """
    with told(f"--save_tiles {folder}: cannot be made"):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise DigitsError(f"--save_tiles {folder}: not empty; name a new folder")


def save_tiles(answer: Answer, folder: Path, taken: dict[str, int]) -> None:
    """Write every digit's tile as LABEL/NAME_ROW_PLACE.png, which `learn` and `train` read; of a
    second picture of that name, as NAME-2_... `taken` are the names so far, and how often each was
    asked for; this one is added.

    Raises:
        DigitsError: the folder cannot be written.
    """
    name = Path(answer.image).stem.lstrip(".") if answer.image != "-" else "stdin"
    stem = _free(name, taken)
    with told(f"--save_tiles {folder}: cannot be written"):
        for i, row in enumerate(answer.rows, 1):
            for k, digit in enumerate(row.digits, 1):
                place = folder / folder_of(digit.label)
                place.mkdir(exist_ok=True)
                Image.fromarray(digit.tile).save(place / f"{stem}_{i}_{k}.png")


def _free(stem: str, taken: dict[str, int]) -> str:
    """`stem`, or with a number behind it if it is taken; now it is. To some disks A and a are the
    same, so they are here."""
    same = stem.casefold()
    number, name = taken.get(same, 1), stem
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken[same] = number
    taken.setdefault(name.casefold(), 1)
    return name
