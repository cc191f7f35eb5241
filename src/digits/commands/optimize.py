"""`digits optimize`: a checkpoint as a small, fast artefact that is proved before it is saved."""

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits import checkpoint, classifier, data
from digits.commands import _flags
from digits.data.look import Look
from digits.errors import DigitsError
from digits.spec import BEST_MODEL, HOLD_OUT, SAVE_DIR

if TYPE_CHECKING:
    from digits.optimization.source import Source

INTEGER_SUFFIXES = (".c", ".html")  # integers alone
PROGRAM_SUFFIXES = (".pt2", ".pt")
PHONE_SUFFIXES = (".pte", ".tflite")
SUFFIXES = (".onnx", *PROGRAM_SUFFIXES, *INTEGER_SUFFIXES, *PHONE_SUFFIXES)
DEFAULT = SAVE_DIR / "optimized_model.onnx"


def main(argv: list[str] | None = None) -> int:
    args = _parse(sys.argv[1:] if argv is None else argv)
    path = find_checkpoint(args.model)
    before = classifier.load(path)

    from digits.optimization import artefact, benchmark, integer_file, parity, phone_file
    from digits.optimization.source import Source

    for output in args.output:
        phone_file.require(output.suffix)
        if not (args.unproved or args.benchmark):
            integer_file.require_tool(output.suffix)
    dataset = _dataset(before.card["config"], args)
    dataset.require("train", "test")
    dataset = dataset.known_to(before.classes, before.shape)
    calibration = artefact.calibration_tiles(dataset.train.images)
    tiles, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    if args.benchmark:
        rows, lacking = benchmark.side_by_side(path, calibration, tiles, labels)
        print("\n".join([benchmark.head(), *map(benchmark.line, rows), *lacking]))
        return 0
    source = Source.of(checkpoint.load(path))
    if args.prune or args.finetune:
        source = refined(source, dataset, args)
    calibrated = calibration if args.quantize else None
    error = parity.ERRORS["int8" if args.quantize else "float16" if args.half else "float32"]
    with artefact.staged_together(args.output) as trials:
        made = [
            artefact.make(source, trial, calibrated, tiles, args.bits, args.half)
            for trial in trials
        ]
        models = [before, *(one.classifier for one in made)]
        figures = parity.compare(models, tiles, labels, [None, *(one.logits for one in made)])
        whole = replace(figures[0], logits=source.logits(tiles)) if source.changes else figures[0]
        for trial, found in zip(trials, figures[1:], strict=True):
            max_drop = parity.usual_drop(trial.suffix) if args.max_drop is None else args.max_drop
            parity.require_accuracy(figures[0], found, max_drop)
            parity.require_answers(whole, found, max_drop, error)
            if args.quantize and trial.suffix in PROGRAM_SUFFIXES and not args.any_speed:
                parity.require_speed(figures[0], found)
            artefact.state_accuracy(trial, found.accuracy, len(labels))
    print(parity.table(*figures))
    for output, one, found in zip(args.output, made, figures[1:], strict=True):
        same = f"{output.suffix}: {parity.differing(figures[0], found)}"
        print("\n".join([*one.notes, same, f"{path} -> {output}"]))
    return 0


def _dataset(settings: dict[str, Any], args: Namespace) -> data.Dataset:
    """The set that is named, or that of the model's settings; split as these say, so that what the
    model has learned from is not taken for validation."""
    own = settings.get("dataset", "auto")
    name = args.dataset or own
    weights = settings.get("weights", "") if name == own else ""
    hold_out = settings.get("hold_out", HOLD_OUT)
    return data.load(name, args.data_dir, hold_out, Look.of(settings), weights)


def refined(source: "Source", dataset: data.Dataset, args: Namespace) -> "Source":
    """The source pruned and trained as the flags say, its certainty measured anew."""
    from digits.optimization import artefact, parity, refine
    from digits.optimization.chain import Grid
    from digits.training.calibrate import calibrate
    from digits.training.config import TrainConfig
    from digits.training.lifecycle import measure

    dataset.require("validation")
    calibration = artefact.calibration_tiles(dataset.train.images)
    grid = Grid(args.bits) if args.quantize else None
    usual = min(parity.usual_drop(output.suffix) for output in args.output)
    max_drop = usual if args.max_drop is None else args.max_drop
    source = refine.refined(source, dataset, calibration, args.prune, args.finetune, grid, max_drop)
    if not source.changes:
        return source
    config = TrainConfig.stored(source.content["config"])
    temperature, thresholds = calibrate(source.model, dataset.validation, config)
    metrics = {"validation": measure(source.model, dataset.validation)}
    said = {"temperature": temperature, "thresholds": thresholds, "metrics": metrics}
    return replace(source, content={**source.content, **said})


def find_checkpoint(name: str | None) -> Path:
    """The checkpoint that `--model` means; of a shipped model, the one beside its .onnx file."""
    path = classifier.find(name or (BEST_MODEL if BEST_MODEL.exists() else None))
    if path.suffix != ".pth" and path not in classifier.shipped().values():
        raise DigitsError(f"{path}: only a checkpoint (.pth) can be optimized; `train` makes one")
    return classifier.find_checkpoint(path)


def _parse(argv: list[str]) -> Namespace:
    parser = _flags.Parser(prog="optimize", description="Make a checkpoint small and fast.")
    add = parser.add_argument_group("what is made").add_argument
    add("--model", help=f"checkpoint (default: {BEST_MODEL}, else the shipped one)")
    add(
        "--output", type=Path, action="append",
        help=f"its suffix picks the format: {' '.join(SUFFIXES)}; may be given several times "
        f"(default: {DEFAULT})",
    )  # fmt: skip
    small = parser.add_argument_group("how small")
    kind, add = small.add_mutually_exclusive_group(), small.add_argument
    kind.add_argument("--quantize", action="store_true", help="int8 (default: float32)")
    kind.add_argument("--half", action="store_true", help="float16 (.onnx alone)")
    add(
        "--bits", type=int, choices=(8, 4), default=8,
        help="of a weight in .c and .html files (default: %(default)s)",
    )  # fmt: skip
    add(
        "--prune", type=_flags.number(float, 0, 0.95), default=0.0, metavar="SHARE",
        help="take this share of the channels out; give --finetune as well",
    )  # fmt: skip
    add(
        "--finetune", type=_flags.number(int, 0), default=0, metavar="EPOCHS",
        help="train a pruned network, or one that rounding costs more than --max_drop on "
        "validation, with rounding",
    )  # fmt: skip
    add = parser.add_argument_group("what is kept").add_argument
    add(
        "--max_drop", type=_flags.number(float, 0, 100), default=None,
        help="points of accuracy it may lose; else nothing is saved (default: 0.2, of "
        "integers alone 0.1); above that as many labels may change, else one in a thousand",
    )  # fmt: skip
    add(
        "--any_speed", action="store_true",
        help="save an int8 program (.pt2, .pt) that is not much faster than float32",
    )  # fmt: skip
    add(
        "--unproved", action="store_true",
        help="save .c and .html files also where there is no C compiler or Node.js to run them",
    )  # fmt: skip
    add(
        "--benchmark", action="store_true",
        help="save nothing: measure every format that can run here, side by side",
    )  # fmt: skip
    shared = parser.add_argument_group("data")
    _flags.add_data_flags(shared, default=None, says="that of the checkpoint")
    args = parser.parse_args(argv)
    if args.benchmark and (args.output or args.prune or args.finetune):
        parser.error("--benchmark saves nothing: give it without --output, --prune and --finetune")
    for flag in ("quantize", "half", "any_speed", "max_drop", "bits"):
        if args.benchmark and getattr(args, flag) != parser.get_default(flag):
            parser.error(f"--{flag}: not with --benchmark, which measures every format")
    if args.finetune and not (args.quantize or args.prune):
        parser.error("--finetune is for what --quantize or --prune costs: give one of them")
    args.output = args.output or [DEFAULT]
    for output in args.output:
        if output.suffix not in SUFFIXES:
            parser.error(f"--output {output}: name a file that ends in {' or '.join(SUFFIXES)}")
        if output.suffix in INTEGER_SUFFIXES and not args.quantize:
            parser.error(f"--output {output}: has integers alone: give --quantize")
        if output.suffix not in INTEGER_SUFFIXES and args.bits != 8:
            parser.error(f"--output {output}: --bits is for {' and '.join(INTEGER_SUFFIXES)}")
        if output.suffix != ".onnx" and args.half:
            parser.error(f"--output {output}: --half is for .onnx")
    return args
