"""Train, use and ship small networks that read handwritten digits.

>>> import digits
>>> digits.read("test_images/number.png").text
'40917'
"""

from digits.api import Reader, Report, load, read, train
from digits.errors import DigitsError
from digits.spec import version

__all__ = ["DigitsError", "Reader", "Report", "__version__", "load", "read", "train"]
__version__ = version()
