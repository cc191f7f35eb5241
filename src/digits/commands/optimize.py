"""`digits optimize`: a checkpoint as a small, fast artefact that is proved before it is saved."""

import sys
from pathlib import Path

from digits import checkpoint, classifier, data
from digits.commands import _flags
from digits.errors import DigitsError
from digits.spec import BEST_MODEL, SAVE_DIR

SUFFIXES = (".onnx", ".pt2", ".pt")


def main(argv: list[str] | None = None) -> int:
    parser = _flags.Parser(prog="optimize", description="Make a checkpoint small and fast.")
    parser.add_argument("--model", help=f"checkpoint (default: {BEST_MODEL}, else the shipped one)")
    parser.add_argument(
        "--output", type=Path, default=SAVE_DIR / "optimized_model.onnx",
        help=f"its suffix picks the format: {' '.join(SUFFIXES)} (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--quantize", action="store_true", help="int8 (default: float32)")
    parser.add_argument(
        "--max_drop", type=_flags.number(float, 0, 100), default=0.2,
        help="points of accuracy it may lose; else nothing is saved (default: %(default)s)",
    )  # fmt: skip
    _flags.add_data_flags(parser, default=None, says="that of the checkpoint")
    args = parser.parse_args(sys.argv[1:] if argv is None else argv)
    if args.output.suffix not in SUFFIXES:
        parser.error(f"--output {args.output}: name a file that ends in {' or '.join(SUFFIXES)}")

    path = find_checkpoint(args.model)
    before = classifier.load(path)
    dataset = data.load(args.dataset or before.card["config"].get("dataset", "auto"), args.data_dir)

    from digits.optimization import artefact, parity

    calibration = artefact.calibration_tiles(dataset.train.images) if args.quantize else None
    with artefact.staged(args.output) as trial:
        trial.write_bytes(artefact.build(checkpoint.load(path), trial.suffix, calibration))
        figures = parity.compare(
            before,
            classifier.load(trial),
            dataset.test.images.numpy(),
            dataset.test.labels.numpy(),
        )
        parity.require_parity(*figures, args.max_drop)
    print(parity.table(*figures))
    print(f"{path} -> {args.output}")
    return 0


def find_checkpoint(name: str | None) -> Path:
    """The checkpoint that `--model` means; of a shipped model, the one beside its .onnx file."""
    path = classifier.find(name)
    if path in classifier.shipped().values() and path.with_suffix(".pth").is_file():
        path = path.with_suffix(".pth")
    if path.suffix != ".pth":
        raise DigitsError(f"{path}: only a checkpoint (.pth) can be optimized; `train` makes one")
    return path
