"""What several commands say on standard error: which model answers, which folder is new."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from digits.spec import SEEN_LITTLE, SMALL_SET

if TYPE_CHECKING:
    from digits.classifier import Classifier


def tell(model: "Classifier") -> None:
    """Which model answers, and what it learned from."""
    learned_from = one_line(model.trained_on or "unknown pictures")
    print(f"model: {one_line(model.name)} (trained on {learned_from})", file=sys.stderr)
    if model.trained_on == SMALL_SET:
        print(f"warning: {SEEN_LITTLE}", file=sys.stderr)


def tell_new_folder(output: Path) -> None:
    """That the folder of an output is not there yet: a mistyped path would make one unseen."""
    if not output.parent.exists():
        print(f"warning: --output: {one_line(str(output.parent))} is a new folder", file=sys.stderr)


def one_line(text: str) -> str:
    """A name as it can stand in one line: a newline in it as `\\n`."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
