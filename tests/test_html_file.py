"""The page: its JavaScript answers as the NumPy reference, bit for bit, and it loads nothing."""

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from digits import checkpoint
from digits.data import Dataset
from digits.errors import DigitsError
from digits.optimization import (
    artefact,
    html_file,
    html_program,
    integer,
    integer_file,
)
from digits.optimization.source import Source
from digits.optimization.to_integer import integers_of
from digits.spec import pretrained_dir
from tests.test_c_file import CARD
from tests.test_integer import SEQUENTIAL, calibrated
from tests.test_optimization import tiles

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node.js here")


def written(arch: str, folder: Path, bits: int = 8) -> tuple[integer.IntegerModel, Path]:
    whole, path = integers_of(calibrated(arch), 1.5, bits), folder / "digits.html"
    path.write_bytes(html_file.html_bytes(whole, CARD, {"read": 0.9}))
    return whole, path


def run_script(path: Path, code: str, given: bytes) -> bytes:
    """What JavaScript writes that sees `digits` of the page and `given`, a Buffer."""
    script = re.search(r'<script id="model">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert script
    whole = f'{script[1]}\nconst given = require("fs").readFileSync(0);\n{code}'
    file = path.with_suffix(".js")
    file.write_text(whole, "utf-8")
    result = subprocess.run([str(NODE), file], input=given, capture_output=True, check=True)
    return result.stdout


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("arch", SEQUENTIAL)
def test_the_script_computes_what_the_reference_does(arch: str, tmp_path: Path) -> None:
    whole, path = written(arch, tmp_path)
    run = html_program.load(path, len(whole.head_bias))
    assert run is not None
    batch = tiles(9, seed=9).numpy()
    assert np.array_equal(run(batch), integer.logits(whole, batch))


@needs_node
def test_probabilities_are_those_of_the_reference(tmp_path: Path) -> None:
    whole, path = written("micro", tmp_path)
    values = integer.logits(whole, tiles(40, seed=4).numpy())
    code = """
    const values = new Int32Array(new Uint8Array(given).buffer), out = [];
    for (let at = 0; at < values.length; at += 10)
      out.push(...digits.probabilities(values.subarray(at, at + 10)));
    process.stdout.write(Buffer.from(new Uint16Array(out).buffer));"""
    found = np.frombuffer(run_script(path, code, values.astype("<i4").tobytes()), "<u2")
    assert np.array_equal(found.reshape(-1, 10), integer.probabilities(whole, values))


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("arch", ["micro", "tiny"])
def test_weights_of_4_bits_take_half_the_room(arch: str, tmp_path: Path) -> None:
    sizes = []
    for bits in (8, 4):
        whole, path = written(arch, tmp_path, bits)
        run = html_program.load(path, len(whole.head_bias))
        assert run is not None
        batch = tiles(9, seed=9).numpy()
        assert np.array_equal(run(batch), integer.logits(whole, batch))
        sizes.append(len(path.read_bytes()))
    count = sum(layer.weights.size for layer in whole.layers) + whole.head_weights.size
    assert sizes[0] - sizes[1] > 0.5 * 4 / 3 * count - 100


@needs_node
@pytest.mark.slow
def test_the_script_computes_what_the_reference_does_on_scans(
    tmp_path: Path, mnist: Dataset
) -> None:
    path, batch = tmp_path / "tiny.html", mnist.test.images.numpy()[:1000]
    source = Source.of(checkpoint.load(pretrained_dir() / "tiny.pth"))
    calibration = artefact.calibration_tiles(mnist.train.images)
    integer_file.make(source, path, calibration, batch[:1])
    run = html_program.load(path, 10)
    assert run is not None
    whole = integer_file.integers(source, calibration)
    assert np.array_equal(run(batch), integer.logits(whole, batch))


@needs_node
def test_digits_side_by_side_are_read_and_specks_are_not(tmp_path: Path, mnist: Dataset) -> None:
    path = tmp_path / "tiny.html"
    source = Source.of(checkpoint.load(pretrained_dir() / "tiny.pth"))
    calibration = artefact.calibration_tiles(mnist.train.images)
    integer_file.make(source, path, calibration, mnist.test.images.numpy()[:20])
    row = np.concatenate(list(mnist.test.images.numpy()[:6, 0]), axis=1)  # 7 2 1 0 4 1
    picture = 255 - np.pad(row, 10)
    picture[2:4, 2:4] = 0
    height, width = picture.shape
    code = f"""const found = digits.read(given, {width}, {height});
    process.stdout.write(found.map((d) => d.label).join("") + " " + found.every((d) => d.read));"""
    assert run_script(path, code, picture.tobytes()) == b"721041 true"


@needs_node
def test_strokes_are_the_ink_that_would_be_found(tmp_path: Path) -> None:
    """What is drawn black on white is not looked for; the tiles are the same."""
    picture = np.full((160, 320), 255, np.uint8)
    cv2.polylines(picture, [np.array([(40, 40), (100, 40), (60, 130)])], False, 0, 12, cv2.LINE_AA)
    cv2.ellipse(picture, (220, 80), (35, 55), 0, 0, 360, 0, 9, cv2.LINE_AA)
    _, path = written("micro", tmp_path)
    code = """for (const drawn of [false, true])
      process.stdout.write(Buffer.concat(digits.tiles(given, 320, 160, drawn)));"""
    found = np.frombuffer(run_script(path, code, picture.tobytes()), np.uint8)
    looked_for, drawn = found.reshape(2, 2, 28, 28)
    assert (looked_for == drawn).all() and drawn.any(axis=(1, 2)).all()


@needs_node
def test_a_script_that_does_not_run_is_refused(tmp_path: Path) -> None:
    whole, path = written("micro", tmp_path)
    path.write_text(path.read_text("utf-8").replace("const digits", "const digit5"), "utf-8")
    run = html_program.load(path, len(whole.head_bias))
    assert run is not None
    with pytest.raises(DigitsError, match="does not run"):
        run(tiles(2).numpy())


def test_the_page_is_small_and_loads_nothing(tmp_path: Path) -> None:
    _, path = written("tiny", tmp_path)
    text = path.read_text("utf-8")
    assert len(text) < 60_000
    assert not re.search(r"https?://|\bsrc=|\bhref=|@import|fetch\(|XMLHttpRequest", text)
    assert "default-src 'none'" in text and "@" not in re.sub(r"[\w+/=]{40,}", "", text)
