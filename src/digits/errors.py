"""The one exception for what a user can fix; caught once, in `digits.__main__`."""


class DigitsError(Exception):
    """What is wrong and what to do about it, in one line. No traceback, exit code 1."""
