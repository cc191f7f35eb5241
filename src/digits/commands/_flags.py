"""Flags that several commands share, and the types of their values."""

import argparse
import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from digits import data
from digits.commands._examples import EXAMPLES
from digits.errors import did_you_mean
from digits.spec import version


class Parser(argparse.ArgumentParser):
    """Flags are declared with underscores and may be typed with dashes; all have --version. Help
    begins with examples; a wrong name is answered with the closest that is known."""

    def __init__(self, prog: str, description: str | None) -> None:
        lines = EXAMPLES.get(prog, ())
        examples = "\n  ".join(("\n\nexamples:", *lines)) if lines else ""
        super().__init__(
            prog,
            usage=f"{prog} [flags]",
            description=f"{(description or '').strip()}{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._words: list[str] = []
        self.add_argument("--version", action=_Version, nargs=0, help="print it and exit")

    def parse_args(self, args: Sequence[str], namespace: Any = None) -> Any:  # type: ignore[override]
        if args is ASKED:
            raise _Asked(self)
        self._words = [underscored(word) for word in args]
        found, unknown = self.parse_known_args(self._words, namespace)
        if unknown:
            self.error(f"unknown: {' '.join(unknown)}{did_you_mean(unknown[0], self._flags())}")
        return found

    def error(self, message: str) -> NoReturn:
        """As argparse does; of a flag that is missing it says what was typed in its place."""
        missing = message.partition("arguments are required: ")[2]
        typed = [word.partition("=")[0] for word in self._words]
        wrong = next((word for word in typed if word.startswith("--") and not any(
            flag.startswith(word) for flag in self._flags())), "")  # fmt: skip
        if missing and wrong:
            message = f"unknown: {wrong}{did_you_mean(wrong, self._flags())}"
        elif missing and typed and not typed[0].startswith("-"):
            message += f"; write {missing} {typed[0]}"
        super().error(message)

    def _flags(self) -> list[str]:
        return [flag for action in self._actions for flag in action.option_strings]

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            hint = did_you_mean(str(value), map(str, action.choices or ()))
            raise argparse.ArgumentError(action, f"{error.message}{hint}") from None


ASKED = ["\0parser"]  # given to a command as its arguments, it hands out its parser


class _Asked(Exception):
    """Carries a parser out of a command."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser


def parser_of(command: str) -> Parser:
    """The parser of a command, for what is made of it: completion, the reference of the docs."""
    try:
        importlib.import_module(f"digits.commands.{command}").main(ASKED)
    except _Asked as asked:
        return asked.parser
    raise AssertionError(f"{command} does not parse its arguments first")


class _Version(argparse.Action):
    """Looks the version up when it is asked for: argparse's own action wants it at every start."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"digits {version()}")
        parser.exit()


def underscored(word: str) -> str:
    """`--top-k=3` -> `--top_k=3`; what is not a flag stays as it is."""
    if not word.startswith("--"):
        return word
    name, equals, value = word[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"


def add_device_flags(parser: argparse._ActionsContainer, demand: bool = False) -> None:
    """--gpu or --cpu; with `demand` also --device."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--gpu", action="store_true", help="use a GPU (tried by default)")
    choice.add_argument("--cpu", action="store_true", help="use the CPU")
    if demand:
        choice.add_argument("--device", help="demand a device: cpu, cuda, cuda:1, mps")


def add_data_flags(
    parser: argparse._ActionsContainer, default: str | None = "auto", says: str = "auto"
) -> None:
    """--dataset and --data_dir; `says` tells people what the default means."""
    parser.add_argument(
        "--dataset", default=default,
        help=f"{', '.join(data.NAMES)}; or your own: a folder with one folder a class, a CSV file "
        f"of path,label, an .npz file (default: {says})",
    )  # fmt: skip
    parser.add_argument(
        "--data_dir", help="folder of the data sets (default: $DIGITS_DATA_DIR, else data/)"
    )


def number(
    kind: Callable[[str], float], low: float, high: float = math.inf, above: bool = False
) -> Callable[[str], float]:
    """A type for argparse: int or float from `low` (or, with `above`, over it) up to `high`."""

    def parse(text: str) -> float:
        value = kind(text)
        if math.isinf(value):
            raise argparse.ArgumentTypeError(f"{text} is not finite")
        if not (low < value if above else low <= value) or not value <= high:
            raise argparse.ArgumentTypeError(
                f"{text} is not {'above' if above else 'at least'} {low}"
                + (f" and at most {high}" if high < math.inf else "")
            )
        return value

    parse.__name__ = kind.__name__
    return parse
