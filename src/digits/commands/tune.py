"""`digits tune`: search for the settings with which an architecture learns a data set best."""

import sys
from argparse import Namespace
from pathlib import Path

from digits import archs, device
from digits.commands import _flags
from digits.commands._flags import number
from digits.spec import RUNS_DIR


def main(argv: list[str] | None = None) -> int:
    args = _parse(sys.argv[1:] if argv is None else argv)
    path = args.study or RUNS_DIR / f"tune-{args.arch}.db"
    folder = path.with_suffix("")

    import numpy as np

    from digits.training import tune
    from digits.training.lifecycle import begin

    given = {name: getattr(args, name) for name in ("arch", "dataset", "epochs", "seed")}
    config, dataset = begin({k: v for k, v in given.items() if v is not None}, args.data_dir)
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
            spread = np.std(accuracies, ddof=1) if len(accuracies) > 1 else 0.0
            print(
                f"{name:10} {np.mean(accuracies):.3%} on validation, deviation {spread:.3%}, "
                f"{len(accuracies)} seeds"
            )
    common = f"--arch {args.arch} --dataset {config.dataset} --epochs {config.epochs}"
    print(f"the best   python src/train.py {common} {_flags_of(done[0].params)}")
    return 0


def _flags_of(params: dict[str, object]) -> str:
    return " ".join(
        f"--{name} {value:.3g}" if isinstance(value, float) else f"--{name} {value}"
        for name, value in params.items()
    )


def _parse(argv: list[str]) -> Namespace:
    parser = _flags.Parser("tune", "Search for settings by the accuracy on validation.")
    parser.add_argument("--arch", default="cnn3", choices=archs.names(), help="default: cnn3")
    parser.add_argument(
        "--trials", type=number(int, 1), default=50,
        help="trials of the study in all (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--minutes", type=number(float, 0, above=True), default=60.0,
        help="no trial begins later (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--epochs", type=number(int, 1), help="of a trial (default: the recipe's)")
    parser.add_argument("--seed", type=number(int, 0), help="default: 0")
    parser.add_argument(
        "--seeds", type=number(int, 0, 100), default=5,
        help="seeds over which the best is compared with the recipe (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--study", type=Path,
        help=f"SQLite file: goes on with what is in it (default: {RUNS_DIR}/tune-ARCH.db)",
    )  # fmt: skip
    _flags.add_device_flags(parser)
    _flags.add_data_flags(parser, None)
    return parser.parse_args(argv)
