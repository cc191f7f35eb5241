"""The C file: strict C99, tested by itself, its logits those of the reference, bit for bit."""

import ctypes
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from digits import checkpoint
from digits.__main__ import main
from digits.data import Dataset
from digits.errors import DigitsError
from digits.optimization import artefact, c_file, c_program, integer, integer_file, small_frame
from digits.optimization.source import Source
from digits.optimization.to_integer import integers_of
from digits.spec import CLASSES, pretrained_dir
from tests.test_integer import SEQUENTIAL, calibrated
from tests.test_optimization import content, tiles

CC = c_program.compiler()
needs_compiler = pytest.mark.skipif(CC is None, reason="there is no C compiler here")
SMALL = ("micro", "tiny", "fast")  # to compile and run the others takes ten seconds and more
STRICT = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"]
SANITIZED = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
POINTER = ctypes.c_void_p
SIZES = [(1, 1), (1, 7), (7, 1), (14, 14), (20, 21), (28, 28), (60, 33), (25, 90), (301, 299)]
FRAMES = """
#include <stdlib.h>
#include "digits.c"

int main(void)
{
    static const uint16_t sizes[][2] = {@sizes@};
    static uint8_t tile[784];
    size_t i, k;
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t count = (size_t)sizes[i][0] * sizes[i][1];
        uint8_t *picture = malloc(count);
        if (picture == NULL)
            return 1;
        for (k = 0; k < count; k++)
            picture[k] = (uint8_t)(k * 2654435761U >> 13);
        digits_frame(picture, sizes[i][0], sizes[i][1], tile);
        free(picture);
    }
    return digits_frame(tile, 0, 3, tile) || digits_frame(tile, 3, 0, tile);
}
"""
CARD = {"name": "a", "summary": "b", "checksum": "c", "accuracy": "d"}


def written(arch: str, folder: Path, bits: int = 8) -> tuple[integer.IntegerModel, Path]:
    whole, path = integers_of(calibrated(arch), 1.5, bits), folder / "digits.c"
    path.write_bytes(c_file.c_bytes(whole, CARD, {}))
    return whole, path


@needs_compiler
@pytest.mark.parametrize(
    ("arch", "bits"),
    [
        *(
            pytest.param(arch, 8, marks=[] if arch in SMALL else pytest.mark.slow)
            for arch in SEQUENTIAL
        ),
        ("tiny", 4),
        pytest.param("best", 4, marks=pytest.mark.slow),
    ],
)
def test_the_file_computes_what_the_reference_does(arch: str, bits: int, tmp_path: Path) -> None:
    whole, path = written(arch, tmp_path, bits)
    run = c_program.load(path, len(whole.head_bias))
    assert run is not None
    batch = tiles(20, seed=9).numpy()
    assert np.array_equal(run(batch), integer.logits(whole, batch))


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("arch", ["micro", "fast", "best"])
@pytest.mark.parametrize(("cc", "flags"), [*((cc, []) for cc in COMPILERS), (CC, SANITIZED)])
def test_the_file_is_clean_and_tests_itself(
    cc: str, arch: str, flags: list[str], tmp_path: Path
) -> None:
    _, path = written(arch, tmp_path)
    build = [cc, *STRICT, *flags, "-DDIGITS_TEST", "-o", tmp_path / "test", path]
    subprocess.run(build, check=True)
    assert subprocess.run([tmp_path / "test"]).returncode == 0


def pictures() -> list[np.ndarray]:
    """Grey pictures (H, W) of odd sizes, dark on light and light on dark, with a blot in them."""
    generator, found = np.random.default_rng(0), []
    for number, (height, width) in enumerate(SIZES):
        grey = np.full((height, width), 20 + 200 * (number % 2), np.uint8)
        inner = grey[height // 4 : height - height // 5, width // 3 : width - width // 4]
        inner[:] = generator.integers(0, 256, inner.shape)
        found.append(grey)
    return found


@needs_compiler
def test_frames_and_predictions_are_those_of_the_references(tmp_path: Path) -> None:
    whole, path = written("micro", tmp_path)
    built = c_program.library(path, str(CC))
    batch = tiles(30, seed=4).numpy()
    shares = integer.probabilities(whole, integer.logits(whole, batch))
    for one, expected in zip(batch, shares, strict=True):
        found = np.zeros(10, np.uint16)
        label = built.digits_predict(one.ctypes.data_as(POINTER), found.ctypes.data_as(POINTER))
        assert np.array_equal(found, expected) and label == int(expected.argmax())
    for grey in [*pictures(), np.zeros((3, 3), np.uint8)]:
        tile, (height, width) = np.ones((28, 28), np.uint8), grey.shape
        seen = built.digits_frame(
            grey.ctypes.data_as(POINTER), width, height, tile.ctypes.data_as(POINTER)
        )
        expected = small_frame.frame(grey)
        assert bool(seen) == (expected is not None), grey.shape
        assert np.array_equal(tile, np.zeros((28, 28)) if expected is None else expected)


@needs_compiler
def test_frames_of_odd_sizes_are_clean(tmp_path: Path) -> None:
    """Under sanitizers, in a program of its own, whose pictures end where their memory does."""
    written("micro", tmp_path)
    sizes = ", ".join(f"{{{width}, {height}}}" for height, width in SIZES)
    (tmp_path / "frames.c").write_text(FRAMES.replace("@sizes@", sizes))
    build = [
        str(CC),
        *STRICT,
        *SANITIZED,
        "-I",
        tmp_path,
        tmp_path / "frames.c",
        "-o",
        tmp_path / "a",
    ]
    subprocess.run(build, check=True)
    result = subprocess.run([tmp_path / "a"], capture_output=True, text=True)
    assert result.returncode == 0 and not result.stderr, result.stderr


@pytest.mark.slow
@needs_compiler
def test_a_wrong_probability_fails_the_self_test(tmp_path: Path) -> None:
    whole, path = written("micro", tmp_path)
    text = path.read_text("utf-8")
    path.write_text(text.replace("(11008 - 11 * part)", "(11008 - 12 * part)"), "utf-8")
    with pytest.raises(DigitsError, match="self-test"):
        c_program.load(path, len(whole.head_bias))


@pytest.mark.slow
@needs_compiler
@pytest.mark.skipif(not shutil.which("size"), reason="there is no size of binutils here")
def test_the_header_says_what_was_measured_when_it_was_built(tmp_path: Path) -> None:
    path, batch = tmp_path / "a.c", tiles(9).numpy()
    artefact.make(Source.of(content("micro")), path, tiles(64), batch)
    flash, ram, by = c_program.size(path)
    said = f"Built      {flash:,} bytes of flash, {ram:,} of RAM, by {by}"
    assert said in path.read_text("utf-8") and flash > 3000 and ram > 1000


@needs_compiler
def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    whole, path = written("micro", tmp_path)
    text = path.read_text("utf-8")
    path.write_text(text.replace("+ ((uint32_t)1 << (shift - 1))", ""), "utf-8")  # no rounding
    with pytest.raises(DigitsError, match="self-test"):
        c_program.load(path, len(whole.head_bias))
    path.write_text(text.replace("#include <stdint.h>", "#include <nothing.h>"), "utf-8")
    with pytest.raises(DigitsError, match=r"not compiled.*nothing\.h"):
        c_program.load(path, len(whole.head_bias))


def test_tiles_of_another_size_are_refused() -> None:
    wrong = {"classes": list(CLASSES), "input_shape": [1, 32, 32]}
    source = Source(torch.nn.Identity(), wrong, "")
    with pytest.raises(DigitsError, match=r"take tiles of 28x28; try \.onnx"):
        integer_file.integers(source, torch.zeros(1, 1, 32, 32))


def test_other_bits_are_refused_and_tiles_named() -> None:
    expected = np.arange(40).reshape(4, 10)
    found = expected.copy()
    integer_file.require_same_bits(Path("a.c"), found, expected)
    found[2, 3] += 1
    with pytest.raises(DigitsError, match=r"1 of 4 tiles differ.*test tiles 2\)"):
        integer_file.require_same_bits(Path("a.c"), found, expected)


def test_without_a_compiler_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_program, "compiler", lambda: None)
    without = replace(integer_file.FORMATS[".c"], tool=c_program.compiler)
    monkeypatch.setitem(integer_file.FORMATS, ".c", without)
    batch = tiles(9).numpy()
    made = artefact.make(Source.of(content("micro")), tmp_path / "a.c", tiles(64), batch)
    assert "not run: needs a C compiler" in made.notes[-1]
    assert np.array_equal(made.classifier(batch), made.logits)
    with pytest.raises(DigitsError, match=r"apt-get install gcc.*--unproved"):
        integer_file.require_tool(".c")


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", ["micro", "tiny"])
def test_shipped_models_as_c_equal_the_reference_on_the_test_set(
    name: str, tmp_path: Path, mnist: Dataset
) -> None:
    path, source = tmp_path / f"{name}.c", pretrained_dir() / f"{name}.pth"
    assert main(["optimize", "--model", str(source), "--output", str(path), "--quantize"]) == 0
    whole = integer_file.integers(
        Source.of(checkpoint.load(source)), artefact.calibration_tiles(mnist.train.images)
    )
    batch = mnist.test.images.numpy()
    run = c_program.load(path, 10)
    assert run is not None
    found = run(batch)
    assert np.array_equal(found, integer.logits(whole, batch))
    accuracy = float((found.argmax(axis=1) == mnist.test.labels.numpy()).mean())
    before = checkpoint.load(source)["metrics"]["test"]["accuracy"]
    assert accuracy >= before - 0.001
    assert f"Accuracy   {accuracy:.2%} of 10,000 test digits" in path.read_text("utf-8")
