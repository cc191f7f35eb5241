"""extract_mnist_images.py writes sample digits that are the data set's."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits import data

PROGRAM = Path(__file__).parents[1] / "extract_mnist_images.py"


def run(*flags: str | Path) -> subprocess.CompletedProcess:
    command = [sys.executable, PROGRAM, "--dataset", "uci", *flags]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
def test_writes_the_test_sets_tiles(tmp_path: Path) -> None:
    result = run("--output", tmp_path, "--per_digit", "3", "--scale", "4")
    assert result.returncode == 0 and result.stderr == ""
    names = sorted(f"digit_{digit}_sample_{i}.png" for digit in range(10) for i in range(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert sorted(result.stdout.split()) == [str(tmp_path / name) for name in names]

    test = data.load("uci").test
    third_seven = test.images[test.labels == 7][2, 0].numpy()
    with Image.open(tmp_path / "digit_7_sample_2.png") as image:
        picture = np.asarray(image)
    assert picture.shape == (112, 112)
    np.testing.assert_array_equal(picture[2::4, 1::4], third_seven)


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (["--per-digit", "0"], 2, "at least 1"),
        (["--scale", "none"], 2, "invalid int"),
        pytest.param(["--output", f"{__file__}/below"], 1, "not saved", marks=pytest.mark.slow),
    ],
)
def test_faults_are_one_line(flags: list[str], code: int, says: str) -> None:
    result = run(*flags)
    assert result.returncode == code and result.stdout == ""
    assert says in result.stderr.splitlines()[-1] and "Traceback" not in result.stderr


def test_help_imports_nothing_heavy() -> None:
    code = (
        f"import sys, runpy; sys.argv = ['x', '--help']\n"
        f"try: runpy.run_path({str(PROGRAM)!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'PIL', 'sklearn'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
