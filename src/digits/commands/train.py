"""`digits train`: train an architecture on a data set, keep its best epoch, measure it once."""

import argparse
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

from digits import archs, classifier, device
from digits.api import Report, training
from digits.commands import _flags
from digits.commands._source import add_source_flags, within_bounds
from digits.spec import RUNS_DIR, SAVE_DIR
from digits.training.config import BOUNDS, CHOICES, TrainConfig
from digits.training.recipes import PRESETS

AUGMENT = "light"  # what --augment without a value means
AS_THE_ARCHITECTURE = TrainConfig.dropout  # a value below 0, which nobody types

Group = argparse._ArgumentGroup


def main(argv: list[str] | None = None) -> int:
    args, given = _parse(sys.argv[1:] if argv is None else argv)
    if args.list:
        print("\n".join(f"{name:10} {archs.summary(name)}" for name in archs.names(*archs.KINDS)))
        print(f"\n{shipped_table()}")
        return 0

    on = device.pick(args.gpu, args.cpu, args.device)
    try:
        done = training.carry_out(
            given, on,
            preset=args.preset, resume=args.resume, data_dir=args.data_dir,
            save_dir=args.save_dir, force=args.force, tensorboard=args.tensorboard,
        )  # fmt: skip
    except training.Stopped as stopped:
        kept = f"epoch {stopped.epoch} is kept" if stopped.epoch else "in the first epoch"
        print(f"train: stopped ({kept}); go on with --resume {stopped.run}", file=sys.stderr)
        return 128 + stopped.number
    if done:
        _print(done[1])
    return 0


def _print(report: Report) -> None:
    if report.test:
        print(f"test accuracy  {report.test.accuracy_in_words()}")
    else:
        print(f"made-up ones   {report.accuracy:.2%} right, by held-out writers")
    print(f"training       {report.metrics['train_seconds']:.2f} s", end=" ")
    print(f"(warm-up {report.metrics['warmup_seconds']:.2f} s before it)")
    print(f"model          {report.model}")
    if report.onnx.is_file():
        print(f"as ONNX        {report.onnx}")
    print(f"run            {report.run}")


def shipped_table() -> str:
    """The shipped models, a line each, as their int8 artefacts describe themselves."""
    lines = ["shipped     parameters  classes       int8  one tile  test accuracy"]
    for name, path in classifier.shipped().items():
        model = classifier.load(path)
        size, test = model.card["metrics"]["size"], model.card["metrics"]["test"]
        kilobytes = path.stat().st_size / 1000
        lines.append(
            f"{name:10} {size['parameters']:>11,} {len(model.classes):>8} {kilobytes:>7,.0f} kB "
            f"{size['one_tile_ms']:>6.3f} ms  {test['accuracy']:.2%} "
            f"of {model.card['config']['dataset']}"
        )
    return "\n".join(lines)


def _parse(argv: list[str]) -> tuple[Namespace, dict[str, Any]]:
    """All flags, and by themselves those given ones that shape the run."""
    parser = _flags.Parser(prog="train", description="Train a digit classifier.")
    parser.add_argument(
        "--list", action="store_true", help="print the architectures and the shipped models"
    )
    _add_kept(parser)
    group = parser.add_argument_group("what it begins with")
    _flags.add_data_flags(group, default=None)
    _add_data(group)
    group = parser.add_argument_group("the network")
    group.add_argument("--preset", choices=PRESETS, help="an architecture and its recipe")
    _add_network(group)
    _add_recipe(parser.add_argument_group("how it learns (recipes of architectures may differ)"))
    group = parser.add_argument_group("the machine, and when something goes wrong")
    _flags.add_device_flags(group, demand=True)
    _add_machine(group)

    args = parser.parse_args(argv)
    names = set(TrainConfig.names()) & set(vars(args))  # what has no flag is the recipe's alone
    given = {name: vars(args)[name] for name in names if vars(args)[name] is not None}
    if args.resume and given:
        parser.error(f"--resume keeps the run's own --{min(given)}")
    if args.resume and args.preset:
        parser.error("--resume keeps the run's own settings: it takes no --preset")
    if args.preset and args.arch:
        parser.error("--preset brings its own --arch")
    if args.preset and args.init:
        parser.error("--init brings its own --arch: it takes no --preset")
    if args.freeze and not args.init:
        parser.error("--freeze is of the layers of --init")
    return args, given


def _add_kept(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what is kept, and gone on with").add_argument
    add("--save_dir", type=Path,
        help=f"folder for the model and for {RUNS_DIR}/ (default: "
        f"{SAVE_DIR}/ and {RUNS_DIR}/ here, or what the run to --resume has)")  # fmt: skip
    add("--force", action="store_true", help="overwrite a better best_model.pth")
    add("--resume", nargs="?", const="latest", metavar="RUN",
        help="go on with a run that was broken off: its folder (default: the latest)")  # fmt: skip
    add("--tensorboard", action="store_true", help="log for TensorBoard too")


def _add(group: Group, name: str, help: str, **options: Any) -> None:
    """A flag of a setting; its help ends with the default, where that is a value."""
    default = getattr(TrainConfig, name)
    said = "" if default in ("", None) or default is False else f" (default: {default})"
    if default == AS_THE_ARCHITECTURE:
        said = " (default: as the architecture has)"
    if name in BOUNDS and "type" not in options:
        options["type"] = within_bounds(name)
    group.add_argument(f"--{name}", help=help + said, **options)


def _add_data(group: Group) -> None:
    add = partial(_add, group)
    add_source_flags(add)
    add("strict", "refuse own data if a picture in it is left out",
        action="store_true", default=None)  # fmt: skip
    add("check_labels", "name own pictures whose labels may be wrong",
        action="store_true", default=None)  # fmt: skip
    add("augment", f"random changes; without a value: {AUGMENT}",
        nargs="?", const=AUGMENT, choices=CHOICES["augment"])  # fmt: skip
    add("strokes", "drawn digits to add, as a share of the set")
    add("hands", "digits by hands of many countries to add, likewise")
    add("nondigits", "non-digits to add: a class `none`")


def _add_network(group: Group) -> None:
    add = partial(_add, group)
    add("arch", "architecture", choices=archs.names(*archs.KINDS))
    add("dropout", "share of their input that layers of dropout drop")
    add("teacher", "a model to learn from beside the labels: its path or shipped name")
    add("ensemble", "models to train and combine, of the seeds from --seed on")


def _add_recipe(group: Group) -> None:
    add = partial(_add, group)
    add("epochs", "passes over the training set")
    add("samples", "images to make up an epoch; of models of rows and pages; others have none")
    add("batch_size", "tiles a step, over all processes")
    add("learning_rate", "the highest of the schedule")
    add("schedule", "of the rate: up and down along a wave or in lines, down along a wave, or down "
        "where validation stands",
        choices=CHOICES["schedule"])  # fmt: skip
    add("weight_decay", "of AdamW")
    add("label_smoothing", "0 to below 1")
    add("mixing", "tiles of a batch blended, pasted into each other, or blanked in part",
        choices=CHOICES["mixing"])  # fmt: skip
    add("clip_norm", "clip gradients to this norm; 0: never")
    add("max_error", "among answers that count as read")
    add("average", "decay of the running average of the weights")
    add("patience", "epochs without improvement before the end")
    add("seed", "of all random numbers")


def _add_machine(group: Group) -> None:
    add = partial(_add, group)
    add("compile", "torch.compile", choices=CHOICES["compile"])
    add("deterministic", "demand it of every operation", action="store_true", default=None)
    add("save_every", "seconds between saves within an epoch")
    add("on_nan", "when the loss is not finite", choices=CHOICES["on_nan"])
