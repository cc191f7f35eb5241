"""Real pages that a person filled in: how many of their numbers are right.

    python benchmarks/log_pages.py FOLDER
    python benchmarks/log_pages.py FOLDER --peer build/rapidocr --seconds 20

Four scanned pages of a log of pipes, which PyMuPDF's source package has among its tests
(`tests/resources/test_3863.pdf.pdf.*.png`, 816 pixels wide). `support/log_pages.json` has their
numbers by hand, as they were read by eye: those without a letter. A number is right if a row, less
its signs, says the same, each row once. `--peer` reads the pages with rapidocr as well, which is
installed into that folder: by word.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from support.command import run_main
from support.peer import Peer, digits_alone

from digits import classifier
from digits.errors import DigitsError
from digits.pictures.load import load
from digits.reading.reader import Reader

NUMBERS = Path(__file__).parent / "support" / "log_pages.json"
HEAD = (
    "| page | numbers right | by the peer | other rows | by the peer | rows `read` "
    "| others among these | s |"
)


def met(texts: Iterable[str], numbers: Counter[str]) -> tuple[int, int]:
    """How many of the numbers are among the texts, and how many other texts have digits."""
    said = Counter(filter(None, map(digits_alone, texts)))
    right = (said & numbers).total()
    return right, said.total() - right


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the pages are, or folders of them")
    parser.add_argument("--peer", type=Path, metavar="FOLDER", help="rapidocr's environment")
    parser.add_argument("--seconds", type=float, help="of CPU time for a page (default: as read)")
    args = parser.parse_args(arguments)
    reader = Reader.expecting(classifier.load(classifier.find("reader")), seconds=args.seconds)
    print(HEAD, "|---" * 8 + "|", sep="\n", flush=True)
    with Peer(args.peer) if args.peer else nullcontext() as peer:
        for name, lines in json.loads(NUMBERS.read_text("utf-8")).items():
            path = next(iter(sorted(args.folder.rglob(f"*{name}"))), None)
            if path is None:
                raise DigitsError(f"{args.folder}: has no {name}; unpack PyMuPDF's source package")
            picture = load(path)
            numbers = Counter(map(digits_alone, " ".join(lines).split()))
            start = time.perf_counter()
            answer = reader.read(picture)
            seconds = time.perf_counter() - start
            right, others = met((row.text for row in answer.rows), numbers)
            sure = met((row.text for row in answer.rows if row.status == "read"), numbers)
            theirs: tuple[object, object] = ("-", "-")
            if peer:
                theirs = met((word for word, _ in peer(picture.grey)), numbers)
            print(
                f"| {name} | {right} of {numbers.total()} | {theirs[0]} | {others} | {theirs[1]} "
                f"| {sum(sure)} | {sure[1]} | {seconds:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    run_main(main)
