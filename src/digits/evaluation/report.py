"""One page that shows what was measured: report.html, its figures as files, metrics.json."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from digits import checkpoint
from digits.errors import DigitsError
from digits.evaluation import explain, ood, pictures, plots, robustness
from digits.evaluation.facts import history, stated
from digits.evaluation.measure import Measurement
from digits.evaluation.parts import Material
from digits.evaluation.style import BLUE, GRID, INK
from digits.extras import required

CELL = 8  # pictures shown of a cell of the confusion matrix
CARDS = 24  # pictures shown of the worst errors, of the least sure answers, of suspected labels
WEBP_QUALITY = 70  # of 100: 25 kB a drawing, whose words stay sharp
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Card:
    """One tile with what a model says of it; `top` holds its three likeliest classes."""

    index: int
    picture: str  # as a data URI
    label: str
    right: bool
    top: list[tuple[str, float]]


def check(folder: Path) -> None:
    """Let pass what `write` can write into, before minutes of measuring; nothing made is left.

    Raises:
        DigitsError: the folder cannot be made or written.
    """
    for package in ("jinja2", "matplotlib"):
        required(package, "--output")
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:  # permissions are not all: /proc has them, and takes no folder
        TemporaryDirectory(dir=there).cleanup()
    except OSError:
        raise DigitsError(f"--output {folder}: cannot be written; name another folder") from None


def write(folder: Path, found: dict[str, Any], it: Material, explained: bool = False) -> None:
    """Write the report of what was `found` of the material; with `explained` it shows what the
    models looked at.

    Raises:
        DigitsError: the folder cannot be written.
    """
    tests = it.tests if found["data"] else []
    figures = draw(folder, found, it)
    if explained:
        figures += [explain.draw(folder / f"explained_{i}", t) for i, t in enumerate(tests, 1)]
    page = _template().render(
        facts=found,
        names=" and ".join(filter(None, [", ".join(it.names[:-1]), it.names[-1]])),
        tests=[Page(test, i) for i, test in enumerate(tests)],
        figures={path.name: inline(path) for path in figures},
        read=_of_pictures(found["pictures"], it) if "pictures" in found else [],
    )
    checkpoint.write_bytes(folder / "report.html", page.encode())
    checkpoint.write_json(folder / "metrics.json", found)


def draw(folder: Path, found: dict[str, Any], it: Material) -> list[Path]:
    """The figures of what was found as PNG and SVG; those that the page shows, without a suffix."""
    paths = []
    if "pictures" in found:
        paths += pictures.draw(folder, found["pictures"], it.answered)
    if found["data"]:
        paths += draw_tiles(folder, it.names, it.tests)
    if "robustness" in found:
        paths += robustness.draw(folder, found["robustness"], it.tests[0].images)
    if "ood" in found:
        paths.append(ood.draw(folder / "ood", found["ood"]))
    for i, model in enumerate(it.models, 1):
        if rows := history(model):
            kept = stated(model, "best_epochs")
            paths.append(plots.draw_curves(folder / f"training_curves_{i}", rows, kept))
    return paths


def draw_tiles(folder: Path, names: Sequence[str], tests: Sequence[Measurement]) -> list[Path]:
    """The figures of all models on tiles."""
    accuracies = [
        (name, test.summary["accuracy"], test.summary["accuracy_interval_95"])
        for name, test in zip(names, tests, strict=True)
    ]
    for i, test in enumerate(tests, 1):
        plots.draw_confusion_of(folder / f"confusion_matrix_{i}", test)
        plots.draw_samples(folder / f"sample_predictions_{i}", test)
    before, after = ([plots.given_by(test, fitted) for test in tests] for fitted in (False, True))
    columns = {"before the temperature": before, "as it answers": after}
    sure = [(test.confidence, test.right) for test in tests]
    marks = [plots.threshold_mark(test) for test in tests]
    return [
        plots.draw_accuracies(folder / "accuracy", accuracies),
        plots.draw_reliability(folder / "reliability", names, columns),
        plots.draw_risk(folder / "risk_coverage", names, sure, marks, len(tests[0].labels)),
    ]


@dataclass(frozen=True)
class Failures:
    """The drawings of a model's first failures on a user's own pictures, as data URIs; None for a
    file that is no picture."""

    failures: list[dict[str, Any]]
    drawings: list[str | None]

    def of_cell(self, label: str, answer: str) -> int | None:
        """The place of the first of them with this label and answer; None where none is shown."""
        pairs = [(one["label"], one["text"]) for one in self.failures[: len(self.drawings)]]
        return pairs.index((label, answer)) if (label, answer) in pairs else None


def _of_pictures(found: dict[str, Any], it: Material) -> list[Failures]:
    """What the page shows of each model's failures."""
    most, shown = pictures.SHOWN // len(it.models), []
    for model, result in zip(it.models, found["models"].values(), strict=True):
        drawn = pictures.drawn(model, it.reading, result["failures"][:most])
        uris = [image if image is None else data_uri(image[..., ::-1], "webp") for image in drawn]
        shown.append(Failures(result["failures"], uris))
    return shown


class Page:
    """What the page shows of one model beside its figures."""

    def __init__(self, test: Measurement, place: int) -> None:
        self.test = test
        self.place = place
        self.counts = np.array(test.summary["confusion"])
        self.rates = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        self.most_errors = max((self.counts * ~np.eye(len(self.counts), dtype=bool)).max(), 1)

    def shade(self, row: int, column: int) -> float:
        """How dark a cell of errors is, in percent: 45 for the one with most."""
        return 45 * float(self.counts[row, column] / self.most_errors)

    def cell(self, row: int, column: int) -> list[Card]:
        """Tiles of a label (row) that were taken for a class (column), the surest first."""
        there = (self.test.labels == row) & (self.test.predicted == column)
        return self._cards(self._by(there, -self.test.confidence)[:CELL])

    def worst(self) -> list[Card]:
        """The surest of the wrong answers."""
        return self._cards(self._by(~self.test.right, -self.test.confidence)[:CARDS])

    def unsure(self) -> list[Card]:
        """The least sure answers, right or wrong."""
        every = np.ones(len(self.test.labels), bool)
        return self._cards(self._by(every, self.test.confidence)[:CARDS])

    def suspects(self, found: Sequence[int]) -> list[Card]:
        """The first of the labels that are suspected to be wrong."""
        return self._cards(found[:CARDS])

    def _by(self, mask: np.ndarray, key: np.ndarray) -> np.ndarray:
        chosen = np.flatnonzero(mask)
        return chosen[np.argsort(key[chosen], kind="stable")]

    def _cards(self, indices: Iterable[int]) -> list[Card]:
        test, names = self.test, self.test.model.classes
        return [
            Card(
                int(i),
                data_uri(test.images[i, ::-1].transpose(1, 2, 0)),
                names[test.labels[i]],
                bool(test.right[i]),
                [(names[k], float(p[k])) for k in np.argsort(-p, kind="stable")[:3]],
            )
            for i in indices
            for p in [test.probabilities[i]]
        ]


def data_uri(image: np.ndarray, kind: str = "png") -> str:
    """A picture (H, W), (H, W, 1) or (H, W, 3) BGR uint8 as a PNG or WebP within a page."""
    quality = [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY] if kind == "webp" else []
    done, content = cv2.imencode(f".{kind}", image, quality)
    assert done
    return f"data:image/{kind};base64," + base64.b64encode(content.tobytes()).decode()


def inline(path: Path) -> str:
    """A figure's SVG as a part of a page, in the page's colours, with names of its own."""
    svg = path.with_suffix(".svg").read_text("utf-8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{path.name}-", svg)
    for colour, name in ((INK, "ink"), (GRID, "line"), ("#ffffff", "page"), (BLUE, "blue")):
        svg = svg.replace(colour, f"var(--{name})")
    return re.sub(r' (width|height)="[^"]*pt"', "", svg, count=2)


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["percent"] = lambda share, places=2: f"{share:.{places}%}"
    environment.filters["number"] = lambda count: "not known" if count is None else f"{count:,}"
    environment.filters["often"] = lambda groups: {
        key: group for key, group in groups.items() if group["count"] > 1
    }
    environment.filters["p"] = lambda p: f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"
    return environment.get_template("report.html")
