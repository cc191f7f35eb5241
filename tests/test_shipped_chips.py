"""The shipped files for chips and pages are what `optimize` makes of the shipped checkpoints."""

import re
from pathlib import Path

import numpy as np
import pytest

from digits import checkpoint
from digits.data import Dataset, strokes
from digits.optimization import c_file, c_program, html_program, integer_file
from digits.optimization.source import Source
from digits.spec import pretrained_dir

# name, the least accuracy, the most bytes of tables and of RAM
CHIPS = [("micro", 0.99, 3000, 3000), ("tiny", 0.9935, 6000, 4000)]
NUMBER = re.compile(r'(?<=": ")[\w+/=]+(?=")|-?\b\d[\d,.]*(e[+-]\d+f)?%?')  # or base64


def remade(path: Path) -> str:
    """The file, made again; drawn digits calibrate it, which are always there."""
    import torch

    source = Source.of(checkpoint.load(path.with_suffix(".pth")))
    tiles = torch.from_numpy(strokes.draw(64, rng=0)[0]).view(-1, 1, 28, 28)
    whole = integer_file.integers(source, tiles)
    write = integer_file.FORMATS[path.suffix].write
    return write(whole, integer_file.card(source), source.content["thresholds"]).decode()


def shape(text: str) -> str:
    """A text without its numbers, tables and line breaks, those of comments too."""
    plain = text.replace(c_file.NOT_MEASURED, "1% of 2 test digits")
    plain = re.sub("(?<= Built      ).*", "", plain)
    plain = re.sub("\n \\*", "\n", plain)
    return "".join(NUMBER.sub("#", plain).split())


def weights(text: str) -> np.ndarray:
    return np.fromstring(re.search(r"weights\[\] IN_FLASH = \{([^}]*)", text)[1], int, sep=",")


@pytest.mark.parametrize("name", ["micro.c", "tiny.c", "tiny.html"])
def test_shipped_files_are_what_their_checkpoint_gives_today(name: str) -> None:
    path = pretrained_dir() / name
    shipped, made = path.read_text("utf-8"), remade(path)
    assert re.search("SHA-256 .*", shipped)[0] == re.search("SHA-256 .*", made)[0]
    assert shape(shipped) == shape(made)
    if path.suffix == ".c":  # of another CPU a weight between two levels may be the other
        assert np.abs(weights(shipped) - weights(made)).sum() <= 2


@pytest.mark.skipif(c_program.compiler() is None, reason="there is no C compiler here")
@pytest.mark.parametrize(("name", "accuracy", "flash", "ram"), CHIPS)
def test_shipped_c_files_hold_their_bars(
    name: str, accuracy: float, flash: int, ram: int, mnist: Dataset
) -> None:
    path = pretrained_dir() / f"{name}.c"
    text, run = path.read_text("utf-8"), c_program.load(path, 10)
    assert run is not None
    found = run(mnist.test.images.numpy()).argmax(axis=1)
    right = float((found == mnist.test.labels.numpy()).mean())
    assert right >= accuracy and f"Accuracy   {right:.2%} of 10,000 test digits" in text
    said = dict(re.findall(r"(Constants|RAM) +([\d,]+) bytes", text))
    assert int(said["Constants"].replace(",", "")) <= flash
    assert int(said["RAM"].replace(",", "")) <= ram


@pytest.mark.skipif(
    c_program.compiler() is None or html_program.node() is None, reason="needs a compiler and Node"
)
def test_the_shipped_page_answers_as_the_shipped_c_file() -> None:
    tiles = strokes.draw(40, rng=1)[0].reshape(-1, 1, 28, 28)
    answers = [
        load(pretrained_dir() / f"tiny{suffix}", 10)(tiles)
        for suffix, load in ((".c", c_program.load), (".html", html_program.load))
    ]
    assert np.array_equal(*answers)
