"""`digits evaluate`: measure models on the test set of a data set, with a report."""

import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits import api, classifier, data, device
from digits.commands import _flags
from digits.commands._told import tell
from digits.data import Dataset
from digits.data.look import Look
from digits.errors import DigitsError
from digits.spec import CLASSES, INPUT_SHAPE, NONE, data_dir

KNOWN = {*CLASSES, NONE}  # the classes of models that read digits

if TYPE_CHECKING:
    import numpy as np

    from digits.evaluation.pictures import Labelled


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    args = _parse(argv)

    from digits.evaluation import (
        baselines,
        facts,
        measure,
        numbers,
        ood,
        pictures,
        printed,
        report,
        robustness,
    )

    items = pictures.labelled(args.folder) if args.folder else []
    models = [_load(name, args) for name in args.model or [None]]
    for model in models:
        tell(model)
    names = facts.names_of([model.path for model in models])
    dataset = _dataset(models, args)
    if (args.robustness or args.explain) and dataset.shape != INPUT_SHAPE:
        raise DigitsError("--robustness and --explain are for grey tiles of 28x28 pixels alone")
    strange = _strange(models[0], args) if args.ood else None
    tests = [measure(m, dataset.known_to(m.classes, m.shape).test) for m in models]
    print(printed.table(names, tests, dataset.name))

    more: dict[str, Any] = {}
    photographs: list[Any] = []
    if items:
        more["pictures"], photographs = _read(items, models, names, args)
        print(f"\n{pictures.table(more['pictures'])}")
    if args.robustness:
        more["robustness"] = robustness.sweep(names, tests)
        print(f"\n{robustness.table(more['robustness'])}")
    if strange is not None:
        more["ood"] = ood.measure(names, tests, strange, args.ood)
        print(f"\n{ood.table(more['ood'])}")
    if args.numbers:
        folder = Path(args.data_dir) if args.data_dir else data_dir()
        more["numbers"] = numbers.measure(names, tests, folder)
        print(f"\n{numbers.table(more['numbers'])}")
    if args.baselines:
        more["baselines"] = baselines.measure(dataset.train, dataset.test)
        print(f"\n{baselines.table(more['baselines'])}")
    if args.output:
        command = shlex.join(["digits", "evaluate", *argv])
        found = facts.facts(names, tests, dataset.name, command) | more
        report.write(args.output, found, tests, photographs, args.explain)
        print(f"\nreport     {args.output / 'report.html'}")
    return 0


def _parse(argv: list[str]) -> Namespace:
    parser = _flags.Parser(prog="evaluate", description="Measure models on a test set.")
    add = parser.add_argument
    add("--model", action="append", help="file or name; once more for another beside it "
        "(default: the shipped reader)")  # fmt: skip
    add("--output", type=Path, help="folder for report.html, its figures and metrics.json")
    add("--folder", type=Path, metavar="DIR|CSV",
        help="your own pictures too, read as predict does: one folder a label (`none` for what is "
        "no digit), or a table of path,label")  # fmt: skip
    add("--expect", default="auto", help="as of predict, for --folder (default: auto)")
    add("--robustness", action="store_true", help="also on tiles made worse: MNIST-C, and curves")
    add("--ood", nargs="?", const="made-up", metavar="DATASET|FOLDER",
        help="how well what the models do not know is turned away: other classes of a data set or "
        "of your own pictures (without a name: made-up non-digits)")  # fmt: skip
    add("--numbers", action="store_true",
        help="ZIP codes, amounts and times put together from test digits")  # fmt: skip
    add("--baselines", action="store_true", help="train what was used before, and compare")
    add("--explain", action="store_true", help="draw what the models looked at into the report")
    _flags.add_data_flags(parser, None, "auto; of models of other classes their own")
    _flags.add_device_flags(parser)
    args = parser.parse_args(argv)
    if args.explain and not args.output:
        parser.error("--explain draws into the report: name its folder with --output")
    return args


def _load(name: str | None, args: Namespace) -> classifier.Classifier:
    path = classifier.find(name)
    on = "cpu" if path.suffix == ".onnx" else device.pick(args.gpu, args.cpu)
    return api.load(path, on)


def _dataset(models: Sequence[classifier.Classifier], args: Namespace) -> Dataset:
    """The set that is named, or that of the first model if it knows other things than digits; one's
    own pictures as the models see them.

    Raises:
        DigitsError: they see pictures in several ways, or the set cannot be had.
    """
    settings = models[0].card["config"]
    if len({Look.of(model.card["config"]) for model in models}) > 1:
        raise DigitsError(
            "the models see pictures in several ways (--frame, --size, --colour); measure them "
            "one by one"
        )
    of_digits = set(models[0].classes) <= KNOWN
    name = args.dataset or ("auto" if of_digits else settings.get("dataset", "auto"))
    return data.load(name, args.data_dir, look=Look.of(settings))


def _strange(model: classifier.Classifier, args: Namespace) -> "np.ndarray":
    """The tiles that `--ood` names, as the models see them."""
    from digits.evaluation import ood

    if args.ood == ood.MADE_UP and model.shape == INPUT_SHAPE:
        return ood.made_up()
    look = Look.of(model.card["config"])
    return ood.unknown(data.load(args.ood, args.data_dir, look=look), model.classes, model.shape)


def _read(
    items: "list[Labelled]",
    models: Sequence[classifier.Classifier],
    names: Sequence[str],
    args: Namespace,
) -> tuple[dict[str, Any], list[Any]]:
    """How the models read a user's pictures, and the pictures of each one's failures."""
    from digits.evaluation import pictures
    from digits.reading.bulk import Workers
    from digits.vision.packed import File

    paths = [File(item.path) for item in items]
    answers = []
    for model in models:
        with Workers(model.path, args.expect) as workers:  # of each file the first page
            answers.append([pages[0] for pages in workers.read(paths)])
    judged = [pictures.judge(items, each) for each in answers]
    found: dict[str, Any] = {"source": str(args.folder), "expect": args.expect, "count": len(items)}
    found |= {"models": dict(zip(names, judged, strict=True))}
    return found, [pictures.drawn(items, each) for each in answers]
