"""One page that shows what was measured: report.html, its figures as files, metrics.json."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from digits import checkpoint
from digits.evaluation import explain, ood, plots, robustness
from digits.evaluation.facts import history, stated
from digits.evaluation.measure import Measurement
from digits.evaluation.style import GRID, INK

CELL = 8  # pictures shown of a cell of the confusion matrix
CARDS = 24  # pictures shown of the worst errors, of the least sure answers, of suspected labels
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Card:
    """One tile with what a model says of it; `top` holds its three likeliest classes."""

    index: int
    picture: str  # as a data URI
    label: str
    right: bool
    top: list[tuple[str, float]]


def write(
    folder: Path,
    facts: dict[str, Any],
    tests: Sequence[Measurement],
    photographs: Sequence[Sequence[np.ndarray | None]] = (),
    explained: bool = False,
) -> None:
    """Write the report of what `facts` holds.

    `photographs` are the failures among a user's own pictures, (H, W, 3) uint8 BGR, by model; None
    for a file that is no picture. With `explained` it shows what the models looked at.

    Raises:
        DigitsError: the folder cannot be written.
    """
    names = [model["name"] for model in facts["models"]]
    figures = draw(folder, names, tests)
    if "robustness" in facts:
        figures += robustness.draw(folder, facts["robustness"], tests[0].images)
    if "ood" in facts:
        figures.append(ood.draw(folder / "ood", facts["ood"]))
    if explained:
        figures += [explain.draw(folder / f"explained_{i}", t) for i, t in enumerate(tests, 1)]
    page = _template().render(
        facts=facts,
        names=" and ".join(filter(None, [", ".join(names[:-1]), names[-1]])),
        tests=[Page(test, i) for i, test in enumerate(tests)],
        figures={path.name: inline(path) for path in figures},
        shown=[[image if image is None else data_uri(image, "jpeg") for image in images]
               for images in photographs],
    )  # fmt: skip
    checkpoint.write_bytes(folder / "report.html", page.encode())
    checkpoint.write_json(folder / "metrics.json", facts)


def draw(folder: Path, names: Sequence[str], tests: Sequence[Measurement]) -> list[Path]:
    """The figures of all models, as PNG and SVG; those that the page shows, without a suffix."""
    accuracies = [
        (name, test.summary["accuracy"], test.summary["accuracy_interval_95"])
        for name, test in zip(names, tests, strict=True)
    ]
    paths = [
        plots.draw_reliability(folder / "reliability", names, tests),
        plots.draw_risk(folder / "risk_coverage", names, tests),
        plots.draw_accuracies(folder / "accuracy", accuracies),
    ]
    for i, test in enumerate(tests, 1):
        plots.draw_confusion(folder / f"confusion_matrix_{i}", test)
        plots.draw_samples(folder / f"sample_predictions_{i}", test)
        rows = history(test.model.path)
        if rows:
            kept = stated(test, "best_epochs")
            paths.append(plots.draw_curves(folder / f"training_curves_{i}", rows, kept))
    return paths


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
    """A picture (H, W), (H, W, 1) or (H, W, 3) BGR uint8 as a PNG or JPEG within a page."""
    done, content = cv2.imencode(f".{kind}", image)
    assert done
    return f"data:image/{kind};base64," + base64.b64encode(content.tobytes()).decode()


def inline(path: Path) -> str:
    """A figure's SVG as a part of a page, in the page's colours, with names of its own."""
    svg = path.with_suffix(".svg").read_text("utf-8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{path.name}-", svg)
    for colour, of_page in ((INK, "var(--ink)"), (GRID, "var(--line)"), ("#ffffff", "var(--page)")):
        svg = svg.replace(colour, of_page)
    return re.sub(r' (width|height)="[^"]*pt"', "", svg, count=2)


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["percent"] = lambda share, places=2: f"{share:.{places}%}"
    environment.filters["number"] = lambda count: "not known" if count is None else f"{count:,}"
    environment.filters["p"] = lambda p: f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"
    return environment.get_template("report.html")
