"""`digits <command> [flags]`: find the command, run it, and turn what went wrong into one line."""

import importlib
import io
import os
import signal
import sys
import threading

from digits.errors import DigitsError, did_you_mean, reason
from digits.extras import BASE, EXTRAS, needs
from digits.spec import version

COMMANDS = {
    "train": "train a classifier",
    "learn": "teach a model a few pictures of your own",
    "tune": "search for the settings of an architecture",
    "predict": "read the digits in pictures",
    "evaluate": "measure a model on a data set",
    "optimize": "make a checkpoint small and fast for edge devices",
    "serve": "a page and an API that read pictures",
    "completion": "complete commands and flags in your shell",
}
USAGE = (
    "usage: digits <command> [flags]\n\n"
    + "\n".join(f"  {name:10} {what}" for name, what in COMMANDS.items())
    + "\n\n`digits <command> --help` begins with examples."
)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C.

    SIGTERM ends it with 143, once it has tidied up.
    """
    argv = sys.argv[1:] if argv is None else argv
    if isinstance(sys.stdout, io.TextIOWrapper):  # what it cannot write, it writes as \\xe4
        sys.stdout.reconfigure(errors="backslashreplace")
    if argv and argv[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    if argv and argv[0] == "--version":
        print(f"digits {version()}")
        return 0
    if not argv or argv[0] not in COMMANDS:
        print(USAGE, file=sys.stderr)
        if argv:
            hint = did_you_mean(argv[0], COMMANDS)
            print(f"\ndigits: no command {argv[0]!r}{hint}", file=sys.stderr)
        return 2
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    try:
        command = importlib.import_module(f"digits.commands.{argv[0]}")
        code: int = command.main(argv[1:])
        if sys.stdout:
            sys.stdout.flush()  # a full disk behind it shows now
        return code
    except DigitsError as error:
        print(f"{argv[0]}: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in (*EXTRAS, *BASE):
            raise
        print(f"{argv[0]}: {needs(str(error.name), argv[0])}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{argv[0]}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        _drop_output()
        return 1
    except OSError as error:  # a full disk, a file that is gone: nothing that a traceback explains
        _drop_output()
        name = f"{error.filename}: " if error.filename else ""
        print(f"{argv[0]}: {name}{reason(error)}", file=sys.stderr)
        return 1


def _stop(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _drop_output() -> None:
    """Where standard output cannot be written, what is left for it goes nowhere: it fails once."""
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
