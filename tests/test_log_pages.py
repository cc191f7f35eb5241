"""The benchmark of real pages that a person filled in."""

from collections import Counter
from pathlib import Path

import pytest
from benchmarks import log_pages

from digits.errors import DigitsError


def test_each_row_counts_once_and_signs_not() -> None:
    numbers = Counter({"148": 2, "42": 1})
    assert log_pages.met(["14.8", "148", "1.48", "42x", "no", "7"], numbers) == (3, 2)


def test_a_page_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DigitsError, match="unpack PyMuPDF's source package"):
        log_pages.main([str(tmp_path)])
