"""The figures of a run: curves, the confusion matrix, samples. Each is one PNG file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from digits import checkpoint
from digits.evaluation.measure import Measurement

BLUE, ORANGE, GREEN, RED = "#3b6fb6", "#e08a2e", "#2f8f5b", "#c0392b"
MOST_WRITTEN = 30  # classes whose counts can be written into the matrix


@contextmanager
def figure(path: Path, rows: int, columns: int, size: tuple[float, float]) -> Iterator[Any]:
    """Subplots (rows, columns) that are saved to `path`, whole or not at all, without a display."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=size, layout="constrained")
    yield drawing.subplots(rows, columns, squeeze=False)
    checkpoint.write_atomically(path, lambda file: drawing.savefig(file, format="png", dpi=110))


def draw(folder: Path, test: Measurement, images: np.ndarray, classes: Sequence[str]) -> None:
    """The figures of one evaluation; images (N, C, H, W) uint8 are the tiles measured."""
    draw_confusion(folder / "confusion_matrix.png", test, classes)
    draw_samples(folder / "sample_predictions.png", test, images, classes)


def draw_curves(path: Path, history: Sequence[dict[str, float]], best_epoch: int) -> None:
    """Loss and accuracy of training and validation over the epochs, the kept one marked."""
    epochs = [row["epoch"] for row in history]
    with figure(path, 1, 2, (9, 3.6)) as axes:
        for axis, what in zip(axes[0], ("loss", "accuracy"), strict=True):
            for part, colour in (("train", BLUE), ("validation", ORANGE)):
                values = [row[f"{part}_{what}"] for row in history]
                axis.plot(epochs, values, "o-", color=colour, markersize=3.5, label=part)
            axis.axvline(best_epoch, color=GREEN, linewidth=1, linestyle=":", label="kept")
            axis.set(xlabel="epoch", title=what)
            axis.xaxis.get_major_locator().set_params(integer=True)
            axis.grid(alpha=0.25)
            axis.spines[["top", "right"]].set_visible(False)
        axes[0][1].yaxis.set_major_formatter("{x:.1%}")
        axes[0][0].legend(frameon=False)


def draw_confusion(path: Path, test: Measurement, classes: Sequence[str]) -> None:
    """Counts of label (rows) against prediction (columns); the shade is of the errors alone."""
    counts = np.array(test.summary["confusion"])
    errors = counts * ~np.eye(len(classes), dtype=bool)
    with figure(path, 1, 1, (6.2, 6)) as axes:
        axis = axes[0][0]
        axis.imshow(errors, cmap="Reds", vmin=0, vmax=max(errors.max(), 5) * 1.6)
        for (row, column), count in np.ndenumerate(counts if len(classes) <= MOST_WRITTEN else []):
            right = row == column
            shown = str(count) if count else ""
            weight = "bold" if right else "normal"
            colour = GREEN if right else "black"
            axis.text(column, row, shown, ha="center", va="center", color=colour, weight=weight)
        ticks = range(len(classes))
        axis.set_xticks(ticks, classes)
        axis.set_yticks(ticks, classes)
        axis.set(xlabel="predicted", ylabel="label", title=f"accuracy {test.accuracy_in_words()}")
        axis.title.set_fontsize(10)
        axis.spines[:].set_visible(False)


def draw_samples(
    path: Path, test: Measurement, images: np.ndarray, classes: Sequence[str], columns: int = 10
) -> None:
    """One right answer of each class above the surest wrong ones; images (N, C, H, W) uint8."""
    predicted = test.logits.argmax(axis=1)
    confidence = test.probabilities.max(axis=1)
    right = [
        np.flatnonzero((predicted == test.labels) & (test.labels == c))[:1]
        for c in range(len(classes))
    ]
    wrong = np.flatnonzero(predicted != test.labels)
    wrong = wrong[np.argsort(-confidence[wrong])][: 2 * columns]
    chosen = [*np.concatenate(right)[:columns], *wrong]
    places = [*range(min(columns, len(chosen) - len(wrong))), *range(columns, columns + len(wrong))]
    # One sheet and not an axis a tile: laying out thirty of them takes a second.
    gap, above = 6, 22  # pixels between tiles, and for the words above each
    size = images.shape[2]
    sheet = np.zeros((3 * (above + size), columns * (size + gap), images.shape[1]), np.uint8)
    with figure(path, 1, 1, (columns * 1.05, 4.6)) as axes:
        axis = axes[0][0]
        axis.set_axis_off()
        for place, i in zip(places, chosen, strict=True):
            y, x = (
                place // columns * (above + size) + above,
                place % columns * (size + gap),
            )
            sheet[y : y + size, x : x + size] = images[i].transpose(1, 2, 0)
            is_right = predicted[i] == test.labels[i]
            words = f"{classes[predicted[i]]}  {confidence[i]:.0%}"
            words += "" if is_right else f"\nis {classes[test.labels[i]]}"
            colour = GREEN if is_right else RED
            middle = x + size / 2
            axis.text(middle, y - 2, words, ha="center", va="bottom", color=colour, fontsize=9)
        axis.imshow(sheet, cmap="gray_r", vmin=0, vmax=255)
