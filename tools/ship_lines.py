"""Make the shipped line model of a training run: int8 ONNX, its thresholds, its card.

python tools/ship_lines.py runs/2026-11-30-064114-lines
python tools/ship_lines.py runs/LATER --halfway_to runs/EARLIER/model.pth
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from ship import alone, asked, told, train_command
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import Tensor

from digits import archs, checkpoint, classifier, data, metrics
from digits.classifier import Classifier
from digits.data import pages
from digits.data.row_ink import Sources
from digits.finder import LINES, checked, columns, may_be_a_number
from digits.optimization import artefact
from digits.reading.budget import Budget
from digits.reading.judge import is_likely
from digits.reading.recognizer import Recognizer
from digits.spec import LINE_CLASSES, data_dir, pretrained_dir
from digits.training import calibrate, lines, made_up, page_lines
from digits.training.lines import Sample

PATH = pretrained_dir() / LINES
CALIBRATION = 512, 3 * 10**6  # lines, and their seed; those of pages that no training has seen
TEMPERATURE, JUDGED = (4000, 4 * 10**6), (6000, 6 * 10**6)
# Seeds of pages, of which the first half fits and the second one chooses; how many of each seed,
# and their pixels.
SURE = (5 * 10**6, 7 * 10**6, 8 * 10**6, 9 * 10**6), 400, 1024
MAX_ERROR = 0.05  # of lines that may be `read`: these pages are harder than what people have

CARD = """# The line model

{summary}
{parameters:,} parameters. Takes line images, uint8 (N, 1, 72, W) with W a multiple of 32: a line
of the finder's, 24 pixels high, and what stands around it. It says whether that is one number by
hand, a part of one or several, or nothing that is wanted.

| measured on {count:,} lines of made-up pages by held-out writers | float32 | int8 |
|---|---|---|
| size | {sizes[0]:,} bytes | {sizes[1]:,} bytes |
| class right | {right[0]:.1%} | {right[1]:.1%} |
| numbers told from the others (area under the ROC curve) | {area[0]:.3f} | {area[1]:.3f} |

With what the other lines of its page are (a logistic function, fitted on pages of their own), a
line may be `read` from {read:.4f} on, chosen on {shown:,} lines whose texts are sure, {numbers:.1%}
of them numbers: {coverage:.1%} have it, and {error:.2%} of these are none.

Trained on lines that the finder (`_finder.md`) sees on made-up pages (`data/pages.py`), with the
writers and licences that its card names, in {runs}, by

{commands}
{halfway}
Every eighth writer was held out. Licence: MIT, as the code. Made by
`python tools/ship_lines.py RUN`.
"""


@dataclass(frozen=True)
class Seen:
    """What a model says of some lines: logits (N, K), and the places of their classes (N,)."""

    logits: np.ndarray
    classes: np.ndarray

    @property
    def are_numbers(self) -> np.ndarray:
        return np.asarray(self.classes == LINE_CLASSES.index("number"))

    @property
    def likely(self) -> np.ndarray:
        """How likely each is a number, (N,)."""
        return metrics.softmax(self.logits, 1.0)[:, LINE_CLASSES.index("number")]


def seen(model: Classifier, some: list[Sample]) -> Seen:
    logits = np.concatenate([model(image[None, None]) for image, _ in some])
    return Seen(logits, np.array([of_line for _, of_line in some]))


def known(source: Sources, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns (N, 3) of the lines of made-up pages whose text is sure, and whether they are numbers
    (N,)."""
    pages_of = list(_known(source, seed))
    of_pages, right = zip(*pages_of, strict=True)
    return np.concatenate(of_pages), np.concatenate(right)


def _known(source: Sources, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    model = classifier.load(classifier.shipped()[classifier.DEFAULT_SHIPPED])
    rng = np.random.default_rng(seed)
    _, count, side = SURE
    for _ in range(count):
        page = pages.page(source, rng, side)
        reads = Recognizer(model, "auto", None, page.grey, Budget(np.inf))
        likely, sure, right = [], [], []
        for line in page_lines.parted(page.grey):
            known_so = checked(line, page.grey)
            row = reads.line(line)[0] if may_be_a_number(known_so) else None
            if row and is_likely(row):
                likely.append(known_so.probability)
                sure.append(reads.is_read([row], expected=True))
                right.append(lines.class_of(line, page) == "number")
        if any(sure):
            yield columns(likely)[sure], np.array(right)[sure]


def _write(content: dict[str, Any], calibration: Tensor) -> None:
    with artefact.staged(PATH) as trial:
        trial.write_bytes(artefact.build(content, ".onnx", calibration))


def main() -> None:
    content, runs, averaged = asked(__doc__)
    config = runs[-1]
    learned, held_out = made_up.sources(data.load("mnist", hold_out=config.hold_out), data_dir())
    calibration = lines.stack(lines.samples(CALIBRATION[0], learned, CALIBRATION[1], 2))[0]
    tempering, judging = (
        lines.samples(count, held_out, seed, 2) for count, seed in (TEMPERATURE, JUDGED)
    )
    sizes, right, area = [], [], []
    for inputs in (None, calibration):
        with artefact.staged(PATH) as trial:
            trial.write_bytes(artefact.build(content, ".onnx", inputs))
        model = classifier.load(PATH, takes="line images")
        judged = seen(model, judging)
        sizes.append(PATH.stat().st_size)
        right.append(float((judged.logits.argmax(1) == judged.classes).mean()))
        area.append(float(roc_auc_score(judged.are_numbers, judged.likely)))
        print(f"{sizes[-1]:,} bytes, {right[-1]:.1%} right, {area[-1]:.3f}", flush=True)

    tempered = seen(model, tempering)
    content["temperature"] = metrics.fit_temperature(tempered.logits, tempered.classes)
    content["metrics"]["lines"] = {"float32": area[0], "int8": area[1]}
    _write(content, calibration)
    with ProcessPoolExecutor(2, get_context("spawn"), alone) as pool:  # ORT bears no fork
        lines_of = list(pool.map(partial(known, held_out), SURE[0]))
    half = len(lines_of) // 2
    (fitting, numbers), (choosing, right_ones) = (
        [np.concatenate(both) for both in zip(*some, strict=True)]
        for some in (lines_of[:half], lines_of[half:])
    )
    logistic = LogisticRegression(C=10.0, fit_intercept=False, max_iter=2000).fit(fitting, numbers)
    weights = [round(float(weight), 4) for weight in logistic.coef_[0]]
    likely = 1 / (1 + np.exp(-choosing @ weights))
    read = calibrate.threshold(likely, right_ones, MAX_ERROR)
    content["metrics"]["page"], content["thresholds"] = weights, {"read": read}
    _write(content, calibration)
    kept = likely >= read
    card = CARD.format(
        summary=archs.summary(config.arch), count=len(judging), sizes=sizes, right=right,
        parameters=sum(p.numel() for p in checkpoint.build(content).parameters()), area=area,
        read=read, shown=len(choosing), numbers=right_ones.mean(), coverage=kept.mean(),
        error=1 - right_ones[kept].mean(), runs=told(runs, "docs/lab/pages.md"),
        commands="\n".join(f"    {train_command(run)}" for run in runs),
        halfway=averaged,
    )  # fmt: skip
    checkpoint.write_atomically(PATH.with_suffix(".md"), lambda file: file.write(card.encode()))
    print(card)


if __name__ == "__main__":
    main()
