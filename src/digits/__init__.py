"""Train, use and ship small networks that read handwritten digits.

>>> import digits
>>> digits.read("test_images/number.png").text
'40917'
"""

from digits.api import Reader, load, read
from digits.errors import DigitsError
from digits.spec import version

__all__ = ["DigitsError", "Reader", "__version__", "load", "read"]
__version__ = version()
