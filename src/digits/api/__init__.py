"""The Python interface, which the commands use as well: read, load, train."""

from digits.api.reading import Reader, load, read
from digits.api.training import Report, train

__all__ = ["Reader", "Report", "load", "read", "train"]
