"""Settings that no recipe uses, against the recipe of cnn3, on validation alone.

    python benchmarks/settings.py --seeds 3 --record benchmarks/results/settings.json

Each seed trains the recipe and each variant of it, for the same number of epochs; differences are
those of pairs of the same seed. A third of the writers, or of the tiles, is for validation, so that
it says something; the test sets are not looked at. The record is gone on with.
"""

import argparse
import dataclasses
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from support.command import run_main

from digits import checkpoint, device
from digits.training import tune
from digits.training.lifecycle import begin

VARIANTS: dict[str, dict[str, Any]] = {
    "recipe": {}, "cosine": {"schedule": "cosine"}, "plateau": {"schedule": "plateau"},
    "linear": {"schedule": "linear"}, "dropout 0.1": {"dropout": 0.1},
    "dropout 0.3": {"dropout": 0.3}, "mixup": {"mixing": "mixup"}, "cutmix": {"mixing": "cutmix"},
    "erasing": {"mixing": "erasing"},
}  # fmt: skip
SETS = ("uci", "unipen-symbols")
HOLD_OUT = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--data_dir")
    parser.add_argument("--record", type=Path, help="accuracies, as JSON; it is gone on with")
    args = parser.parse_args()
    record: Path | None = args.record
    found = json.loads(record.read_text()) if record and record.exists() else {}
    for name in args.sets:
        given = {"arch": "cnn3", "dataset": name, "hold_out": HOLD_OUT}
        config, dataset = begin(given, args.data_dir)
        for seed in range(args.seeds):
            for variant, settings in VARIANTS.items():
                key = f"{name}, {variant}, seed {seed}"
                if key in found:
                    continue
                one = dataclasses.replace(config, seed=seed, **settings)
                with tempfile.TemporaryDirectory() as folder:
                    found[key], stopped = tune.validated(
                        one, dataset, Path(folder), device.pick(cpu=True)
                    )
                if stopped:
                    return 128 + stopped
                if record:
                    checkpoint.write_json(record, found)
    print("| set | setting | accuracy on validation | against the recipe |\n|---|---|---|---|")
    for name in args.sets:
        for variant in VARIANTS:
            of, recipe = (
                [found[f"{name}, {way}, seed {seed}"] for seed in range(args.seeds)]
                for way in (variant, "recipe")
            )
            print(f"| `{name}` | {variant} | {spread(of)} |", end=" ")
            gained = [one - other for one, other in zip(of, recipe, strict=True)]
            print("- |" if variant == "recipe" else f"{spread(gained, '+')} |")
    return 0


def spread(shares: list[float], sign: str = "") -> str:
    """Mean and deviation of shares, in percent."""
    deviation = statistics.stdev(shares) if len(shares) > 1 else 0.0
    return f"{100 * statistics.mean(shares):{sign}.2f} ± {100 * deviation:.2f}"


if __name__ == "__main__":
    run_main(main)
