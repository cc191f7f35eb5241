"""How accuracy falls as tiles get worse: every corruption, every level, every model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digits import metrics
from digits.evaluation.corruptions import CORRUPTIONS, Corruption
from digits.evaluation.measure import Measurement
from digits.evaluation.style import INK, figure, series
from digits.spec import TILE_SIZE

TILES = 2000  # the first of the test tiles: an interval of +-0.5 points at 99%
SEED = 17
COLUMNS = 4  # of the figure


def corrupted(corruption: Corruption, images: np.ndarray, level: int) -> np.ndarray:
    """Tiles (N, 1, 28, 28) uint8 at a level, 0 to 4; the same at every call."""
    rng = np.random.default_rng([SEED, level])
    return corruption.apply(images[:, 0], corruption.levels[level], rng)[:, None]


def sweep(names: Sequence[str], tests: Sequence[Measurement]) -> dict[str, Any]:
    """The accuracy of models on the first tiles that they were measured on, clean and corrupted."""
    images = tests[0].images[:TILES]
    clean = [float(test.right[:TILES].mean()) for test in tests]
    found: dict[str, Any] = {
        name: {"what": corruption.what, "levels": list(corruption.levels), "accuracy": {}}
        for name, corruption in CORRUPTIONS.items()
    }
    for name, corruption in CORRUPTIONS.items():
        worse = [corrupted(corruption, images, level) for level in range(len(corruption.levels))]
        for who, test in zip(names, tests, strict=True):
            scores = [metrics.accuracy(test.model(tiles), test.labels[:TILES]) for tiles in worse]
            found[name]["accuracy"][who] = scores
    return {
        "count": len(images),
        "seed": SEED,
        "clean": dict(zip(names, clean, strict=True)),
        "mean": {who: float(_all(found, who).mean()) for who in names},
        "corruptions": found,
    }


def _all(found: dict[str, Any], who: str) -> np.ndarray:
    """Accuracies of one model: (corruptions, levels)."""
    return np.array([row["accuracy"][who] for row in found.values()])


def table(result: dict[str, Any]) -> str:
    """Mean accuracy over the levels, a line a corruption and a column a model, for a terminal."""
    names = list(result["clean"])
    wide = max(8, *map(len, names))
    lines = [f"{'corruption':12}  " + "  ".join(f"{name:>{wide}}" for name in names)]
    means = {
        name: {who: float(np.mean(scores)) for who, scores in row["accuracy"].items()}
        for name, row in result["corruptions"].items()
    }
    for name, row in {"none": result["clean"], **means, "mean": result["mean"]}.items():
        lines.append(f"{name:12}  " + "  ".join(f"{row[who]:>{wide}.2%}" for who in names))
    return "\n".join(lines)


def draw(folder: Path, result: dict[str, Any], images: np.ndarray) -> list[Path]:
    """The curves, and a sheet of one tile at every level; their paths without a suffix."""
    paths = [folder / "robustness", folder / "corruptions"]
    _draw_curves(paths[0], result)
    _draw_sheet(paths[1], images[:1])
    return paths


def _draw_curves(path: Path, result: dict[str, Any]) -> None:
    lines = -(-len(CORRUPTIONS) // COLUMNS)
    with figure(path, lines, COLUMNS, (11, 2.5 * lines)) as axes:
        for axis in axes.flat:
            axis.set_axis_off()
        for axis, (name, row) in zip(axes.flat, result["corruptions"].items(), strict=False):
            axis.set_axis_on()
            for i, (who, scores) in enumerate(row["accuracy"].items()):
                values = [result["clean"][who], *scores]
                axis.plot(range(6), values, "o-", color=series(i), markersize=3.5, label=who)
            axis.set_xticks(range(6), ["clean", *(f"{level:g}" for level in row["levels"])])
            axis.set(title=name, xlabel=row["what"], ylim=(0, 1.03))
            axis.tick_params(labelsize=8)
            axis.xaxis.label.set_size(8)
            axis.yaxis.set_major_formatter("{x:.0%}")
        axes[0][0].legend(loc="lower left", fontsize=8)


def _draw_sheet(path: Path, images: np.ndarray) -> None:
    """A line a corruption, two lines side by side: the clean tile and its five levels."""
    gap, levels = 4, 6
    names = list(CORRUPTIONS)
    half = -(-len(names) // 2)
    with figure(path, 1, 2, (9, 0.62 * half)) as axes:
        for axis, part in zip(axes[0], (names[:half], names[half:]), strict=True):
            step = TILE_SIZE + gap
            sheet = np.zeros((step * len(part), step * levels), np.uint8)
            for line, name in enumerate(part):
                worse = [corrupted(CORRUPTIONS[name], images, level) for level in range(5)]
                for column, tiles in enumerate([images, *worse]):
                    y, x = line * step, column * step
                    sheet[y : y + TILE_SIZE, x : x + TILE_SIZE] = tiles[0, 0]
            axis.imshow(sheet, cmap="gray_r", vmin=0, vmax=255)
            axis.grid(visible=False)
            axis.spines[:].set_visible(False)
            middles = [line * step + TILE_SIZE / 2 for line in range(len(part))]
            axis.set_yticks(middles, part, color=INK)
            across = [column * step + TILE_SIZE / 2 for column in range(levels)]
            axis.set_xticks(across, ["clean", *"12345"])
            axis.tick_params(length=0)
            axis.xaxis.tick_top()
