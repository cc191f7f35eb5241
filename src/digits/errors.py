"""The exception for what a user can fix; caught once, in `digits.__main__`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class DigitsError(Exception):
    """What is wrong and what to do about it, in one line. No traceback, exit code 1."""

    exit_code = 1


class UsageError(DigitsError):
    """A value that its flag never takes: exit code 2."""

    exit_code = 2


def reason(error: Exception) -> str:
    """What a library's exception says, short enough for our one line: some say a thousand words."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8; save it as UTF-8"
    lines = (getattr(error, "strerror", None) or str(error)).strip().splitlines()
    text = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
    return f"{text or type(error).__name__:.80}"


@contextmanager
def told(what: str, *kinds: type[Exception]) -> Iterator[None]:
    """Within, an exception of the system or of these kinds is said in one line: `what: reason`.

    Raises:
        DigitsError: there was one.
    """
    expected: tuple[type[Exception], ...] = (OSError, *kinds)
    try:
        yield
    except expected as error:
        raise DigitsError(f"{what}: {reason(error)}") from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean tiny?` where one of the known names is close to a wrong one, else nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
