"""What a run shows while it trains, all of it on stderr."""

import sys
from collections.abc import Iterator

from tqdm import tqdm

COLUMNS = {
    "epoch": "{:5.0f}",
    "train_loss": "{:10.4f}",
    "train_accuracy": "{:14.2%}",
    "validation_loss": "{:15.4f}",
    "validation_accuracy": "{:19.2%}",
    "seconds": "{:7.1f}",
}


def print_row(row: dict[str, float], is_best: bool) -> None:
    """One line of the table of epochs; the first brings the heading."""
    if row["epoch"] == 1:
        print(*(name.replace("_", " ") for name in COLUMNS), sep="  ", file=sys.stderr)
    cells = (form.format(row[name]) for name, form in COLUMNS.items())
    print(*cells, "*" if is_best else "", sep="  ", file=sys.stderr)


def print_patience(epochs: int) -> None:
    """Why a run ends before its last epoch."""
    last = "the last epoch was" if epochs == 1 else f"the last {epochs} epochs were"
    print(f"ended: {last} no better on validation (--patience)", file=sys.stderr)


class EpochBar:
    """Iterates over an epoch's steps behind a progress bar, which is shown on a terminal only."""

    def __init__(self, epoch: int, epochs: int, first: int, steps: int, shown: bool) -> None:
        self._bar: tqdm[int] = tqdm(
            range(first, steps),
            initial=first,
            total=steps,
            desc=f"epoch {epoch + 1}/{epochs}",
            leave=False,
            disable=not (shown and sys.stderr.isatty()),
        )

    def __iter__(self) -> Iterator[int]:
        yield from self._bar

    def show(self, loss: float, accuracy: float) -> None:
        self._bar.set_postfix(loss=f"{loss:.4f}", accuracy=f"{accuracy:.4f}", refresh=False)
