"""The figures of a run and of a report: curves, confusion, samples, calibration, risk, accuracy.

A path without a suffix is saved as .png and .svg; figures of a page return it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digits import metrics
from digits.evaluation.measure import Measurement, at_threshold
from digits.evaluation.style import (
    BLUE,
    GREEN,
    GRID,
    INK,
    ORANGE,
    RIGHT,
    WRONG,
    figure,
    in_percent,
    series,
)

Given = tuple[np.ndarray, np.ndarray]  # confidence (N,), and whether the answer is right: bool (N,)

MOST_POINTS = 400  # of a curve: more are not seen, and make a large file
MOST_WRITTEN = 30  # classes whose counts can be written into the matrix


def draw(folder: Path, test: Measurement) -> None:
    """The figures of one run, as PNG."""
    draw_confusion_of(folder / "confusion_matrix.png", test)
    draw_samples(folder / "sample_predictions.png", test)


def draw_curves(path: Path, history: Sequence[dict[str, float]], best_epoch: float | None) -> Path:
    """Loss and accuracy of training and validation over the epochs, the kept one marked if it is
    known."""
    epochs = [row["epoch"] for row in history]
    with figure(path, 1, 2, (9, 3.6)) as axes:
        for axis, what in zip(axes[0], ("loss", "accuracy"), strict=True):
            for part, colour in (("train", BLUE), ("validation", ORANGE)):
                values = [row[f"{part}_{what}"] for row in history]
                axis.plot(epochs, values, "o-", color=colour, markersize=3.5, label=part)
            if best_epoch is not None:
                axis.axvline(best_epoch, color=GREEN, linewidth=1, linestyle=":", label="kept")
            axis.set(xlabel="epoch", title=what)
            axis.xaxis.get_major_locator().set_params(integer=True)
        in_percent(axes[0][1].yaxis)
        axes[0][0].legend()
    return path


def draw_confusion_of(path: Path, test: Measurement) -> None:
    """The confusion matrix of a model on tiles."""
    classes, title = test.model.classes, f"accuracy {test.accuracy_in_words()}"
    draw_confusion(path, np.array(test.summary["confusion"]), classes, classes, title)


def draw_confusion(
    path: Path, counts: np.ndarray, labels: Sequence[str], predicted: Sequence[str], title: str
) -> None:
    """Counts of label (rows) against prediction (columns); the shade is of the errors alone."""
    errors = counts.copy()
    np.fill_diagonal(errors, 0)
    with figure(path, 1, 1, (6.2, 6)) as axes:
        axis = axes[0][0]
        shades = np.ma.masked_equal(errors, 0)  # no error, no colour: not even the palest
        axis.imshow(shades, cmap="Oranges", vmin=0, vmax=max(errors.max(), 5) * 1.6)
        for (row, column), count in np.ndenumerate(counts if len(labels) <= MOST_WRITTEN else []):
            right = row == column
            shown = str(count) if count else ""
            weight = "bold" if right else "normal"
            colour = RIGHT if right else INK
            axis.text(column, row, shown, ha="center", va="center", color=colour, weight=weight)
        axis.set_xticks(range(len(predicted)), predicted)
        axis.set_yticks(range(len(labels)), labels)
        axis.set_xticks(np.arange(1, len(predicted)) - 0.5, minor=True)
        axis.set_yticks(np.arange(1, len(labels)) - 0.5, minor=True)
        axis.grid(visible=False)
        axis.grid(which="minor", color=GRID, linewidth=0.6)  # a line between cells
        axis.tick_params(which="minor", length=0)
        axis.set(xlabel="predicted", ylabel="label", title=title)
        axis.title.set_fontsize(10)
        axis.spines[:].set_visible(False)


def draw_samples(path: Path, test: Measurement, columns: int = 10) -> None:
    """One right answer of each class above the surest wrong ones."""
    classes = test.model.classes
    confidence = test.probabilities.max(axis=1)
    right = [np.flatnonzero(test.right & (test.labels == c))[:1] for c in range(len(classes))]
    wrong = np.flatnonzero(~test.right)
    wrong = wrong[np.argsort(-confidence[wrong])][: 2 * columns]
    chosen = [*np.concatenate(right)[:columns], *wrong]
    places = [*range(min(columns, len(chosen) - len(wrong))), *range(columns, columns + len(wrong))]
    # One sheet and not an axis a tile: laying out thirty of them takes a second.
    gap, above = 6, 22  # pixels between tiles, and for the words above each
    _, channels, size, _ = test.images.shape
    sheet = np.zeros((3 * (above + size), columns * (size + gap), channels), np.uint8)
    with figure(path, 1, 1, (columns * 1.05, 4.6)) as axes:
        axis = axes[0][0]
        axis.set_axis_off()
        for place, i in zip(places, chosen, strict=True):
            y, x = (
                place // columns * (above + size) + above,
                place % columns * (size + gap),
            )
            sheet[y : y + size, x : x + size] = test.images[i].transpose(1, 2, 0)
            words = f"{classes[test.predicted[i]]}  {confidence[i]:.0%}"
            words += "" if test.right[i] else f"\nis {classes[test.labels[i]]}"
            colour = RIGHT if test.right[i] else WRONG
            middle = x + size / 2
            axis.text(middle, y - 2, words, ha="center", va="bottom", color=colour, fontsize=9)
        axis.imshow(sheet, cmap="gray_r", vmin=0, vmax=255)


def given_by(test: Measurement, with_temperature: bool = True) -> Given:
    """The probability of the likeliest class of each tile, and whether that is right."""
    probabilities = test.probabilities if with_temperature else metrics.softmax(test.logits)
    return probabilities.max(axis=1), test.right


def draw_reliability(
    path: Path, names: Sequence[str], columns: Mapping[str, Sequence[Given]], what: str = "tiles"
) -> Path:
    """Accuracy against confidence, and how many answers each point stands for: by title a column,
    in it an entry a model."""
    with figure(path, 2, len(columns), (max(6.4, 4.5 * len(columns)), 6)) as axes:
        for (above, below), (title, column) in zip(axes.T, columns.items(), strict=True):
            above.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=":")
            for i, (name, given) in enumerate(zip(names, column, strict=True)):
                rows = metrics.binned(*given)
                label = f"{name}: {metrics.calibration_error(rows):.2%} off"
                _reliability(above, below, rows, series(i), label, with_bars=len(names) <= 2)
            above.set(title=title, ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.02))
            below.set(xlabel="confidence", ylabel=what, yscale="log", xlim=(0, 1.02))
            below.yaxis.set_major_formatter("{x:,.0f}")
            below.yaxis.set_minor_formatter("")
            below.legend(*above.get_legend_handles_labels(), loc="upper left")
            in_percent(above.xaxis, above.yaxis, below.xaxis)
    return path


def _reliability(
    above: Any, below: Any, rows: list[dict[str, float]], colour: str, label: str, with_bars: bool
) -> None:
    """One model's bins: accuracy `above`, its intervals where they stay legible, counts `below`."""
    confidence, accuracy, count = (
        np.array([row[key] for row in rows]) for key in ("confidence", "accuracy", "count")
    )
    above.plot(confidence, accuracy, "o-", color=colour, markersize=4, linewidth=1, label=label)
    below.plot(confidence, count, "o-", color=colour, markersize=4)
    if with_bars:
        intervals = [
            metrics.wilson_interval(round(a * n), n) for a, n in zip(accuracy, count, strict=True)
        ]
        above.vlines(confidence, *np.array(intervals).T, color=colour, linewidth=1)


def threshold_mark(test: Measurement) -> dict[str, Any] | None:
    """Where the threshold of a model puts it on its curve of risk; None if it keeps none."""
    mark = at_threshold(test)
    return mark and {**mark, "label": f"read: from {mark['threshold']:.1%} on"}


def draw_risk(
    path: Path,
    names: Sequence[str],
    all_given: Sequence[Given],
    marks: Sequence[dict[str, Any] | None],
    of: int,
    what: str = "tiles",
) -> Path:
    """Errors among the answers given against the share of answers given, `of` so many; `marks` are
    points with a `label`.

    Drawn from shortly before the first error or mark on: before it there is nothing to see.
    """
    curves = [_curve(given, of) for given in all_given]
    first = min(float(coverage[risk > 0].min(initial=1)) for coverage, risk in curves)
    first = max(0.0, min([first, *(mark["coverage"] for mark in marks if mark)]) - 0.02)
    with figure(path, 1, 1, (6.4, 4)) as axes:
        axis = axes[0][0]
        for i, (name, mark, (coverage, risk)) in enumerate(zip(names, marks, curves, strict=True)):
            start = min(int(first * of), len(risk) - 1)
            shown = np.unique(np.linspace(start, len(risk) - 1, MOST_POINTS).astype(int))
            axis.plot(coverage[shown], risk[shown], color=series(i), label=name)
            if mark:
                axis.plot(
                    mark["coverage"], mark["risk"], "D", color=series(i), markersize=7,
                    label=mark["label"], clip_on=False, zorder=5,
                )  # fmt: skip
        axis.set(xlabel=f"share of {what} answered", ylabel="errors among the answers")
        axis.set(xlim=(first, 1), ylim=(0, None))
        in_percent(axis.xaxis, axis.yaxis)
        axis.legend()
    return path


def _curve(given: Given, of: int) -> Given:
    """Coverage and risk, where `of` could have been answered."""
    coverage, risk = metrics.risk_coverage(*given)
    return coverage * (len(risk) / of), risk


def draw_accuracies(path: Path, rows: Sequence[tuple[str, float, tuple[float, float]]]) -> Path:
    """Accuracies one under the other, each (name, accuracy, interval)."""
    with figure(path, 1, 1, (6.4, 1.2 + 0.4 * len(rows))) as axes:
        axis = axes[0][0]
        for place, (_, value, (low, high)) in enumerate(rows):
            bar = [[max(value - low, 0)], [max(high - value, 0)]]
            axis.errorbar(value, place, xerr=bar, fmt="o", capsize=3, color=series(place))
            axis.annotate(
                f"{value:.2%}", (value, place), xytext=(0, 7), textcoords="offset points",
                ha="center", fontsize=9,
            )  # fmt: skip
        axis.set_yticks(range(len(rows)), [name for name, _, _ in rows])
        axis.set(xlabel="accuracy, with 95% intervals", ylim=(len(rows) - 0.4, -0.7))
        axis.locator_params(axis="x", nbins=5)  # 99.725% is a wide word
        in_percent(axis.xaxis)
        axis.grid(visible=False, axis="y")
    return path
