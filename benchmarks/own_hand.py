"""What `learn` makes of ten corrections a digit, for one writer after the other that it never saw.

    python benchmarks/own_hand.py --data DATA --model reader --writers 20

The writers are those of UNIPEN and pendigits in DATA/hands whom the model has not seen: the
held-out ones, and of a model that learned from no hands all. Ten digits of each kind, or half of
what there are, are what `learn` is given; the error is of all the others. Writers on record are
not done again.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from support.command import run_main

from digits import classifier
from digits.commands import learn
from digits.data import hands
from digits.data.hands import Hand
from digits.tile import frame

RECORD = Path(__file__).parent / "results" / "own_hand.json"
GIVEN, LEAST = 10, 60  # examples a class; tiles of a writer, so that enough are left to measure


def tiles(hand: Hand) -> tuple[np.ndarray, np.ndarray]:
    """What a writer wrote: tiles (N, 28, 28) uint8 and labels (N,)."""
    glyphs = [glyph for k in range(10) for glyph in hand.glyphs.get(str(k), [])]
    images = [frame(hands.draw(glyph, 100, 9)) for glyph in glyphs]
    return np.stack(images), np.array([int(glyph.label) for glyph in glyphs])


def wrong(model: str | Path, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of errors."""
    logits = classifier.load(classifier.find(model))(images[:, None])[:, :10]
    return float((logits.argmax(axis=1) != labels).mean())


def measure(hand: Hand, model: str, more: list[str]) -> dict[str, Any]:
    """Learn from some of a writer's digits; the error on the others before and after."""
    images, labels = tiles(hand)
    rng = np.random.default_rng(0)
    given = np.zeros(len(labels), bool)
    for k in range(10):
        some = rng.permutation(np.flatnonzero(labels == k))
        given[some[: min(GIVEN, len(some) // 2)]] = True
    np.savez("given.npz", images=images[given], labels=labels[given])
    start = time.perf_counter()
    kept = learn.main(["--from", "given.npz", "--model", model, "--cpu", *more]) == 0
    seconds = time.perf_counter() - start
    before = wrong(model, images[~given], labels[~given])
    runs = sorted(Path("runs").glob("*/model.onnx"))
    after = wrong(runs[-1], images[~given], labels[~given])
    return {"writer": hand.name, "given": int(given.sum()), "others": int((~given).sum()),
            "before": before, "after": after, "kept": kept, "seconds": seconds}  # fmt: skip


def unseen(folder: Path, model: str) -> list[Hand]:
    """The hands that this model has not learned from, and that wrote enough digits."""
    learned = classifier.load(classifier.find(model)).card["config"].get("hands", 0)
    parts = [hands.load(folder, held_out, ("unipen_digits", "pendigits"))
             for held_out in ((True,) if learned else (True, False))]  # fmt: skip
    some = [hand for name in parts[0] for part in parts for hand in part[name]]
    return [hand for hand in some
            if sum(len(hand.glyphs.get(str(k), [])) for k in range(10)) >= LEAST]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that hands/ lies in")
    parser.add_argument("--model", default="reader")
    parser.add_argument("--writers", type=int, default=20)
    args, more = parser.parse_known_args()
    found = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    rows = found["writers"] if found.get("model") == args.model else []
    done = [row["writer"] for row in rows]
    for hand in unseen(args.data, args.model)[: args.writers]:
        if hand.name in done:
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            rows.append(measure(hand, args.model, [*more, "--data_dir", str(args.data)]))
            os.chdir(Path(__file__).parent)
        print(rows[-1], flush=True)
        RECORD.write_text(json.dumps({"model": args.model, "writers": rows}, indent=2) + "\n")
    for name, of in (("before", "before"), ("after", "after")):
        errors = [row[of] for row in rows]
        print(f"{name:8} mean error {np.mean(errors):.2%}, worst {max(errors):.2%}")
    now = [row["after" if row["kept"] else "before"] for row in rows]
    print(f"in use   mean error {np.mean(now):.2%}, worst {max(now):.2%}; "
          f"kept {sum(row['kept'] for row in rows)} of {len(rows)}; "
          f"{np.median([row['seconds'] for row in rows]):.0f} s each")  # fmt: skip


if __name__ == "__main__":
    run_main(main)
