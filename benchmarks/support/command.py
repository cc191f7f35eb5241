"""What benchmarks share as commands: how one ends that cannot go on, and its folder of pictures."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from digits.errors import DigitsError


def run_main(main: Callable[[], int | None]) -> NoReturn:
    """Exit with what `main` answers; where something is missing, with one line and code 1."""
    try:
        sys.exit(main())
    except (DigitsError, FileNotFoundError) as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")


def add_data(parser: argparse.ArgumentParser) -> None:
    """`--data`, the folder of handwriting/, strings/ and cells/, which has to be there."""
    parser.add_argument(
        "--data", type=_folder, default="../shared/data",
        help="folder of handwriting/, strings/ and cells/",
    )  # fmt: skip


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: no such folder; the pictures are not shipped")
    return Path(text)
