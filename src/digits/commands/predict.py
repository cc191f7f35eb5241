"""Read the digits in pictures."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from digits.commands._flags import Parser, add_device_flags, number
from digits.commands._told import one_line, tell, tell_new_folder
from digits.errors import DigitsError
from digits.spec import ARTEFACT_SUFFIXES, SEEN_LITTLE

if TYPE_CHECKING:
    from digits.classifier import Classifier
    from digits.pictures.load import Picture
    from digits.pictures.packed import File
    from digits.reading.answer import Answer

MOST_PLACES = 10  # of rows in doubt that are named


def main(argv: list[str] | None = None) -> int:
    """Print an answer for every picture, or write them to --output; 1 if one was no picture."""
    args = _parsed(sys.argv[1:] if argv is None else argv)
    if args.table:
        return _table(args)
    if args.engine == "ray":
        return _cluster(args)
    return _many(args) if args.output else _some(args)


def _parsed(argv: list[str]) -> argparse.Namespace:
    """The flags; those that would change nothing together are wrong usage."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.output == "":
        parser.error("--output: is empty; name a file")
    if args.resume and not args.output:
        parser.error("--resume: goes on with the file of --output; name it")
    if args.table and not args.output:
        parser.error("--table: writes the file of --output; name it")
    if args.table and args.resume:
        parser.error("--resume: not with --table, which is of one picture")
    if not args.output:
        for flag, usual in (("shard", parser.get_default("shard")), ("engine", "local")):
            if getattr(args, flag) != usual:
                parser.error(f"--{flag}: shares out what --output writes; name it")
    if args.table and args.shard != parser.get_default("shard"):
        parser.error("--shard: not with --table, which is of one picture")
    if args.confidence and args.json:
        parser.error("--confidence: not with --json, which always has probabilities")
    for flag in ("json", "confidence", "explain", "save_tiles", "gpu"):
        if args.output and getattr(args, flag):
            parser.error(f"--{flag}: not with --output, which writes a table with all CPU cores")
    if args.engine == "ray":
        if args.table or Path(args.output).suffix:
            parser.error("--engine ray: --output is a folder, into which machines write files")
    elif args.output:
        args.output = Path(args.output)
    if args.output and Path(args.output).suffix != ".jsonl" and args.top_k > 1:
        parser.error("--top_k: with --output only in a .jsonl file")
    has_value = args.table or args.json or Path(args.output or "").suffix == ".jsonl"
    if args.decimal != parser.get_default("decimal") and not has_value:
        parser.error("--decimal: is of `value`, which --json, a .jsonl file and --table have")
    return args


def _parser() -> Parser:
    from digits.reading.budget import LIMITS

    parser = Parser("predict", description=__doc__)
    add = parser.add_argument_group("what is read").add_argument
    add("--image", nargs="+", action="extend", required=True, metavar="PICTURE",
        help="files, folders, 'glob patterns', lists of pictures (.txt, .csv), archives (.tar,"
        " .parquet), addresses, or - for standard input")  # fmt: skip
    add("--model", help="file or name (default: the shipped reader)")
    add("--expect", default="auto",
        help="auto, digit, number, decimal, signed, money, amount, date, time, phone, zip,"
        " letter, letters, /regular expression/ or @file of texts: the likeliest answer that"
        " fits; number gives digits alone (default: auto)")  # fmt: skip
    add("--seconds", type=number(float, 0, above=True),
        help="of CPU time for a picture: a page of hundreds of numbers takes more than the usual"
        f" (default: {LIMITS.seconds:g})")  # fmt: skip
    add = parser.add_argument_group("what is printed").add_argument
    add("--top_k", type=number(int, 1, 10), default=1, help="likeliest labels (default: 1)")
    add("--confidence", action="store_true", help="show probabilities")
    add("--json", action="store_true", help="one JSON object a line")
    add("--decimal", choices=(".", ","), default=".",
        help="the sign before decimals, for `value` in JSON (default: .)")  # fmt: skip
    add = parser.add_argument_group("what is written").add_argument
    add("--explain", type=Path, metavar="OUT.png", help="draw the picture, its tiles and bars")
    add("--save_tiles", type=Path, metavar="DIR",
        help="write the tiles that the model saw into a new folder, as LABEL/NAME_ROW_PLACE.png:"
        " what is wrong goes into another label's folder, and `learn` reads it")  # fmt: skip
    add("--output", metavar="ANSWERS",
        help="a .csv, .jsonl or .parquet file of answers, made with all cores")  # fmt: skip
    add("--table", action="store_true",
        help="with --output: one picture as the table in it, .csv or .xlsx")  # fmt: skip
    add("--resume", action="store_true", help="with --output: skip what is already answered")
    add("--shard", type=_shard, default=(0, None, 1), metavar="I/N",
        help="with --output: every N-th picture from the I-th on, for N machines")  # fmt: skip
    add("--engine", choices=("local", "ray"), default="local",
        help="with --output: this machine, or a Ray cluster, which writes a folder")  # fmt: skip
    add_device_flags(parser.add_argument_group("where"))
    return parser


def _some(args: argparse.Namespace) -> int:
    from digits.api import Reader

    def then(picture: "Picture", answer: "Answer") -> None:
        if args.explain:
            from digits.reading.explain import explain

            drawn = next(numbers)
            out = args.explain.with_stem(f"{args.explain.stem}-{drawn}") if drawn else args.explain
            if out.exists():
                raise DigitsError(f"--explain {out}: would overwrite it; name a new file")
            explain(picture, answer, out)
            print(f"{out}: drawn of {one_line(answer.image)}", file=sys.stderr)
        if args.save_tiles:
            from digits.bulk.saved_tiles import save_tiles

            save_tiles(answer, args.save_tiles, stems)

    if args.save_tiles:
        from digits.bulk.saved_tiles import prepare_tiles

        prepare_tiles(args.save_tiles)
    model = _load(args)
    reader = Reader(model, args.expect, args.seconds)
    empty: list[str] = []
    stems: dict[str, int] = {}
    numbers = count()  # of the drawings
    names = (file.name for file in _pictures(args.image, empty, alone=True))
    answers = (answer for name in names for answer in reader.pages(name, then))
    failed = told = False
    for answer in answers:
        failed |= answer.status == "error"
        if args.json:
            print(json.dumps(answer.as_json(args.top_k, args.decimal)), flush=True)
            continue
        if answer.status != "error" and not told:
            told = True
            tell(model)
        _print(answer, args)
    return int(failed or bool(empty))


def _many(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from digits import classifier
    from digits.bulk.answer_file import AnswerFile
    from digits.bulk.workers import Workers
    from digits.reading.reader import Reader
    from digits.spec import STATUSES

    model = classifier.find(args.model)
    loaded = classifier.load(model)
    Reader.expecting(loaded, args.expect)  # is said before any process starts
    counts = dict.fromkeys(STATUSES, 0)
    empty: list[str] = []
    tell_new_folder(args.output)
    with AnswerFile(args.output, args.resume) as file:
        file.check(loaded.name, args.expect)
        mine = islice(_pictures(args.image, empty), *args.shard)
        todo = [one for one in mine if not file.has(one.name)]
        with Workers(model, args.expect, args.top_k, args.decimal, args.seconds) as workers:
            read = workers.read(todo)
            for answers in tqdm(read, total=len(todo), unit="picture", disable=None, leave=False):
                file.write(answers)
                for answer in answers:
                    counts[answer["status"]] += 1
    if not (todo or file.answered):
        if not empty:
            print(f"{args.output}: not written: there are no pictures", file=sys.stderr)
        return int(bool(empty))
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    tell(loaded)
    errors = f", {file.failed} of them with an error" if file.failed else ""
    print(f"{args.output}: {told}; {len(file.answered)} were there before{errors}", file=sys.stderr)
    return int(counts["error"] + file.failed > 0 or bool(empty))


def _cluster(args: argparse.Namespace) -> int:
    """As `_many`, by the machines of a Ray cluster; the answers are a folder of Parquet files."""
    from tqdm import tqdm

    from digits import classifier
    from digits.bulk.ray_engine import read_into
    from digits.reading.reader import Reader
    from digits.spec import STATUSES

    Reader.expecting(classifier.load(classifier.find(args.model)), args.expect)
    empty: list[str] = []
    total: Counter[str] = Counter()
    mine = islice(_pictures(args.image, empty), *args.shard)
    model = str(args.model or classifier.DEFAULT_SHIPPED)
    settings = {"model": model, "expect": args.expect, "decimal": args.decimal}
    if args.seconds:  # parts that were read before it was a flag keep their names
        settings["seconds"] = args.seconds
    counts = read_into(args.output, mine, args.resume, **settings)
    with tqdm(unit="picture", disable=None, leave=False) as bar:
        for some in counts:
            total += some
            bar.update(some.total())
    before = total.pop("there before", 0)
    tell(classifier.load(classifier.find(model)))
    told = ", ".join(f"{total[status]} {status}" for status in STATUSES)
    print(f"{args.output}: {told}; {before} were there before", file=sys.stderr)
    return int(total["error"] > 0 or bool(empty))


def _table(args: argparse.Namespace) -> int:
    """One picture's numbers as a table."""
    from digits.api import Reader
    from digits.bulk import table_file

    table_file.check(args.output)
    empty: list[str] = []
    names = [file.name for file in _pictures(args.image, empty, alone=True)]
    if len(names) != 1:
        raise DigitsError(f"--table: is of one picture, not of {len(names)}")
    model = _load(args)
    tell_new_folder(args.output)
    answer, *more = Reader(model, args.expect, args.seconds).pages(names[0])
    if answer.status == "error" or more:
        raise DigitsError(answer.error or f"{names[0]}: --table is of one page, not of many")
    table_file.write(args.output, answer, args.decimal)
    tell(model)
    _warn(answer)
    wide = max((column for _, column in answer.places), default=1)
    doubt = f"; {_unsure(answer)}" if answer.status == "unsure" else ""
    print(f"{args.output}: numbers: {len(answer.rows)}, columns: {wide}{doubt}", file=sys.stderr)
    return 0


def _shard(text: str) -> tuple[int, None, int]:
    """I/N as the start, end and step of a slice."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with I from 1 to N, as 3/8")
    return int(number) - 1, None, int(count)


def _pictures(names: list[str], empty: list[str], alone: bool = False) -> "Iterator[File]":
    """The files that all the names mean; those that mean none are said and added to `empty`, and
    with `alone` those that mean files within others or at an address. Without it a name of nothing
    is said as well: as a row of a table its error would be seen late."""
    from digits.pictures.files import files, is_there
    from digits.pictures.packed import is_address

    for name in names:
        others: Counter[str] = Counter()
        try:
            for file in files(name, others):
                if not alone and file.name == name and not is_there(file):
                    raise DigitsError(f"{name}: no such picture or folder; check the path")
                if alone and (file.shard or is_address(file.name)):
                    raise DigitsError(
                        f"{name}: add --output ANSWERS.csv, which reads what is there"
                    )
                yield file
            if others:
                kinds = ", ".join(f"{n} {kind or 'without'}" for kind, n in others.most_common(9))
                says = f"{one_line(name)}: passed over for their suffixes: {kinds}"
                print(f"warning: {says}", file=sys.stderr)
        except DigitsError as error:
            print(f"predict: {error}", file=sys.stderr)
            empty.append(name)


def _load(args: argparse.Namespace) -> "Classifier":
    from digits import api, classifier

    path = classifier.find(args.model)
    if path.suffix in ARTEFACT_SUFFIXES and path.suffix != ".onnx":
        from digits import device

        return api.load(path, device.pick(gpu=args.gpu, cpu=args.cpu))
    if args.gpu:
        print("warning: --gpu: an .onnx model runs on the CPU", file=sys.stderr)
    return api.load(path)


def _print(answer: "Answer", args: argparse.Namespace) -> None:
    """The plain output, whose form docs/reference.md states: `NAME: TEXT`, and with --top_k below
    it a line a candidate, with tabs: which digit, the label, how likely."""
    if answer.status == "error":
        print(f"predict: {one_line(answer.error)}", file=sys.stderr)
        return
    name = one_line(answer.image)
    _warn(answer)
    says = " / ".join(answer.text.split("\n")) if answer.text else "no digit"
    sure = f"  {answer.probability:.1%}" if args.confidence and answer.text else ""
    doubt = "  (unsure)" if answer.status == "unsure" else ""
    page = f" page {answer.page}" if answer.pages > 1 else ""
    print(f"{name}{page}: {says}{sure}{doubt}", flush=True)
    if len(answer.rows) > 1 and doubt:
        print(f"{name}{page}: {_unsure(answer)}", file=sys.stderr)
    if args.top_k > 1:
        digits = [digit for row in answer.rows for digit in row.digits]
        for place, digit in enumerate(digits, 1):
            for label, probability in digit.ranking[: args.top_k]:
                print(f"\t{place}\t{label}\t{probability:.4f}", flush=True)


def _unsure(answer: "Answer") -> str:
    """Which of its rows are to be looked at, as `unsure of 2 of 20 rows: 5, 7`, or why it is in
    doubt where each row by itself is not."""
    places = [str(place) for place, row in enumerate(answer.rows, 1) if row.status != "read"]
    if not places:
        return f"each row by itself is read, but not all together: {answer.why}"
    more = [] if len(places) <= MOST_PLACES else ["..."]
    which = ", ".join(places[:MOST_PLACES] + more)
    return f"unsure of {len(places)} of {len(answer.rows)} rows: {which}"


def _warn(answer: "Answer") -> None:
    """Its warnings, less the model's own, which `tell` says once."""
    for warning in answer.warnings:
        if warning != SEEN_LITTLE:
            print(f"warning: {one_line(answer.image)}: {warning}", file=sys.stderr)
