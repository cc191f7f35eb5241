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
SUFFIXES = (".onnx", ".pt2", ".pt", *INTEGER_SUFFIXES)
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
    _flags.add_data_flags(parser, default=None, says="that of the checkpoint")
    args = parser.parse_args(sys.argv[1:] if argv is None else argv)
    outputs = args.output or [DEFAULT]
    for output in outputs:
        if output.suffix not in SUFFIXES:
            parser.error(f"--output {output}: name a file that ends in {' or '.join(SUFFIXES)}")
        if output.suffix in INTEGER_SUFFIXES and not args.quantize:
            parser.error(f"--output {output}: has integers alone: give --quantize")

    path = find_checkpoint(args.model)
    before = classifier.load(path)
    settings = before.card["config"]

    from digits.optimization import artefact, parity

    name = args.dataset or settings.get("dataset", "auto")
    dataset = data.load(name, args.data_dir, look=Look.of(settings))
    dataset = dataset.known_to(before.classes, before.shape)

    content = checkpoint.load(path)
    calibration = artefact.calibration_tiles(dataset.train.images) if args.quantize else None
    tiles, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    with ExitStack() as stack:  # all are put in their places, or none
        trials = [stack.enter_context(artefact.staged(output)) for output in outputs]
        made = [artefact.make(content, trial, calibration, tiles) for trial in trials]
        figures = parity.compare([before, *(after for after, _ in made)], tiles, labels)
        for trial, found in zip(trials, figures[1:], strict=True):
            parity.require_parity(figures[0], found, args.max_drop)
            artefact.state_accuracy(trial, found.accuracy, len(labels))
    print(parity.table(*figures))
    for output, (_, notes) in zip(outputs, made, strict=True):
        print("\n".join([*notes, f"{path} -> {output}"]))
    return 0


def find_checkpoint(name: str | None) -> Path:
    """The checkpoint that `--model` means; of a shipped model, the one beside its .onnx file."""
    path = classifier.find(name or (BEST_MODEL if BEST_MODEL.exists() else None))
    if path in classifier.shipped().values() and path.with_suffix(".pth").is_file():
        path = path.with_suffix(".pth")
    if path.suffix != ".pth":
        raise DigitsError(f"{path}: only a checkpoint (.pth) can be optimized; `train` makes one")
    return path
