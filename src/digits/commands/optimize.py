"""`digits optimize`: a checkpoint as a small, fast artefact that is proved before it is saved."""

import sys
from contextlib import ExitStack
from pathlib import Path

from digits import checkpoint, classifier, data
from digits.commands import _flags
from digits.data.look import Look
from digits.errors import DigitsError
from digits.spec import BEST_MODEL, SAVE_DIR

INTEGER_SUFFIXES = (".c", ".html")  # integers alone
PROGRAM_SUFFIXES = (".pt2", ".pt")
SUFFIXES = (".onnx", *PROGRAM_SUFFIXES, *INTEGER_SUFFIXES)
DEFAULT = SAVE_DIR / "optimized_model.onnx"


def main(argv: list[str] | None = None) -> int:
    parser = _flags.Parser(prog="optimize", description="Make a checkpoint small and fast.")
    parser.add_argument("--model", help=f"checkpoint (default: {BEST_MODEL}, else the shipped one)")
    parser.add_argument(
        "--output", type=Path, action="append",
        help=f"its suffix picks the format: {' '.join(SUFFIXES)}; may be given several times "
        f"(default: {DEFAULT})",
    )  # fmt: skip
    parser.add_argument("--quantize", action="store_true", help="int8 (default: float32)")
    parser.add_argument(
        "--max_drop", type=_flags.number(float, 0, 100), default=0.2,
        help="points of accuracy it may lose; else nothing is saved (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--any_speed", action="store_true",
        help="save an int8 program (.pt2, .pt) that is not much faster than float32",
    )  # fmt: skip
    parser.add_argument(
        "--benchmark", action="store_true",
        help="save nothing: measure every format that can run here, side by side",
    )  # fmt: skip
    _flags.add_data_flags(parser, default=None, says="that of the checkpoint")
    args = parser.parse_args(sys.argv[1:] if argv is None else argv)
    if args.benchmark and args.output:
        parser.error("--benchmark saves nothing: give it without --output")
    outputs = args.output or [DEFAULT]
    for output in outputs:
        if output.suffix not in SUFFIXES:
            parser.error(f"--output {output}: name a file that ends in {' or '.join(SUFFIXES)}")
        if output.suffix in INTEGER_SUFFIXES and not args.quantize:
            parser.error(f"--output {output}: has integers alone: give --quantize")

    path = find_checkpoint(args.model)
    before = classifier.load(path)
    settings = before.card["config"]

    from digits.optimization import artefact, benchmark, parity

    name = args.dataset or settings.get("dataset", "auto")
    dataset = data.load(name, args.data_dir, look=Look.of(settings))
    dataset = dataset.known_to(before.classes, before.shape)
    calibration = artefact.calibration_tiles(dataset.train.images)
    tiles, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    if args.benchmark:
        figures, lacking = benchmark.side_by_side(path, calibration, tiles, labels)
        print("\n".join([parity.table(*figures), *lacking]))
        return 0
    content, calibrated = checkpoint.load(path), calibration if args.quantize else None
    with ExitStack() as stack:  # all are put in their places, or none
        trials = [stack.enter_context(artefact.staged(output)) for output in outputs]
        made = [artefact.make(content, trial, calibrated, tiles) for trial in trials]
        figures = parity.compare([before, *(after for after, _ in made)], tiles, labels)
        for trial, found in zip(trials, figures[1:], strict=True):
            parity.require_parity(figures[0], found, args.max_drop, exact=not args.quantize)
            if args.quantize and trial.suffix in PROGRAM_SUFFIXES and not args.any_speed:
                parity.require_speed(figures[0], found)
            artefact.state_accuracy(trial, found.accuracy, len(labels))
    print(parity.table(*figures))
    for output, (_, notes), found in zip(outputs, made, figures[1:], strict=True):
        same = f"{output.suffix}: {parity.differing(figures[0], found)}"
        print("\n".join([*notes, same, f"{path} -> {output}"]))
    return 0


def find_checkpoint(name: str | None) -> Path:
    """The checkpoint that `--model` means; of a shipped model, the one beside its .onnx file."""
    path = classifier.find(name or (BEST_MODEL if BEST_MODEL.exists() else None))
    if path in classifier.shipped().values() and path.with_suffix(".pth").is_file():
        path = path.with_suffix(".pth")
    if path.suffix != ".pth":
        raise DigitsError(f"{path}: only a checkpoint (.pth) can be optimized; `train` makes one")
    return path
