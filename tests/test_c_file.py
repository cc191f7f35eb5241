"""The C file: strict C99, tested by itself, its logits those of the reference, bit for bit."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from digits import checkpoint
from digits.__main__ import main
from digits.data import Dataset
from digits.errors import DigitsError
from digits.optimization import artefact, c_file, c_program, integer, integer_file
from digits.optimization.source import Source
from digits.optimization.to_integer import integers_of
from digits.spec import pretrained_dir
from tests.test_integer import SEQUENTIAL, calibrated
from tests.test_optimization import content, tiles

CC = c_program.compiler()
needs_compiler = pytest.mark.skipif(CC is None, reason="there is no C compiler here")
SMALL = ("micro", "tiny", "fast")  # to compile and run the others takes ten seconds and more
STRICT = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"]
SANITIZED = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
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


@needs_compiler
@pytest.mark.parametrize("arch", ["micro", "fast", "best"])
@pytest.mark.parametrize("flags", [[], SANITIZED], ids=["strict", "sanitized"])
def test_the_file_is_clean_and_tests_itself(arch: str, flags: list[str], tmp_path: Path) -> None:
    _, path = written(arch, tmp_path)
    build = [str(CC), *STRICT, *flags, "-DDIGITS_TEST", "-o", tmp_path / "test", path]
    subprocess.run(build, check=True)
    assert subprocess.run([tmp_path / "test"]).returncode == 0


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


def test_other_bits_are_refused_and_tiles_named() -> None:
    expected = np.arange(40).reshape(4, 10)
    found = expected.copy()
    integer_file.require_same_bits(Path("a.c"), found, expected)
    found[2, 3] += 1
    with pytest.raises(DigitsError, match=r"1 of 4 tiles differ.*test tiles 2\)"):
        integer_file.require_same_bits(Path("a.c"), found, expected)


def test_without_a_compiler_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c_program, "compiler", lambda: None)
    batch = tiles(9).numpy()
    model, notes = artefact.make(Source.of(content("micro")), tmp_path / "a.c", tiles(64), batch)
    assert "not run: needs a C compiler" in notes[-1] and model(batch).shape == (9, 10)


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
