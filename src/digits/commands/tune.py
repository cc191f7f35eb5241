"""`digits tune`: search for the settings with which an architecture learns a data set best."""

import shlex
import sys
from argparse import Namespace
from pathlib import Path

from digits import archs, device
from digits.commands import _flags
from digits.commands._flags import number
from digits.commands._source import NAMES, add_source_flags
from digits.errors import DigitsError
from digits.spec import RUNS_DIR
from digits.training.config import MOST_SEED

DEFAULT_ARCH = "cnn3"
STUDY_SUFFIX = ".db"  # what is drawn and trained lies in a folder of the name without it
MOST_SEEDS = 100  # they come after the seed of the search


def main(argv: list[str] | None = None) -> int:
    args = _parse(sys.argv[1:] if argv is None else argv)
    if args.freeze and not args.init:
        raise DigitsError("--freeze is of the layers of --init")

    import numpy as np

    from digits.training import tune
    from digits.training.lifecycle import begin

    arch = args.arch or (None if args.init else DEFAULT_ARCH)
    names = ("dataset", "epochs", "seed", *NAMES)
    asked = {"arch": arch, **{name: getattr(args, name) for name in names}}
    given = {name: value for name, value in asked.items() if value is not None}
    config, dataset = begin(given, args.data_dir)
    path = args.study or RUNS_DIR / f"tune-{config.arch}{STUDY_SUFFIX}"
    folder = path.with_suffix("")
    study = tune.open_study(path, config)
    on = device.pick(args.gpu, args.cpu)
    stopped = tune.search(study, config, dataset, folder, on, args.trials, args.minutes)
    done = sorted(
        (t for t in study.trials if t.state.name == "COMPLETE"), key=lambda t: -(t.value or 0)
    )
    if stopped or not done:
        print(f"tune: {len(done)} trials so far; the same command goes on", file=sys.stderr)
        return 128 + stopped if stopped else 1

    print(f"trials     {len(study.trials)}, of which {len(done)} ran to their end")
    for trial in done[:5]:
        print(f"{trial.value:8.2%}   {_flags_of(trial.params)}")
    for file in tune.draw(study, folder):
        print(f"drawn      {file}")
    found = tune.compared(study, config, dataset, folder, on, args.seeds)
    for name, accuracies in found.items():
        if accuracies:
            several = len(accuracies) > 1
            spread = f"{np.std(accuracies, ddof=1):.3%}" if several else "unknown of one"
            print(
                f"{name:10} {np.mean(accuracies):.3%} on validation, deviation {spread}, "
                f"seeds: {len(accuracies)}"
            )
    shared = {"arch": config.arch, "dataset": config.dataset, "data_dir": args.data_dir,
              "epochs": config.epochs, **{name: given[name] for name in NAMES if name in given},
              **done[0].params}  # fmt: skip
    print(f"the best   python src/train.py {_flags_of(shared)}")
    return 0


def _flags_of(values: dict[str, object]) -> str:
    """As they can be pasted into a shell."""
    words: list[str] = []
    for name, value in values.items():
        if value is not None:
            text = f"{value:.3g}" if isinstance(value, float) else str(value)
            words += [f"--{name}"] if value is True else [f"--{name}", text]
    return shlex.join(words)


def _parse(argv: list[str]) -> Namespace:
    parser = _flags.Parser("tune", "Search for settings by the accuracy on validation.")
    add = parser.add_argument_group("the search").add_argument
    add("--arch", choices=archs.names(), help=f"default: {DEFAULT_ARCH}, or that of --init")
    add(
        "--trials", type=number(int, 1), default=50,
        help="trials of the study in all (default: %(default)s)",
    )  # fmt: skip
    add(
        "--minutes", type=number(float, 0, above=True), default=60.0,
        help="of the search: no trial begins later; the one that runs is ended, and the comparison "
        "over --seeds comes after it (default: %(default)s)",
    )  # fmt: skip
    add("--epochs", type=number(int, 1), help="of a trial (default: the recipe's)")
    add("--seed", type=number(int, 0, MOST_SEED - MOST_SEEDS), help="default: 0")
    add(
        "--seeds", type=number(int, 0, MOST_SEEDS), default=5,
        help="seeds over which the best is compared with the recipe (default: %(default)s)",
    )  # fmt: skip
    add(
        "--study", type=Path,
        help=f"SQLite file ({STUDY_SUFFIX}): goes on with what is in it (default: "
        f"{RUNS_DIR}/tune-ARCH{STUDY_SUFFIX})",
    )  # fmt: skip
    shape = parser.add_argument_group("what a trial begins with, as of train")
    add_source_flags(lambda name, text, **more: shape.add_argument(f"--{name}", help=text, **more))
    shared = parser.add_argument_group("data and device")
    _flags.add_data_flags(shared, None)
    _flags.add_device_flags(shared)
    args = parser.parse_args(argv)
    if args.study and args.study.suffix != STUDY_SUFFIX:
        parser.error(f"--study {args.study}: name a file that ends in {STUDY_SUFFIX}")
    return args
