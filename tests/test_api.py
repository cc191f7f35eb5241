"""The Python interface: its surface, its examples, what it takes and refuses, threads."""

import doctest
import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import digits
from digits import api

ROOT = Path(__file__).parents[1]
NUMBER = ROOT / "test_images" / "number.png"

SURFACE = {
    "DigitsError": "",
    "Reader": "(model: str | pathlib.Path = 'reader', expect: str = 'auto') -> None",
    "load": "(model: str | pathlib.Path = 'reader') -> 'Classifier'",
    "read": "(source: Any, model: str | pathlib.Path = 'reader', expect: str = 'auto') -> 'Answer'",
}


def test_the_surface_is_what_it_was() -> None:
    assert set(digits.__all__) == {*SURFACE, "__version__"}
    for name, signature in SURFACE.items():
        if signature:
            assert str(inspect.signature(getattr(digits, name))) == signature, name
    public = {name for name in vars(digits.Reader) if not name.startswith("_")}
    assert public == {"read", "read_many"}


def test_the_examples_in_docstrings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for module in (digits, api):
        result = doctest.testmod(module)
        assert result.attempted and not result.failed


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("torch", "cv2", "numpy", "PIL")
    code = f"import digits, sys; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_every_kind_of_picture_gives_the_same_answer() -> None:
    reader = digits.Reader(expect="number")
    with Image.open(NUMBER) as image:
        grey = np.asarray(image.convert("L"))
        rgb = np.stack([grey] * 3, axis=-1)
        sources = [NUMBER, str(NUMBER), NUMBER.read_bytes(), image, grey, rgb, grey / 255.0]
        assert {answer.text for answer in reader.read_many(sources)} == {"40917"}


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 20, 20), np.uint8),
        np.zeros((20, 20), np.int64),
        np.full((20, 20), 200.0),
        np.full((20, 20), np.nan),
        np.zeros((0, 5), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((20, 20, 4), np.uint8),
    ],
    ids=["channels first", "integers", "to 255", "nan", "empty", "a line", "transparent"],
)
def test_what_is_ambiguous_is_an_error_that_says_what_to_give(array: np.ndarray) -> None:
    with pytest.raises(digits.DigitsError, match="give"):
        digits.read(array)


def test_what_is_no_picture_or_no_model_is_said() -> None:
    assert digits.Reader().read(b"no picture").status == "error"
    assert "nowhere.png" in digits.Reader().read("nowhere.png").error
    with pytest.raises(digits.DigitsError, match="no such model"):
        digits.Reader("nothing")
    with pytest.raises(digits.DigitsError, match="--expect"):
        digits.Reader(expect="nothing")


def test_threads_share_a_reader() -> None:
    reader = digits.Reader(expect="number")
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda _: reader.read(NUMBER).text, range(16)))
    assert texts == ["40917"] * 16
