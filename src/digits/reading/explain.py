"""Show how an answer came about: the picture with boxes, the tiles as the model saw them, bars."""

from itertools import chain, count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from digits.errors import DigitsError, reason
from digits.reading.answer import Answer, Digit
from digits.vision.load import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 24  # digits shown
COLUMNS = 8
COLOURS = {"read": "tab:green", "unsure": "tab:orange", "no_digit": "tab:red"}


def explain(picture: Picture, answer: Answer, path: Path | IO[bytes]) -> None:
    """Draw an answer into a picture file; its suffix says of which kind, an open one becomes a PNG.

    Raises:
        DigitsError: the file cannot be written, or its suffix is not known.
    """
    from matplotlib.figure import Figure

    digits = [digit for row in answer.rows for digit in row.digits][:MOST]
    lines = -(-len(digits) // COLUMNS)
    figure = Figure(figsize=(10, 4.5 + 2.4 * lines), layout="constrained")
    heights = [4.5, 2.4 * lines] if lines else [4.5]
    top, *below = figure.subfigures(len(heights), height_ratios=heights, squeeze=False)[:, 0]
    _picture(top.subplots(), picture, answer)
    for sheet in below:
        _digits(sheet, digits, lines)
    try:
        figure.savefig(path, dpi=100)
    except (OSError, ValueError) as error:
        raise DigitsError(f"--explain {path}: not written: {reason(error)}") from None


def save_tiles(answer: Answer, folder: Path, taken: set[str]) -> None:
    """Write every digit's tile as NAME_ROW_PLACE_LABEL.png; of a second picture of that name, as
    NAME-2_... `taken` are the names so far, to which this one is added.

    Raises:
        DigitsError: the folder cannot be written.
    """
    from PIL import Image

    stem = _free(Path(answer.image).stem if answer.image != "-" else "stdin", taken)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for i, row in enumerate(answer.rows, 1):
            for k, digit in enumerate(row.digits, 1):
                Image.fromarray(digit.tile).save(folder / f"{stem}_{i}_{k}_{digit.label}.png")
    except OSError as error:
        raise DigitsError(f"--save_tiles {folder}: cannot be written: {error.strerror}") from None


def _free(stem: str, taken: set[str]) -> str:
    """`stem`, or with a number behind it if it is taken; now it is."""
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return name


def _picture(axes: "Axes", picture: Picture, answer: Answer) -> None:
    from matplotlib.patches import Rectangle

    axes.imshow(picture.grey, cmap="gray", vmin=0, vmax=255)
    axes.axis("off")
    colour = COLOURS[answer.status]
    says = " / ".join(row.text for row in answer.rows) or "no digit"
    axes.set_title(f"{says}   {answer.probability:.1%} {answer.status}", color=colour, fontsize=15)
    for row in answer.rows:
        for digit in row.digits:
            x, y, width, height = (v / picture.scale for v in digit.box)
            axes.add_patch(Rectangle((x, y), width, height, fill=False, color=colour, lw=1.5))
            axes.annotate(digit.label, (x, y), color=colour, fontsize=12, va="bottom")
    axes.text(
        0.5, -0.02, "\n".join(answer.warnings), transform=axes.transAxes, ha="center", va="top"
    )


def _digits(sheet: Any, digits: list[Digit], lines: int) -> None:
    """A tile and its bars for each digit, COLUMNS to a line."""
    grid = sheet.subplots(2 * lines, COLUMNS, squeeze=False)
    for axes in grid.ravel():
        axes.axis("off")
    for i, digit in enumerate(digits):
        line, column = divmod(i, COLUMNS)
        tile, bars = grid[2 * line, column], grid[2 * line + 1, column]
        tile.imshow(digit.tile, cmap="gray", vmin=0, vmax=255)
        tile.set_title(f"{digit.label}  {digit.probability:.0%}", fontsize=10)
        bars.axis("on")
        labels = sorted(label for label, _ in digit.ranking)
        bars.bar(labels, [dict(digit.ranking)[label] for label in labels], color="tab:blue")
        bars.set_ylim(0, 1)
        bars.set_yticks([])
        bars.tick_params(labelsize=7, length=0)
