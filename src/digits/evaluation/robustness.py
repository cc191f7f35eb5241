"""How accuracy falls as tiles get worse: MNIST-C's fifteen corruptions, and curves by degrees."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digits import metrics
from digits.evaluation.corruptions import CORRUPTIONS, Corruption
from digits.evaluation.measure import Measurement
from digits.evaluation.mnist_c import MNIST_C
from digits.evaluation.style import INK, figure, in_percent, series
from digits.spec import TILE_SIZE

CURVE_TILES = 2000  # the first of the test tiles: an interval of +-0.5 points at 99%
SEED = 17
COLUMNS = 4  # of the curves
EXAMPLES = 8  # tiles in a line of the sheet


def corrupted(name: str, images: np.ndarray) -> np.ndarray:
    """Tiles (N, 1, 28, 28) uint8 by a corruption of MNIST-C; the same at every call."""
    return MNIST_C[name](images[:, 0], np.random.default_rng(SEED))[:, None]


def at_level(corruption: Corruption, images: np.ndarray, level: int) -> np.ndarray:
    """Tiles (N, 1, 28, 28) uint8 at a level, 0 to 4; the same at every call."""
    rng = np.random.default_rng([SEED, level])
    return corruption.apply(images[:, 0], corruption.levels[level], rng)[:, None]


def sweep(names: Sequence[str], tests: Sequence[Measurement]) -> dict[str, Any]:
    """The accuracy of models on the tiles that they were measured on, clean and corrupted."""
    found = {name: _accuracies(corrupted(name, tests[0].images), names, tests) for name in MNIST_C}
    clean = {who: test.summary["accuracy"] for who, test in zip(names, tests, strict=True)}
    errors = {who: 1 - float(np.mean([row[who] for row in found.values()])) for who in names}
    return {
        "count": len(tests[0].labels),
        "seed": SEED,
        "clean": clean,
        "corruptions": found,
        "mean_error": errors,
        "relative_error": {
            who: errors[who] / (1 - clean[who]) if clean[who] < 1 else None for who in names
        },
        "worst": {who: min(found, key=lambda name: found[name][who]) for who in names},
        "curves": _curves(names, tests),
    }


def _accuracies(
    images: np.ndarray, names: Sequence[str], tests: Sequence[Measurement]
) -> dict[str, float]:
    return {
        who: metrics.accuracy(test.model(images), test.labels[: len(images)])
        for who, test in zip(names, tests, strict=True)
    }


def _curves(names: Sequence[str], tests: Sequence[Measurement]) -> dict[str, Any]:
    """Accuracies of the first tiles by corruption, of each model a list: clean and five levels."""
    some = tests[0].images[:CURVE_TILES]
    clean = {
        who: float(test.right[:CURVE_TILES].mean()) for who, test in zip(names, tests, strict=True)
    }
    curves = {}
    for name, corruption in CORRUPTIONS.items():
        worse = [_accuracies(at_level(corruption, some, k), names, tests) for k in range(5)]
        curves[name] = {
            "what": corruption.what,
            "levels": list(corruption.levels),
            "accuracy": {who: [clean[who], *(level[who] for level in worse)] for who in names},
        }
    return {"count": len(some), "by": curves}


def table(result: dict[str, Any]) -> str:
    """Accuracy, a line a corruption and a column a model, for a terminal."""
    names = list(result["clean"])
    wide = max(13, *map(len, names))
    rows = {
        "MNIST-C": names,
        "none": [f"{result['clean'][who]:.2%}" for who in names],
        **{c: [f"{row[who]:.2%}" for who in names] for c, row in result["corruptions"].items()},
        "mean": [f"{1 - result['mean_error'][who]:.2%}" for who in names],
        "mean error": [_times(result["relative_error"][who]) for who in names],
        "worst": [result["worst"][who] for who in names],
    }
    return "\n".join(
        f"{name:13}  " + "  ".join(f"{cell:>{wide}}" for cell in row) for name, row in rows.items()
    )


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1f} x clean"


def draw(folder: Path, result: dict[str, Any], images: np.ndarray) -> list[Path]:
    """The errors, the curves, and a sheet of examples; their paths without a suffix."""
    return [
        _draw_errors(folder / "robustness", result),
        _draw_curves(folder / "robustness_curves", result["curves"]["by"]),
        _draw_sheet(folder / "corruptions", images[:EXAMPLES]),
    ]


def _draw_errors(path: Path, result: dict[str, Any]) -> Path:
    """Errors by corruption on a logarithmic scale, the first model's worst on top."""
    from matplotlib.ticker import LogLocator, NullLocator

    first = next(iter(result["clean"]))
    order = sorted(result["corruptions"], key=lambda name: -result["corruptions"][name][first])
    least = 0.5 / result["count"]  # where no error is drawn
    with figure(path, 1, 1, (8, 5)) as axes:
        axis = axes[0][0]
        for i, (who, clean) in enumerate(result["clean"].items()):
            errors = [max(1 - result["corruptions"][name][who], least) for name in order]
            axis.plot(errors, range(len(order)), "o", color=series(i), markersize=6, label=who)
            axis.axvline(max(1 - clean, least), color=series(i), linewidth=1, linestyle=":")
        axis.set_yticks(range(len(order)), order)
        axis.set(xscale="log", xlabel="errors (dotted: on clean tiles)")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
        axis.xaxis.set_minor_locator(NullLocator())
        axis.grid(visible=False, axis="y")
        axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
    return path


def _draw_curves(path: Path, curves: dict[str, Any]) -> Path:
    lines = -(-len(curves) // COLUMNS)
    with figure(path, lines, COLUMNS, (11, 2.5 * lines)) as axes:
        for axis, (name, row) in zip(axes.flat, curves.items(), strict=True):
            for i, (who, values) in enumerate(row["accuracy"].items()):
                axis.plot(range(6), values, "o-", color=series(i), markersize=3.5, label=who)
            axis.set_xticks(range(6), ["clean", *(f"{level:g}" for level in row["levels"])])
            axis.set(title=name, xlabel=row["what"], ylim=(0, 1.03))
            axis.tick_params(labelsize=8)
            axis.xaxis.label.set_size(8)
            in_percent(axis.yaxis)
        axes[0][0].legend(loc="lower left", fontsize=8)
    return path


def _draw_sheet(path: Path, images: np.ndarray) -> Path:
    """A line a corruption, two lines side by side, of the same tiles; the clean ones first."""
    step = TILE_SIZE + 4
    lines = {"none": images, **{name: corrupted(name, images) for name in MNIST_C}}
    names = list(lines)
    half = -(-len(names) // 2)
    with figure(path, 1, 2, (10, 0.55 * half)) as axes:
        for axis, part in zip(axes[0], (names[:half], names[half:]), strict=True):
            sheet = np.full((step * len(part), step * len(images)), 255, np.uint8)
            for line, name in enumerate(part):
                for column, tile in enumerate(lines[name][:, 0]):
                    y, x = line * step, column * step
                    sheet[y : y + TILE_SIZE, x : x + TILE_SIZE] = 255 - tile
            axis.imshow(sheet, cmap="gray", vmin=0, vmax=255)
            axis.set_yticks([i * step + TILE_SIZE / 2 for i in range(len(part))], part, color=INK)
            axis.set_xticks([])
            axis.grid(visible=False)
            axis.spines[:].set_visible(False)
            axis.tick_params(length=0)
    return path
