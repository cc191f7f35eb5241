"""`digits evaluate`: measure models on the test set of a data set, with a report."""

import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from digits import api, classifier, data, device
from digits.commands import _flags
from digits.commands._pictures import Reading
from digits.commands._told import tell
from digits.data import Dataset
from digits.data.look import Look
from digits.errors import DigitsError
from digits.spec import CLASSES, INPUT_SHAPE, NONE, data_dir

KNOWN = {*CLASSES, NONE}  # the classes of models that read digits
OF_TILES = ("robustness", "ood", "numbers", "baselines", "explain")  # flags that need a data set

if TYPE_CHECKING:
    import numpy as np

    from digits.evaluation.parts import Material


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    args = _parse(argv)

    from digits.evaluation import facts, report
    from digits.evaluation.parts import PARTS, check_explain

    if args.output:
        report.check(args.output)
    material = _material(args)
    parts = [part for flag, part in PARTS.items() if getattr(args, flag)]
    for part in parts:
        part.check(material)
    if args.explain:
        check_explain(material)

    command = shlex.join(["digits", "evaluate", *argv])
    found = facts.begin(material.names, material.models, command)
    for place, part in enumerate(parts):
        found |= part.measure(material)
        print("\n" * bool(place) + part.table(found))
    if args.output:
        report.write(args.output, found, material, args.explain)
        print(f"\nreport     {args.output / 'report.html'}")
    return 0


def _parse(argv: list[str]) -> Namespace:
    parser = _flags.Parser(prog="evaluate", description="Measure models on a test set.")
    add = parser.add_argument_group("what is measured").add_argument
    add("--model", action="append", help="file or name; once more for another beside it "
        "(default: the shipped reader)")  # fmt: skip
    add("--output", type=Path, help="folder for report.html, its figures and metrics.json")
    add("--folder", type=Path, metavar="DIR|CSV",
        help="a report on your own pictures, read as predict does: one folder a label (`none` for "
        "what is no digit), or a table of path,label; --dataset adds its test tiles")  # fmt: skip
    add("--expect", default="auto", help="as of predict, for --folder (default: auto)")
    add = parser.add_argument_group("what is measured beside it, and drawn").add_argument
    add("--robustness", action="store_true", help="also on tiles made worse: MNIST-C, and curves")
    add("--ood", nargs="?", const="made-up", metavar="DATASET|FOLDER",
        help="how well what the models do not know is turned away: other classes of a data set or "
        "of your own pictures (without a name: made-up non-digits)")  # fmt: skip
    add("--numbers", action="store_true",
        help="ZIP codes, amounts and times put together from test digits")  # fmt: skip
    add("--baselines", action="store_true", help="train what was used before, and compare")
    add("--explain", action="store_true", help="draw what the models looked at into the report")
    shared = parser.add_argument_group("data and device")
    _flags.add_data_flags(shared, None, "auto; of models of other classes their own")
    _flags.add_device_flags(shared)
    args = parser.parse_args(argv)
    if args.explain and not args.output:
        parser.error("--explain draws into the report: name its folder with --output")
    if args.expect != parser.get_default("expect") and not args.folder:
        parser.error("--expect: is of the pictures of --folder; name it")
    needs = [flag for flag in OF_TILES if getattr(args, flag)]
    if needs and args.folder and not args.dataset:
        parser.error(f"--{needs[0]} measures test tiles: name their --dataset beside --folder")
    args.tiles = bool(args.dataset) or not args.folder
    return args


def _material(args: Namespace) -> "Material":
    """All that is to be measured.

    Raises:
        DigitsError: some of it cannot be had.
    """
    from digits.evaluation import facts, labelled
    from digits.evaluation.parts import NO_LABELS, Material

    labels = labelled.labelled(args.folder) if args.folder else NO_LABELS
    paths = [classifier.find(name).resolve() for name in args.model or []]
    if len(set(paths)) < len(paths):
        raise DigitsError("--model: one model is named twice; name each once")
    models = [_load(name, args) for name in args.model or [None]]
    for model in models:
        tell(model)
    return Material(
        names=facts.names_of([model.path for model in models]),
        models=models,
        data_dir=Path(args.data_dir) if args.data_dir else data_dir(),
        dataset=_dataset(models, args) if args.tiles else None,
        labels=labels,
        reads=Reading(args.expect),
        strange=_strange(models, args) if args.ood else None,
        ood_source=args.ood or "",
    )


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


def _strange(models: Sequence[classifier.Classifier], args: Namespace) -> "np.ndarray":
    """The tiles that `--ood` names, of what none of the models knows, as they see them."""
    from digits.evaluation import ood

    shapes, known = {model.shape for model in models}, {k for m in models for k in m.classes}
    if args.ood == ood.MADE_UP:
        if shapes == {INPUT_SHAPE} and known <= KNOWN:
            return ood.made_up()
        raise DigitsError(
            "--ood: what is made up are letters, signs and figures in tiles of digits, which are "
            "nothing strange to these models; name a data set or a folder"
        )
    look = Look.of(models[0].card["config"])
    return ood.unknown(data.load(args.ood, args.data_dir, look=look), known, shapes)
