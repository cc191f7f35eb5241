"""What benchmarks share as commands: how one ends that cannot go on, and its folder of pictures."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from digits.errors import DigitsError


def run_main(main: Callable[[], int | None]) -> NoReturn:
    """Exit with what `main` answers; where something is missing, with one line and code 1: that of
    a command that failed, if it was kept. Ctrl-C is code 130."""
    name = Path(sys.argv[0]).name
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        sys.exit(130)
    except (DigitsError, FileNotFoundError) as error:
        sys.exit(f"{name}: {error}")
    except subprocess.CalledProcessError as error:
        said = error.stderr or ""
        lines = (said.decode() if isinstance(said, bytes) else said).splitlines()
        sys.exit(f"{name}: {lines[-1] if lines else error}")


def by_label(folder: Path) -> list[Path]:
    """The pictures in a folder, in one a label, in their order.

    Raises:
        DigitsError: there are none.
    """
    files = sorted(folder.glob("*/*.png"))
    if not files:
        raise DigitsError(f"{folder}: no pictures in it; give the folder around it as --data")
    return files


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
