"""Train, use and ship small networks that read handwritten digits.

>>> import digits
>>> digits.read("test_images/number.png").text
'40917'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from digits.api import Reader, Report, load, read, train
from digits.errors import DigitsError
from digits.spec import version

if TYPE_CHECKING:
    from digits.classifier import Classifier
    from digits.reading.answer import Answer

    __version__: str

__all__ = [
    "Answer", "Classifier", "DigitsError", "Reader", "Report", "__version__",
    "load", "read", "train",
]  # fmt: skip

HEAVY = {"Answer": "digits.reading.answer", "Classifier": "digits.classifier"}  # they load NumPy


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version()
    if name not in HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HEAVY[name]), name)
