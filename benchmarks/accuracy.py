"""Accuracy of every architecture, mean and spread over seeds, each run by the command it names.

    python benchmarks/accuracy.py --seeds 3 base improved cnn2     # train what is not recorded yet
    python benchmarks/accuracy.py                                  # print the table, train nothing

A row stands for the flags after `train`; write them after a name as in "cnn5 --augment". Runs are
recorded one by one in benchmarks/results/accuracy.json, so a run that is broken off loses one.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "benchmarks" / "results" / "accuracy.json"


def train(flags: str, seed: int) -> dict[str, Any]:
    """One run of the train command, in a scratch folder; its figures."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, ROOT / "src" / "train.py", *shlex.split(flags)]
        subprocess.run(
            [*command, "--dataset", "mnist", "--seed", str(seed)], cwd=scratch, check=True
        )
        (metrics,) = Path(scratch).glob("runs/*/metrics.json")
        figures = json.loads(metrics.read_text())
    return {
        "flags": flags,
        "seed": seed,
        "test_accuracy": figures["test"]["accuracy"],
        "validation_accuracy": figures["validation"]["validation_accuracy"],
        "train_seconds": figures["train_seconds"],
    }


def table(runs: list[dict[str, Any]]) -> str:
    """Markdown: a row for each set of flags, over its seeds."""
    lines = [
        "| `train` | seeds | test accuracy | deviation | worst | validation |",
        "|---|---|---|---|---|---|",
    ]
    for flags in dict.fromkeys(run["flags"] for run in runs):
        tests = [run["test_accuracy"] for run in runs if run["flags"] == flags]
        validations = [run["validation_accuracy"] for run in runs if run["flags"] == flags]
        deviation = f"{statistics.stdev(tests):.2%}" if len(tests) > 1 else "-"
        lines.append(
            f"| `{flags}` | {len(tests)} | {statistics.mean(tests):.2%} | {deviation} "
            f"| {min(tests):.2%} | {statistics.mean(validations):.2%} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", help="what follows `train`: an architecture, flags")
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    runs = json.loads(RECORD.read_text()) if RECORD.exists() else []
    for row in args.rows:
        flags = row if row.startswith("-") else f"--arch {row}"
        for seed in range(args.seeds):
            if any((run["flags"], run["seed"]) == (flags, seed) for run in runs):
                continue
            runs.append(train(flags, seed))
            RECORD.write_text(json.dumps(runs, indent=1) + "\n")
    print(table(runs))


if __name__ == "__main__":
    main()
