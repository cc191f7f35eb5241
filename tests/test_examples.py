"""The examples build with this machine's compilers, and read a digit."""

import shutil
import subprocess
from pathlib import Path

import pytest

from digits.spec import pretrained_dir

EXAMPLES = Path(__file__).parents[1] / "examples"
SKETCH = EXAMPLES / "arduino" / "read_digit" / "read_digit.ino"
# A board that prints to the screen and is switched off after one round.
BOARD = """
#include <cstdint>
#include <cstdio>
struct { void begin(long) {} template <class T> void print(T x) { printf(sizeof x > 1 ? "%d" : "%c", x); }
         template <class T> void println(T x) { print(x); puts(""); } } Serial;
void delay(int) {}
"""  # noqa: E501


def seven() -> bytes:
    """The picture of the sketch, dark on light, as a PGM file."""
    source = SKETCH.read_text("utf-8").partition("DRAWN[] =")[2].partition(";")[0]
    drawn = "".join(source.split('"')[1::2])
    return b"P5\n14 14\n255\n" + bytes(30 if letter == "#" else 220 for letter in drawn)


def run(*command: object) -> str:
    return subprocess.run(map(str, command), check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("cc")), reason="there is no CMake")
def test_the_cmake_project_builds_tests_itself_and_reads(tmp_path: Path) -> None:
    build, picture = tmp_path / "build", tmp_path / "seven.pgm"
    run("cmake", "-S", EXAMPLES / "cmake", "-B", build)
    run("cmake", "--build", build)
    run("ctest", "--test-dir", build)
    picture.write_bytes(seven())
    assert run(build / "read_digit", picture).startswith("7 ")
    for bad in (b"P5\n14 14\n255\n" + bytes(9), b"P5\n14 14\n255\n" + bytes(14 * 14), b"GIF89a"):
        picture.write_bytes(bad)
        done = subprocess.run([build / "read_digit", picture], capture_output=True, text=True)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not (shutil.which("c++") and shutil.which("cc")), reason="there is no compiler")
def test_the_sketch_builds_and_reads(tmp_path: Path) -> None:
    main = tmp_path / "main.cpp"
    main.write_text(f'{BOARD}#include "{SKETCH}"\nint main() {{ setup(); loop(); }}\n', "utf-8")
    model, program = tmp_path / "tiny.o", tmp_path / "read"
    run("cc", "-std=c99", "-O1", "-c", pretrained_dir() / "tiny.c", "-o", model)
    run("c++", "-Wall", "-Wextra", "-Werror", main, model, "-o", program)
    assert run(program).startswith("7 ")
