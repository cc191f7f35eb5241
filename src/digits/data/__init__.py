"""Data sets as uint8 tensors, and what changes them on the fly."""

from digits.data.datasets import NAMES, load
from digits.data.split import Dataset, Split

__all__ = ["NAMES", "Dataset", "Split", "load"]
