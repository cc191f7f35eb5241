"""`digits evaluate`: measure models on the test set of a data set, with a report."""

import shlex
import sys
from argparse import Namespace
from pathlib import Path

from digits import classifier, data, device
from digits.commands import _flags


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    args = _parser().parse_args(argv)

    from digits.evaluation import facts, measure, printed, report

    models = [_load(name, args) for name in args.model or [None]]
    names = facts.names_of([model.path for model in models])
    dataset = data.load(args.dataset, args.data_dir)
    tests = [measure(model, dataset.test) for model in models]
    if len(tests) == 1:
        print(printed.one(tests[0], dataset.name))
    else:
        print(printed.several(names, tests))
    if args.output:
        command = shlex.join(["digits", "evaluate", *argv])
        report.write(args.output, facts.facts(tests, dataset.name, command), tests)
        print(f"report     {args.output / 'report.html'}")
    return 0


def _parser() -> _flags.Parser:
    parser = _flags.Parser(prog="evaluate", description="Measure models on a test set.")
    parser.add_argument(
        "--model", action="append",
        help="file or name; once more for another beside it "
        "(default: the shipped reader)",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, help="folder for report.html and metrics.json")
    _flags.add_data_flags(parser)
    _flags.add_device_flags(parser)
    return parser


def _load(name: str | None, args: Namespace) -> classifier.Classifier:
    path = classifier.find(name)
    return classifier.load(
        path, "cpu" if path.suffix == ".onnx" else device.pick(args.gpu, args.cpu)
    )
