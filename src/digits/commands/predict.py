"""Read the digits in pictures."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from digits.commands._flags import Parser, add_device_flags, number
from digits.errors import DigitsError

if TYPE_CHECKING:
    from digits.classifier import Classifier
    from digits.reading.answer import Answer
    from digits.vision.load import Picture


def main(argv: list[str] | None = None) -> int:
    """Print an answer for every picture, or write them to --output; 1 if one was no picture."""
    args = _parser().parse_args(argv)
    return _many(args) if args.output else _some(args)


def _parser() -> argparse.ArgumentParser:
    parser = Parser("predict", description=__doc__)
    add = parser.add_argument
    add("--image", nargs="+", required=True, metavar="PICTURE",
        help="files, folders, 'glob patterns', or - for standard input")  # fmt: skip
    add("--model", help="file or name (default: models/best_model.pth, else the shipped one)")
    add("--expect", default="auto",
        help="auto, digit, number, decimal, signed, money, amount, date, time, phone, zip, /regular"
        " expression/ or @file of allowed numbers: the likeliest answer that fits; number gives"
        " digits alone (default: auto)")  # fmt: skip
    add("--decimal", choices=(".", ","), default=".",
        help="the sign before decimals, for `value` in JSON (default: .)")  # fmt: skip
    add("--top_k", type=number(int, 1, 10), default=1, help="likeliest labels (default: 1)")
    add("--confidence", action="store_true", help="show probabilities")
    add("--json", action="store_true", help="one JSON object a line")
    add("--explain", type=Path, metavar="OUT.png", help="draw the picture, its tiles and bars")
    add("--save_tiles", type=Path, metavar="DIR", help="write the tiles that the model saw")
    add("--output", type=Path, metavar="ANSWERS",
        help="a .csv, .jsonl or .parquet file of answers, made with all cores")  # fmt: skip
    add("--resume", action="store_true", help="with --output: skip what is already answered")
    add_device_flags(parser)
    return parser


def _some(args: argparse.Namespace) -> int:
    from digits.reading.explain import explain, save_tiles
    from digits.reading.reader import Reader
    from digits.vision.files import pictures

    def then(picture: "Picture", answer: "Answer") -> None:
        if args.explain:
            out = args.explain.with_stem(f"{args.explain.stem}-{count}") if count else args.explain
            if out.resolve() in inputs:
                raise DigitsError(f"--explain {out}: would overwrite a picture; name another file")
            explain(picture, answer, out)
        if args.save_tiles:
            save_tiles(answer, args.save_tiles, stems)

    reader = Reader.expecting(_load(args), args.expect)
    failed = False
    stems: set[str] = set()
    names: Iterable[str] = pictures(args.image)
    if args.explain:
        names = list(names)
        inputs = {Path(name).resolve() for name in names}
    for count, name in enumerate(names):  # noqa: B007, `then` reads it
        answer = reader.read_file(name, then)
        failed |= answer.status == "error"
        if args.json:
            print(
                json.dumps(answer.as_json(args.top_k, args.decimal), ensure_ascii=False), flush=True
            )
        else:
            _print(answer, args)
    return int(failed)


def _many(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from digits import classifier
    from digits.reading.bulk import AnswerFile, read_all
    from digits.reading.formats import parse
    from digits.vision.files import pictures

    parse(args.expect)  # what is wrong with it is said before any process starts
    file = AnswerFile(args.output, args.resume)
    names = [name for name in pictures(args.image) if name not in file.answered]
    counts = {"read": 0, "unsure": 0, "no_digit": 0, "error": 0}
    answers = read_all(names, classifier.find(args.model), args.expect, args.top_k)
    for answer in tqdm(answers, total=len(names), unit="picture", disable=None, leave=False):
        file.write(answer)
        counts[answer["status"]] += 1
    file.finish()
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    print(f"{args.output}: {told}; {len(file.answered)} were there before", file=sys.stderr)
    return int(counts["error"] > 0)


def _load(args: argparse.Namespace) -> "Classifier":
    from digits import classifier

    path = classifier.find(args.model)
    if path.suffix != ".onnx":
        from digits import device

        return classifier.load(path, device.pick(gpu=args.gpu, cpu=args.cpu))
    if args.gpu:
        print("warning: --gpu: an .onnx model runs on the CPU", file=sys.stderr)
    return classifier.load(path)


def _print(answer: "Answer", args: argparse.Namespace) -> None:
    """One line for people: the name, the text, how sure; with --top_k a line for each digit."""
    if answer.status == "error":
        print(f"predict: {answer.error}", file=sys.stderr)
        return
    for warning in answer.warnings:
        print(f"warning: {answer.image}: {warning}", file=sys.stderr)
    says = " / ".join(answer.text.split("\n")) if answer.text else "no digit"
    sure = f"  {answer.probability:.1%}" if args.confidence and answer.text else ""
    doubt = "  (unsure)" if answer.status == "unsure" else ""
    print(f"{answer.image}: {says}{sure}{doubt}")
    if args.top_k > 1:
        for digit in (digit for row in answer.rows for digit in row.digits):
            print("   ", "  ".join(f"{k} {p:.1%}" for k, p in digit.ranking[: args.top_k]))
