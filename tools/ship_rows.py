"""Make the shipped row model of a training run: int8 ONNX, its doubt, its card.

python tools/ship_rows.py runs/2026-11-25-223100-rows
python tools/ship_rows.py runs/LATER --halfway_to runs/EARLIER/model.pth
python tools/ship_rows.py --doubt

The last fits its doubt anew, where the made-up rows have changed. Run `tools/ship_general.py
--doubt` after any of them: the doubt of both together is fitted there.
"""

import argparse
import itertools
import json
import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import onnx
from numpy.random import Generator
from ship import alone, halfway, runs_of, told, train_command
from sklearn.linear_model import LogisticRegression

from digits import archs, checkpoint, classifier, data
from digits.classifier import METADATA_KEY, Classifier
from digits.data import rows
from digits.optimization import artefact
from digits.reading import row_models
from digits.reading import rows as reading
from digits.reading.doubt import Features, probability
from digits.reading.formats import parse
from digits.spec import SIGNS, data_dir, pretrained_dir
from digits.training import made_up, page_lines
from digits.training import rows as training
from digits.training.calibrate import threshold
from digits.training.config import TrainConfig
from digits.vision.ink import find, is_inverted

HALFWAY = """\
Its weights are the means of those of the last two runs (Wortsman et al. 2022, "Model soups";
`--halfway_to`): of crops they read as many as the one, of lines of pages nearly as many as the
other.
"""
EMPTY = 0.2  # of the crops that its doubt is fitted on
AS_WRITTEN = r"/[0-9.,:\-\/]*/"
CALIBRATION, SEEDS = 512, {"calibration": 3 * 10**6, "weights": 4 * 10**6, "threshold": 5 * 10**6}

DOUBT = """\
An answer counts as `read` from a probability of {read:.4f}, chosen on {shown:,} other
made-up rows: {coverage:.1%} have it, and {error:.2%} of these are wrong. On real pictures see"""

CARD = """# The row model

{summary}
{parameters:,} parameters. Takes row images, uint8 (N, 1, 48, W),
and names every fourth column: a digit, one of `. , - / :`, or nothing (CTC).

| measured on {count:,} made-up rows by held-out writers | float32 | int8 |
|---|---|---|
| size | {sizes[0]:,} bytes | {sizes[1]:,} bytes |
| whole rows right, signs and all | {right[0]:.2%} | {right[1]:.2%} |

{doubt}
docs/results.md.

Trained on numbers composed of digits and signs by {writers} writers of many countries (UNIPEN,
CC BY 4.0; pen-based digits by Alpaydin and Alimoglu, CC BY 4.0; UJI Pen Characters, CC BY 4.0;
bhmsds, MIT) and of MNIST's training part, in
{runs}, by

{commands}

{halfway}
The first three are of a network with four residual blocks less. The fourth began with what its int8
file holds, and with these blocks as nothing: the scale of their last norms is 0 (Goyal et al. 2017,
"Accurate, large minibatch SGD").

Every eighth writer was held out. Limits: one row, 1 to 20 characters, the crop about one to three
times as high as its digits. Licence: MIT, as the code. Made by `python tools/ship_rows.py RUN`.
"""


Known = list[tuple[Features, bool]]  # of answers, and whether they are right
# The ink of a row, the grey of its picture, whether it is light on dark, and the text in it.
Shown = tuple[np.ndarray, np.ndarray, bool, str]


def readings(source: rows.Sources, count: int, seed: int) -> Known:
    """What is known of the answers to made-up rows: of three two crops, of which half have nothing
    but their numbers, and one line of a page."""
    model = classifier.load(classifier.shipped()[classifier.DEFAULT_SHIPPED])
    rng = np.random.default_rng(seed)
    crops, lines, known = _crops(source, rng), _lines(source, rng), []
    for number in range(count):
        ink, grey, inverted, text = next(crops if number % 3 else lines)
        is_plain = number % 2 == 0
        wanted = parse("number" if is_plain else AS_WRITTEN)
        assert wanted is not None
        read = reading.read_row(ink, reading.looks_at(grey, inverted), model, wanted)
        if read.features is not None:
            truth = "".join(c for c in text if c not in SIGNS) if is_plain else text
            known.append((read.features, read.text == truth))
    return known


def _crops(source: rows.Sources, rng: Generator) -> Iterator[Shown]:
    for number in itertools.count():
        grey, text = rows.crop(source, rng, number % 4 < 2, EMPTY)
        ink = find(grey, inverted=False)
        if ink is not None:
            yield ink.level, grey, False, text


def _lines(source: rows.Sources, rng: Generator) -> Iterator[Shown]:
    while True:
        page = page_lines.page(source, rng)
        for line, text in training.whole_numbers(page):
            under = line.under(page.grey)
            inverted = is_inverted(under)
            ink = find(under, inverted)
            if ink is not None:
                yield line.alone(ink), under, inverted, text


def fitted(known: Known) -> list[float]:
    """The weights of the doubt."""
    columns = np.array([features.columns() for features, _ in known])
    right = np.array([is_right for _, is_right in known])
    found = LogisticRegression(C=100.0, fit_intercept=False, max_iter=2000).fit(columns, right)
    return [round(float(w), 4) for w in found.coef_[0]]


@dataclass(frozen=True)
class Doubt:
    """The weights of the doubt, the threshold of `read`, and what it does to the `shown` rows that
    chose it: the share that is `read`, and that of these that is wrong."""

    weights: list[float]
    read: float
    shown: int
    coverage: float
    error: float

    def told(self) -> dict[str, float]:
        """What cards say of it."""
        return {key: value for key, value in vars(self).items() if key != "weights"}


def doubt_of(source: rows.Sources, count: int, max_error: float) -> Doubt:
    """The doubt of the row models that are asked, fitted on so many rows, `read` on others."""
    read_rows = partial(readings, source, count)
    with ProcessPoolExecutor(2, get_context("spawn"), alone) as pool:  # ORT bears no fork
        known, others = pool.map(read_rows, (SEEDS["weights"], SEEDS["threshold"]))
    weights = fitted(known)
    sure = np.array([probability(features, weights) for features, _ in others])
    good = np.array([is_right for _, is_right in others])
    read = threshold(sure, good, max_error)
    kept = sure >= read
    return Doubt(weights, read, len(others), float(kept.mean()), float(1 - good[kept].mean()))


def fit_doubt_again(path: Path, card_says: str, count: int, max_error: float) -> None:
    """Fit the doubt of a shipped row model anew, in its file and where its card says what
    `card_says` does."""
    proto = onnx.load(path)
    (entry,) = (prop for prop in proto.metadata_props if prop.key == METADATA_KEY)
    known = json.loads(entry.value)
    config = known["config"]
    _, held_out = made_up.sources(
        data.load(config["dataset"], hold_out=config["hold_out"]), data_dir()
    )
    doubt = doubt_of(held_out, count, max_error)
    known["metrics"]["doubt"], known["thresholds"] = doubt.weights, {"read": doubt.read}
    entry.value = json.dumps(known)
    with artefact.staged(path) as trial:
        trial.write_bytes(proto.SerializeToString())
    card, said = path.with_suffix(".md"), re.escape(card_says)
    said = re.sub(r"\\{.*?\\}", ".*?", said)  # what stands where a figure does
    now = card_says.format(**doubt.told())
    text, count = re.subn(said, now, card.read_text("utf-8"))
    assert count == 1, card
    checkpoint.write_atomically(card, lambda file: file.write(text.encode()))
    print(now)


def accuracy(model: Classifier, samples: list[rows.Sample]) -> float:
    right = 0
    for image, text in samples:
        path = model(image[None, None])[0].argmax(axis=1)
        right += training.spelled(path) == text
    return right / len(samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, nargs="?", help="folder of the training run")
    parser.add_argument("--doubt", action="store_true", help="fit the shipped model's doubt again")
    parser.add_argument("--rows", type=int, default=4500, help="that its doubt is fitted on")
    parser.add_argument("--halfway_to", type=Path, help="model whose weights are averaged with its")
    args = parser.parse_args()
    path = pretrained_dir() / row_models.OWN
    os.environ[row_models.SWITCH] = "own"  # for the processes that fit the doubt
    if args.doubt:
        fit_doubt_again(path, DOUBT, args.rows, TrainConfig.make({"arch": "rows"}).max_error)
        return
    if not args.run:
        parser.error("a run or --doubt is needed")

    content = checkpoint.load(args.run / "model.pth")
    if args.halfway_to:
        halfway(content, args.halfway_to)
    runs = runs_of(content)
    config = runs[-1]
    content["config"] = config.as_dict()
    dataset = data.load("mnist", hold_out=config.hold_out)
    learned, held_out = made_up.sources(dataset, data_dir())
    some = training.samples(CALIBRATION, learned, SEEDS["calibration"])
    some = [sample for sample in some if 96 <= sample[0].shape[1] <= 224]
    calibration = training.stack(some)[0]
    judged = training.samples(training.VALIDATION[0], held_out, training.VALIDATION[1])
    sizes, right = [], []
    for inputs in (None, calibration):
        with artefact.staged(path) as trial:
            trial.write_bytes(artefact.build(content, ".onnx", inputs))
        sizes.append(path.stat().st_size)
        right.append(accuracy(classifier.load(path, takes="row images"), judged))
        print(f"{sizes[-1]:,} bytes, {right[-1]:.2%} right", flush=True)

    doubt = doubt_of(held_out, args.rows, config.max_error)
    content["metrics"] |= {"doubt": doubt.weights, "rows": {"float32": right[0], "int8": right[1]}}
    content["thresholds"] = {"read": doubt.read}
    with artefact.staged(path) as trial:
        trial.write_bytes(artefact.build(content, ".onnx", calibration))

    parameters = sum(p.numel() for p in checkpoint.build(content).parameters())
    card = CARD.format(
        summary=archs.summary(config.arch), parameters=parameters, count=len(judged), sizes=sizes,
        right=right, doubt=DOUBT.format(**doubt.told()), runs=told(runs, "docs/lab/reading.md"),
        commands="\n".join(f"    {train_command(run)}" for run in runs),
        halfway=HALFWAY if args.halfway_to else "",
        writers=sum(len(hands) for hands in learned.writers.values()),
    )  # fmt: skip
    checkpoint.write_atomically(path.with_suffix(".md"), lambda file: file.write(card.encode()))
    print(card)


if __name__ == "__main__":
    main()
