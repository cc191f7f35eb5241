"""`digits learn`: teach a model a hand from a few corrected pictures; kept only if it helps."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from digits import checkpoint, classifier, device
from digits.commands import _flags
from digits.commands._flags import number
from digits.errors import DigitsError
from digits.spec import SAVE_DIR
from digits.training.config import MOST_SEED

if TYPE_CHECKING:
    from digits.evaluation import Measurement

DEFAULT = SAVE_DIR / "learned.pth"
FEW_HELD_OUT = 20  # pictures: of ten a digit 22 are
ROUNDING = 1e-9  # far below one of any number of tiles


def main(argv: list[str] | None = None) -> int:
    args = _parse(sys.argv[1:] if argv is None else argv)
    if args.undo:
        print(undo(args.output))
        return 0

    from digits import evaluation
    from digits.optimization import artefact
    from digits.training import learn
    from digits.training.lifecycle import folder_of

    old = classifier.load(classifier.find(args.model))
    own, known = learn.sets(args.model, args.examples, args.dataset, args.data_dir)
    if len(own.test) < FEW_HELD_OUT:
        print(
            f"warning: {len(own.test)} of your pictures are held out, too few to judge by; "
            "ten of each class are a good start",
            file=sys.stderr,
        )
    on = device.pick(args.gpu, args.cpu)
    before = evaluation.measure(old, known.validation)
    least = before.summary["accuracy"] - args.max_loss / 100 - ROUNDING
    run, contents = learn.learn(
        args.model, own, known, on, args.seed, folder_of(args.data_dir), args.epochs, least
    )
    calibration = artefact.calibration_tiles(known.train.images)
    whole, small = run.model, run.model.with_suffix(".onnx")
    for content in contents:  # from all that was learned to less, until it keeps what it knew
        checkpoint.save(whole, content)
        checkpoint.write_bytes(small, artefact.build(content, small.suffix, calibration))
        models = [classifier.load(whole, on), classifier.load(small)]
        of_known = [before, *(evaluation.measure(model, known.validation) for model in models)]
        if lost(of_known) <= args.max_loss:
            break
    of_own = [evaluation.measure(model, own.test) for model in (old, *models)]

    parts = {"your own, held out": of_own, f"{known.name}, validation": of_known}
    for name, measured in parts.items():
        for when, one in zip(("before", "after", "as int8"), measured, strict=True):
            loss = one.summary["loss"]
            print(f"{name:24} {when:8} {one.accuracy_in_words()}, loss {loss:.4f}")
    print(f"{'weights':24} {content['metrics']['learned_share']:.0%} of the way to what it learned")
    why = why_not(of_own, of_known, args.max_loss)
    if why:
        print(f"not kept: {why}; it is in {run.folder}", file=sys.stderr)
        return 1
    keep(args.output, whole, small)
    print(f"kept           {args.output} and {args.output.with_suffix('.onnx')}; back: --undo")
    return 0


def lost(known: "list[Measurement]") -> float:
    """Points of accuracy that the worst of the later models lost against the first."""
    first, *later = (one.summary["accuracy"] for one in known)
    return round(100 * (first - min(later)), 9)


def why_not(own: "list[Measurement]", known: "list[Measurement]", max_loss: float) -> str:
    """Why what was learned is not to be kept, or nothing; each list has the figures of the model
    before, of the new one, and of that as int8.

    Both must read what was held out of one's own better (more of it, or as much with a smaller
    loss) and lose at most `max_loss` points on what was known.
    """
    before, *after = [(one.summary["accuracy"], -one.summary["loss"]) for one in own]
    if min(after) <= before:
        return "it reads what you held out no better"
    if lost(known) > max_loss:
        return f"it lost {lost(known):.2f} points on what it knew, and --max_loss is {max_loss:g}"
    return ""


def keep(output: Path, whole: Path, small: Path) -> None:
    """Put a checkpoint and its ONNX file in their places; what was there can be brought back. Of
    what was not there an empty file is kept."""
    places = [output.with_suffix(new.suffix) for new in (whole, small)]
    for place in places:  # of the time before: a kill must not leave one of them
        _before(place).unlink(missing_ok=True)
    for place in places:
        if place.exists():
            _copy(place, _before(place))
        else:
            checkpoint.write_bytes(_before(place), b"")
    for new, place in zip((whole, small), places, strict=True):
        _copy(new, place)


def undo(output: Path) -> str:
    """Bring back what was there before the last model was kept, or nothing; what was done.

    Raises:
        DigitsError: there is nothing to undo.
    """
    places = [output, output.with_suffix(".onnx")]
    kept = [place for place in places if _before(place).exists()]
    if not kept:
        raise DigitsError(f"{output}: nothing was learned here, or it was undone already")
    for place in kept:  # what a kill leaves is done by the next call
        if _before(place).stat().st_size:
            _before(place).replace(place)
        else:
            place.unlink(missing_ok=True)
            _before(place).unlink()
    is_there = output.exists()
    return f"{output}: " + ("as it was before" if is_there else "removed; there was none before")


def _before(place: Path) -> Path:
    return place.with_stem(f"{place.stem}.before")


def _copy(source: Path, place: Path) -> None:
    checkpoint.write_bytes(place, source.read_bytes())


def _parse(argv: list[str]) -> Namespace:
    parser = _flags.Parser(
        "learn", "Teach a model a few pictures of your own; it is kept only if nothing got worse."
    )
    add = parser.add_argument_group("what is learned, and by whom").add_argument
    add(
        "--from", dest="examples",
        help="what `serve --corrections` wrote: a folder with one folder a class, or a CSV file",
    )  # fmt: skip
    add(
        "--model", default=classifier.DEFAULT_SHIPPED,
        help="a checkpoint or a shipped model's name (default: %(default)s)",
    )  # fmt: skip
    add(
        "--output", type=Path, default=DEFAULT,
        help="the new checkpoint; its int8 ONNX goes beside it (default: %(default)s)",
    )  # fmt: skip
    add = parser.add_argument_group("how it is learned").add_argument
    add(
        "--max_loss", type=number(float, 0, 100), default=0.05,
        help="points it may lose on what it knew (default: %(default)s)",
    )  # fmt: skip
    add("--epochs", type=number(int, 1), help="passes (default: 5)")
    add("--seed", type=number(int, 0, MOST_SEED), default=0, help="default: 0")
    add("--undo", action="store_true", help="bring back what was there before")
    shared = parser.add_argument_group("data and device")
    _flags.add_data_flags(shared, None, "that of the model")
    _flags.add_device_flags(shared)
    args = parser.parse_args(argv)
    if args.output.suffix != ".pth":
        parser.error(f"--output {args.output}: name a file that ends in .pth")
    if args.undo:
        usual = vars(parser.parse_args(["--undo", f"--output={args.output}"]))
        for name, value in vars(args).items():
            if value != usual[name]:
                parser.error(f"--{'from' if name == 'examples' else name}: not with --undo")
    if not args.undo and not args.examples:
        parser.error("--from: name the folder of your corrections")
    return args
