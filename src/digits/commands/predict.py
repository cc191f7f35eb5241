"""Read the digits in pictures."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from digits.commands._flags import Parser, add_device_flags, number

if TYPE_CHECKING:
    from digits.classifier import Classifier
    from digits.reading.answer import Answer


def main(argv: list[str] | None = None) -> int:
    """Print an answer for every picture; 1 if one could not be read as a picture."""
    args = _parser().parse_args(argv)
    from digits.reading.reader import Reader
    from digits.vision.files import pictures

    reader = Reader.expecting(_load(args), args.expect)
    failed = False
    for name in pictures(args.image):
        answer = reader.read_file(name)
        failed |= answer.status == "error"
        if args.json:
            print(json.dumps(answer.as_json(args.top_k), ensure_ascii=False), flush=True)
        else:
            _print(answer, args)
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = Parser("predict", description=__doc__)
    parser.add_argument(
        "--image", nargs="+", required=True,
        help="pictures: files, folders, 'glob patterns', or - for standard input",
    )  # fmt: skip
    parser.add_argument(
        "--model", help="file or name of a model (default: models/best_model.pth, else the shipped)"
    )
    parser.add_argument(
        "--expect", default="auto",
        help="auto, digit, number, zip, time, amount, /a regular expression/ or @a file of allowed"
        " numbers: the likeliest answer that fits (default: auto)",
    )  # fmt: skip
    parser.add_argument(
        "--top_k", type=number(int, 1, 10), default=1, help="likeliest labels to show (default: 1)"
    )
    parser.add_argument("--confidence", action="store_true", help="show probabilities")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_device_flags(parser)
    return parser


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
    """One line for people: the name, the text, how sure; with --top_k a line for each label."""
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
        for row in answer.rows:
            for digit in row.digits:
                print("   ", "  ".join(f"{k} {p:.1%}" for k, p in digit.ranking[: args.top_k]))
