"""The one exception for what a user can fix; caught once, in `digits.__main__`."""


class DigitsError(Exception):
    """What is wrong and what to do about it, in one line. No traceback, exit code 1."""


def reason(error: Exception) -> str:
    """What a library's exception says, short enough for our one line: some say a thousand words."""
    text = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0]
    return f"{text or type(error).__name__:.80}"
