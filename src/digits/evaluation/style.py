"""One hand for every figure: a palette that is safe for the colour-blind, and how figures are kept.

The colours are those of Okabe and Ito (2008), but for black and yellow, which vanish on a dark or a
white page.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digits import checkpoint

BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PURPLE = "#56b4e9", "#cc79a7"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, RED, SKY)  # of models side by side, in this order
RIGHT, WRONG = BLUE, RED
INK, GRID = "#24292f", "#d0d7de"  # of text and axes, and of the lines behind the data

SUFFIXES = (".png", ".svg")

STYLE = {
    "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "text.color": INK,
    "xtick.color": INK, "ytick.color": INK, "grid.color": GRID, "axes.grid": True,
    "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 11, "axes.labelsize": 10, "font.size": 10, "legend.frameon": False,
    "lines.linewidth": 1.8, "svg.fonttype": "none", "svg.hashsalt": "digits",
}  # fmt: skip


def series(index: int) -> str:
    """The colour of the model at this place; they repeat after the sixth."""
    return SERIES[index % len(SERIES)]


def in_percent(*axes: Any) -> None:
    """Label axes of fractions in percent, with as many decimals as their range asks for."""
    from matplotlib.ticker import PercentFormatter

    for axis in axes:
        axis.set_major_formatter(PercentFormatter(1))


@contextmanager
def figure(path: Path, rows: int, columns: int, size: tuple[float, float]) -> Iterator[Any]:
    """Subplots (rows, columns), saved to `path` whole or not at all, without a display.

    `size` is in inches. A path without a suffix is saved as .png and .svg.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        drawing = Figure(figsize=size, layout="constrained")
        yield drawing.subplots(rows, columns, squeeze=False)
        for suffix in [path.suffix] if path.suffix else SUFFIXES:
            checkpoint.write_bytes(path.with_suffix(suffix), _rendered(drawing, suffix))


def _rendered(drawing: Any, suffix: str) -> bytes:
    buffer = io.BytesIO()
    plain = {"Date": None} if suffix == ".svg" else None  # the same figure, the same bytes
    drawing.savefig(buffer, format=suffix[1:], dpi=110, metadata=plain)
    return buffer.getvalue()
