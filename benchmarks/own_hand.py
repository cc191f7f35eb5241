"""What `learn` makes of ten corrections a digit, for one writer after the other that it never saw.

    python benchmarks/own_hand.py --data DATA --model cnn3 --writers 20
    python benchmarks/own_hand.py --data DATA --model reader

The writers are those of pendigits (DATA/hands) who wrote more than ten of each digit: ten are what
`learn` is given, the error is of all the others. Beside it stands the error on MNIST's test digits,
which say what was forgotten: `learn` itself looks at validation alone. A model that learned from
hands (`reader` did) is measured on held-out writers alone, six; one that never saw any on these and
the 38 others. Other flags go to `learn`. Writers on record, in results/own_hand.json by model and
these flags, are not done again.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from support.command import run_main

from digits import checkpoint, classifier, data
from digits.commands import learn
from digits.data import hands
from digits.data.hands import Hand
from digits.tile import frame

RECORD = Path(__file__).parent / "results" / "own_hand.json"
GIVEN = 10  # examples a digit


def tiles(hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    """What a writer wrote: tiles (N, 28, 28) uint8 and labels (N,)."""
    glyphs = [glyph for k in range(10) for glyph in hand.glyphs.get(str(k), [])]
    images = [frame(hands.draw(glyph, 100, 9)) for glyph in glyphs]
    return np.stack(images), np.array([int(glyph.label) for glyph in glyphs])


def wrong(model: str | Path, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of errors."""
    logits = classifier.load(classifier.find(model))(images[:, None])[:, :10]
    return float((logits.argmax(axis=1) != labels).mean())


def measure(hand: Hand, model: str, folder: str, more: list[str]) -> dict[str, Any]:
    """Learn from some of a writer's digits, here; the error before and after, on the others and on
    MNIST's test digits, and the share of the way that `learn` went."""
    images, labels = tiles(hand)
    rng = np.random.default_rng(0)
    given = np.zeros(len(labels), bool)
    for k in range(10):
        given[rng.permutation(np.flatnonzero(labels == k))[:GIVEN]] = True
    np.savez("given.npz", images=images[given], labels=labels[given])
    start = time.perf_counter()
    flags = ["--from", "given.npz", "--model", model, "--data_dir", folder, "--cpu", *more]
    kept = learn.main(flags) == 0
    seconds = time.perf_counter() - start
    (learned,) = Path("runs").glob("*/model.onnx")
    share = checkpoint.load(learned.with_suffix(".pth"))["metrics"]["learned_share"]
    test = data.load("mnist", folder).test
    mnist = test.images[:, 0].numpy(), test.labels.numpy()
    others = images[~given], labels[~given]
    return {"writer": hand.name, "given": int(given.sum()), "others": int((~given).sum()),
            "before": wrong(model, *others), "after": wrong(learned, *others),
            "mnist_before": wrong(model, *mnist), "mnist_after": wrong(learned, *mnist),
            "share": share, "kept": kept, "seconds": seconds}  # fmt: skip


def unseen(folder: Path, model: str) -> list[Hand]:
    """The hands that this model has not learned from and that wrote enough, held-out ones first."""
    learned = classifier.load(classifier.find(model)).card["config"].get("hands") or 0
    parts = (True,) if learned else (True, False)
    some = [hand for held_out in parts
            for hand in hands.load(folder, held_out, ("pendigits",))["pendigits"]]  # fmt: skip
    return [hand for hand in some
            if all(len(hand.glyphs.get(str(k), [])) > GIVEN for k in range(10))]  # fmt: skip


def summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Of several writers: mean and worst error before, after, and of the model that is in use then:
    the new one where it was kept."""
    errors: dict[str, list[float]] = {}
    for of in ("", "mnist_"):
        for when in ("before", "after"):
            errors[of + when] = [row[of + when] for row in rows]
        errors[f"{of}in_use"] = [row[of + ("after" if row["kept"] else "before")] for row in rows]
    found = {f"{of}_{name}": float(how(some)) for of, some in errors.items()
             for name, how in (("mean", np.mean), ("worst", np.max))}  # fmt: skip
    return {"writers": len(rows), "kept": sum(row["kept"] for row in rows), **found,
            "median_seconds": float(np.median([row["seconds"] for row in rows]))}  # fmt: skip


@contextlib.contextmanager
def scratch() -> Iterator[None]:
    """Within, the working directory is an empty one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that hands/ lies in")
    parser.add_argument("--model", default="cnn3")
    parser.add_argument("--writers", type=int, default=20)
    args, more = parser.parse_known_args()
    folder = args.data.resolve()
    model = str(Path(args.model).resolve()) if Path(args.model).is_file() else args.model
    found = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    name = " ".join([args.model, *more])
    rows = found.get(name, {}).get("rows", [])
    chosen = unseen(folder, model)[: args.writers]
    if len(chosen) < args.writers:
        print(f"{args.model} has not seen {len(chosen)} writers; not more", file=sys.stderr)
    for hand in chosen:
        if hand.name in [row["writer"] for row in rows]:
            continue
        with scratch():
            rows.append(measure(hand, model, str(folder), more))
        print(rows[-1], flush=True)
        found[name] = {"rows": rows, "summary": summary(rows)}
        checkpoint.write_json(RECORD, found)
    told = found[name]["summary"]
    for of in ("before", "after", "in_use"):
        mean, worst = told[f"{of}_mean"], told[f"{of}_worst"]
        mnist = told[f"mnist_{of}_mean"], told[f"mnist_{of}_worst"]
        print(f"{of:8} mean error {mean:.2%}, worst {worst:.2%}; on MNIST {mnist[0]:.3%}, "
              f"worst {mnist[1]:.2%}")  # fmt: skip
    print(f"kept {told['kept']} of {told['writers']}; {told['median_seconds']:.0f} s each")


if __name__ == "__main__":
    run_main(main)
