"""What benchmarks of made-up pictures share: whose digits, and which answers changed since.

Whoever improves a rule looks at validation digits; the test digits are for a last measurement.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from digits import data
from digits.errors import DigitsError


@dataclass(frozen=True)
class Picture:
    """A picture that was read: of which condition, what stands in it, what was said."""

    condition: str
    number: int  # among those of its condition
    truth: str
    said: str
    score: int  # higher is better; the benchmark says what it counts


def add_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--split", choices=("validation", "test"), default="validation", help="of MNIST"
    )


def add_records(parser: argparse.ArgumentParser) -> None:
    """`--record` and `--against`, which is read at once: that it is none is said before all the
    pictures are read, not after."""
    parser.add_argument("--record", type=Path, help="write every picture's answer, one a line")
    parser.add_argument("--against", type=read, help="a record: print what is better and worse")


def digits_of(split: str) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's tiles (N, 28, 28) uint8 and labels (N,)."""
    part = getattr(data.load("mnist"), split)
    return part.images[:, 0].numpy(), part.labels.numpy()


def conclude(pictures: list[Picture], args: argparse.Namespace) -> None:
    """Write `--record` and compare with `--against`, which may have been the same file.

    Raises:
        DigitsError: what is compared with is of other pictures; the record is written all the same.
    """
    if args.record:
        lines = [json.dumps(asdict(picture)) + "\n" for picture in pictures]
        args.record.write_text("".join(lines), "utf-8")
    if args.against is not None:
        print(*changes(args.against, pictures), sep="\n")


def read(record: str | Path) -> list[Picture]:
    """The pictures of a record. Raises DigitsError if it is none."""
    try:
        lines = Path(record).read_text("utf-8").splitlines()
        return [Picture(**json.loads(line)) for line in lines]
    except (OSError, ValueError, TypeError):
        raise DigitsError(f"--against {record}: not a record; make one with --record") from None


def changes(before: list[Picture], now: list[Picture]) -> Iterator[str]:
    """Lines on what scores differently, by condition; pictures that only one side has are left out.

    Raises:
        DigitsError: a picture shows something else than it did.
    """
    old = {(picture.condition, picture.number): picture for picture in before}
    pairs = [(old[p.condition, p.number], p) for p in now if (p.condition, p.number) in old]
    if not pairs or any(was.truth != picture.truth for was, picture in pairs):
        raise DigitsError("--against: a record of other pictures; give its --split and --seed")
    for condition in dict.fromkeys(picture.condition for _, picture in pairs):
        here = [(was, p) for was, p in pairs if p.condition == condition]
        changed = [(was, p) for was, p in here if was.score != p.score]
        better = sum(p.score > was.score for was, p in changed)
        yield f"{condition}: {better} better, {len(changed) - better} worse, of {len(here)}"
        for was, p in changed:
            word = "better" if p.score > was.score else "worse"
            yield f"  {word}: {p.number}, {p.truth!r}: {was.said} -> {p.said}"
