"""Accuracy against the number of own examples a class: from scratch and from a shipped model.

    python benchmarks/few_examples.py --data DATA --seeds 3 --figure docs/figures/few_examples.png

Two sets of the hands in DATA/hands: digits (pendigits), which the shipped model's classes are, and
the lower-case letters of UNIPEN that are no digit's double (19), which it has never seen; of a
letter with fewer examples all are taken. Tests are by writers who wrote none of the examples. Every
training sees each example equally often, in STEPS steps at least and each EPOCHS times at least;
nothing but the examples chooses the epoch. Its record is by set, count, start and seed.
"""

import argparse
import json
import math
import statistics
import string
import tempfile
from pathlib import Path

import numpy as np
import torch
from support.command import run_main

from digits import checkpoint, device, metrics, spec
from digits.data import Dataset, Split, hands
from digits.evaluation.style import BLUE, ORANGE, figure
from digits.spec import CLASSES
from digits.tile import frame
from digits.training import ensemble
from digits.training.config import TrainConfig
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.step import logits_of

RECORD = Path(__file__).parent / "results" / "few_examples.json"
SETS = {
    "digits": ("pendigits", CLASSES),
    "letters": ("unipen_chars",
                tuple(c for c in string.ascii_lowercase if c not in spec.LOOKALIKES)),
}  # fmt: skip
COUNTS = (1, 2, 5, 10, 50, 500)
TEST_EACH = 40  # tiles a class, at most
STEPS, EPOCHS, BATCH = 100, 5, 64


def tiles(name: str, folder: Path, held_out: bool, most: int) -> list[np.ndarray]:
    """Of each class of a set up to `most` tiles (M, 28, 28) uint8, mixed among the writers."""
    collection, classes = SETS[name]
    some = hands.load(folder, held_out, (collection,))[collection]
    rng = np.random.default_rng(int(held_out))
    made = []
    for label in classes:
        glyphs = [glyph for hand in some for glyph in hand.glyphs.get(label, [])]
        chosen = rng.permutation(len(glyphs))[:most]
        drawn = [hands.draw(glyphs[i], 100, float(rng.uniform(7, 12))) for i in chosen]
        made.append(np.array([frame(ink) for ink in drawn], np.uint8).reshape(-1, 28, 28))
    return made


def split(of_class: list[np.ndarray]) -> Split:
    labels = np.repeat(np.arange(len(of_class)), [len(some) for some in of_class])
    return Split(torch.from_numpy(np.concatenate(of_class))[:, None], torch.from_numpy(labels))


def times(count: int) -> int:
    """How often each of so many examples is in an epoch: for STEPS steps in EPOCHS epochs, or once
    where there are more."""
    return -(-STEPS * BATCH // (EPOCHS * count))


def accuracy(
    name: str, learn: list[np.ndarray], test: Split, count: int, seed: int, init: str
) -> float:
    """Of cnn3 trained on `count` examples a class, on the test tiles."""
    rng = np.random.default_rng(seed)
    few = split([some[rng.permutation(len(some))[:count]] for some in learn])
    train = few[torch.arange(len(few)).repeat(times(len(few)))]
    config = TrainConfig.make(
        {"arch": "cnn3", "epochs": EPOCHS, "patience": EPOCHS, "batch_size": BATCH, "seed": seed,
         "init": init, "labels": SETS[name][1]}
    )  # fmt: skip
    dataset = Dataset(name, train, few, test, SETS[name][1])
    with tempfile.TemporaryDirectory() as folder:
        trained = ensemble.train(
            config, dataset, Run(Path(folder)), Ranks(), device.pick(cpu=True), resume=False
        )
    if trained.stopped_by:
        raise SystemExit(128 + trained.stopped_by)
    return metrics.accuracy(logits_of(trained.model, test.images).numpy(), test.labels.numpy())


def draw(path: Path, counts: list[int], means: dict[tuple[str, str], list[float]]) -> None:
    """Accuracies by counts, of each set and start, as a picture; a set that lacks a count (NaN) is
    drawn without it."""
    with figure(path, 1, len(SETS), (9, 3.6)) as axes:
        for axis, name in zip(axes[0], SETS, strict=True):
            for init, colour in (("scratch", ORANGE), ("cnn3", BLUE)):
                axis.semilogx(counts, means[name, init], "o-", color=colour, label=init)
            axis.set(title=name, xlabel="examples a class", ylabel="accuracy")
            axis.set_xticks(counts, [str(count) for count in counts])
            axis.minorticks_off()
            axis.yaxis.set_major_formatter("{x:.0%}")
            axis.legend()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that hands/ lies in")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="examples a class")
    parser.add_argument("--figure", type=Path)
    args = parser.parse_args()
    found = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for name in SETS:
        learn = tiles(name, args.data, False, max(args.counts))
        test = split(tiles(name, args.data, True, TEST_EACH))
        for count in args.counts:
            for init in ("", "cnn3"):
                for seed in range(args.seeds):
                    key = f"{name}, {count} a class, {init or 'scratch'}, seed {seed}"
                    if key not in found:
                        found[key] = accuracy(name, learn, test, count, seed, init)
                        checkpoint.write_json(RECORD, found)
    means = {
        (name, init): [
            statistics.mean(found.get(f"{name}, {n} a class, {init}, seed {s}", math.nan)
                            for s in range(args.seeds)) for n in args.counts
        ]
        for name in SETS for init in ("scratch", "cnn3")
    }  # fmt: skip
    print("set, start  ", *(f"{n:>7}" for n in args.counts))
    for (name, init), row in means.items():
        print(f"{name:8} {init:8}", *(f"{value:7.2%}" for value in row))
    if args.figure:
        draw(args.figure, args.counts, means)


if __name__ == "__main__":
    run_main(main)
