"""A wheel in a fresh environment: light, read from elsewhere, and what it lacks is one line."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from benchmarks.support import environments
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]
MOST_BYTES = 350 * 10**6
PYTHONS = environments.pythons()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environments.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def light(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment that has the wheel and what it needs, and nothing else."""
    folder = tmp_path_factory.mktemp("light")
    environments.create(folder / "env", Path(sys.executable), str(wheel))
    return folder


@pytest.mark.slow
def test_the_wheel_has_both_licences(wheel: Path) -> None:
    """Ours, and that of the general row model."""
    with zipfile.ZipFile(wheel) as file:
        (about,) = (name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        folder = f"{Path(about).parent}/licenses"
        said = file.read(about).decode()
        assert b"MIT License" in file.read(f"{folder}/LICENSE")
        general = file.read(f"{folder}/models/pretrained/_general.LICENSE")
    assert "License-Expression: MIT AND Apache-2.0\n" in said
    assert b"Apache License" in general


def digits(light: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [str(light / "env" / "bin" / "digits"), *flags]
    return subprocess.run(
        command, cwd=light, env=environments.outside(), capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_the_wheel_is_light_and_reads_from_anywhere(
    wheel: Path, tmp_path: Path, python: Path
) -> None:
    """With each Python that is here."""
    environment = environments.create(tmp_path / "env", python, str(wheel))
    brought, _ = environments.size_bytes(environment)
    assert brought < MOST_BYTES, f"{brought:,} bytes"
    (site,) = environment.glob("lib/python3*/site-packages")
    assert not (site / "torch").exists()
    assert (site / "digits" / "pretrained" / "reader.pth").is_file()
    shown = digits(tmp_path, "predict", "--image", str(ROOT / "test_images" / "number.png"))
    assert shown.returncode == 0 and "40917" in shown.stdout, shown.stderr
    shutil.rmtree(environment)  # pytest keeps folders, and this one is large


def test_this_python_is_among_those_that_are_tested() -> None:
    assert "{}.{}".format(*sys.version_info) in PYTHONS


@pytest.mark.slow
def test_onnx_models_are_measured_without_torch(light: Path) -> None:
    """On pictures of one's own: MNIST need not be at hand."""
    for label in "17":
        (light / "own" / label).mkdir(parents=True)
        for place in range(6):
            page = Image.new("L", (70, 90), 255)
            strokes = (
                [(30 + place, 12), (26, 78)]
                if label == "1"
                else [(12, 12), (50 - place, 12), (30, 78)]
            )
            ImageDraw.Draw(page).line(strokes, 0, 6)
            page.save(light / "own" / label / f"{place}.png")
    for name in ("own/", "uci"):
        shown = digits(light, "evaluate", "--model", "tiny", "--dataset", name)
        assert shown.returncode == 0 and "accuracy" in shown.stdout, shown.stderr


@pytest.mark.slow
def test_what_is_not_installed_is_one_line_that_says_how_to_get_it(light: Path) -> None:
    shown = digits(light, "train", "--dataset", "uci", "--epochs", "1")
    assert shown.returncode == 1 and shown.stderr.count("\n") == 1
    assert "pip install 'digits[train]'" in shown.stderr


@pytest.mark.skipif(not shutil.which("make"), reason="no make here")
@pytest.mark.parametrize("target", ["read", "bench"])
def test_a_target_without_its_variable_installs_nothing(target: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)  # alone: to set up .venv it lacks pyproject.toml
    command = ["make", "-C", str(tmp_path), target]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 2 and f"usage: make {target}" in shown.stderr


TYPED = """
import digits
reveal_type(digits.read("a.png"))
reveal_type(digits.load("tiny").trained_on)
digits.Reader(expect=7)
"""


@pytest.mark.slow
def test_it_is_typed_where_it_is_installed(light: Path) -> None:
    (light / "program.py").write_text(TYPED)
    python = str(light / "env" / "bin" / "python")
    check = [sys.executable, "-m", "mypy", "--python-executable", python, "program.py"]
    shown = subprocess.run(
        check, cwd=light, env=environments.outside(), capture_output=True, text=True
    )
    says = shown.stdout.splitlines()
    assert [line.partition(" ")[2].replace("builtins.", "") for line in says[:-1]] == [
        'note: Revealed type is "digits.reading.answer.Answer"',
        'note: Revealed type is "str"',
        'error: Argument "expect" to "Reader" has incompatible type "int"; '
        'expected "str"  [arg-type]',
    ]


def test_there_is_one_version() -> None:
    stated = [
        re.findall(pattern, (ROOT / name).read_text("utf-8"), re.M)
        for name, pattern in (
            ("pyproject.toml", r'^version = "(.+)"$'), ("CITATION.cff", r"^version: (.+)$"),
        )
    ]  # fmt: skip
    assert stated[0] == stated[1] and len(stated[0]) == 1
