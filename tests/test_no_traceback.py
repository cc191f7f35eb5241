"""Whatever is typed and whatever is in a file: an exit code and one line, never a traceback."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from digits import classifier, data
from digits.__main__ import COMMANDS, main
from digits.bulk.answer_file import HEADER, AnswerFile
from digits.commands._flags import parser_of
from digits.errors import DigitsError
from digits.pictures import packed
from digits.training.config import TrainConfig
from digits.web import server

NUMBER = Path(__file__).parents[1] / "test_images" / "number.png"
MICRO = classifier.shipped()["micro"]
quick = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands end where they would load a data set: with it they take minutes."""

    def load(*_: object, **__: object) -> None:
        raise DigitsError("no data")

    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr(server, "serve", lambda *_: None)  # it would not end


@contextlib.contextmanager
def somewhere() -> Iterator[Path]:
    """An empty working directory."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


def ends_well(argv: list[str]) -> None:
    """Run a command in this process; any exception of its own fails the test."""
    error, out = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(out):
        try:
            code: object = main(argv)
        except SystemExit as stop:  # how argparse ends
            code = stop.code
    said = [line for line in error.getvalue().splitlines() if line.startswith(f"{argv[0]}: ")]
    said += [line for line in out.getvalue().splitlines() if '"status": "error"' in line]  # --json
    assert code in (0, 1, 2)
    pictures = len(argv) if argv[0] == "predict" else 1  # predict says a line of each
    assert code != 1 or 1 <= len(said) <= pictures, error.getvalue()
    assert all(len(line) < 1000 + 2 * sum(map(len, argv)) for line in said)


def roams(word: str) -> bool:
    """Whether a word leads out of the working directory to any number of pictures."""
    if not word.startswith("/") and ".." not in word:
        return False
    return "*" in word or ".." in word or not word.strip("/")


WORDS = st.one_of(
    st.sampled_from(
        ["", "-", "0", "-1", "1", "1e400", "nan", "inf", "9" * 5000, "None", ".", "/", "//", "@",
         "/(/", "/[/", "/\\d{²}/", "/\\d{9999999999}/", "/" + "(" * 5000 + "/", "auto", "zip", "*",
         "a" * 300, "\udcff", "a\nb", "[", "**", "cpu", "warp", "cuda:99", "mps", "cpu:7",
         str(NUMBER), str(MICRO), "x.csv", "x.onnx", "x.pt2", "x.png", "micro", "fast", "uci"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
)  # fmt: skip
COMMON = {"--help", "--version"}
FLAGS = {
    command: sorted(
        flag
        for action in parser_of(command)._actions
        for flag in action.option_strings
        if flag.startswith("--") and flag not in COMMON
    )
    for command in COMMANDS
    if command != "completion"
} | {"completion": ["bash", "--shell"]}


@pytest.mark.slow
@pytest.mark.parametrize("command", FLAGS)
@quick
@given(st.data())
def test_flags(command: str, data: st.DataObject) -> None:
    argv = [command]
    if command == "predict" and data.draw(st.booleans()):
        argv += ["--image", str(NUMBER), "--model", str(MICRO)]
    for flag in data.draw(st.lists(st.sampled_from(FLAGS[command]), max_size=4)):
        argv += [flag, *data.draw(st.lists(WORDS, max_size=2))]
    with somewhere():
        if any(map(roams, argv)):  # hours, where it finds all pictures of this machine
            return
        ends_well(argv)


def damaged(good: bytes) -> st.SearchStrategy[bytes]:
    """Anything, or a good file of which a part is cut off or overwritten."""
    place = st.integers(0, len(good))
    return st.one_of(
        st.binary(max_size=200),
        place.map(lambda end: good[:end]),
        st.builds(
            lambda at, part: good[:at] + part + good[at + len(part) :], place, st.binary(max_size=9)
        ),
    )


def lines(name: str) -> bytes:
    answer = {"image": "a.png", "page": 1, "pages": 1, "status": "read", "text": "7"}
    whole = {**answer, "probability": 1.0, "model": "", "warnings": [], "seconds": 0.1}
    return json.dumps(whole).encode() + b"\n" if name.endswith("jsonl") else HEADER


@cache
def program() -> bytes:
    """A real exported program: `zip` archives with JSON and tensors in them."""
    from digits import checkpoint
    from digits.optimization import artefact

    return artefact.build(checkpoint.load(MICRO.with_suffix(".pth")), ".pt2")


@cache
def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(NUMBER, "a.png")
    return buffer.getvalue()[:4096]  # its picture is cut off


@cache
def pictures_in_a_table() -> bytes:
    buffer = io.BytesIO()
    rows = {"path": ["a.png", "b.png"], "image": [NUMBER.read_bytes()[:300], b""]}
    parquet.write_table(pyarrow.table(rows), buffer)
    return buffer.getvalue()


@cache
def answers_in_a_table() -> bytes:
    with somewhere():
        with AnswerFile(Path("a.parquet"), resume=False) as file:
            file.write([json.loads(lines("a.jsonl")) | {"rows": []}])
        return Path("a.parquet").read_bytes()


def tiles_in_an_array() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, images=np.zeros((20, 28, 28), np.uint8), labels=np.arange(20) % 10)
    return buffer.getvalue()


CONFIG = json.dumps(TrainConfig(dataset="uci", arch="micro").as_dict()).encode()
READ = ["predict", "--image", str(NUMBER), "--model", str(MICRO)]
FILES: dict[str, tuple[str, bytes | Callable[[], bytes], list[str]]] = {
    "picture": ("a.png", NUMBER.read_bytes()[:20_000], ["predict", "--image", "a.png", *READ[3:]]),
    "onnx": ("a.onnx", MICRO.read_bytes(), [*READ[:3], "--model", "a.onnx"]),
    "checkpoint": ("a.pth", MICRO.with_suffix(".pth").read_bytes(),
                   ["evaluate", "--cpu", "--model", "a.pth"]),
    "program": ("a.pt2", program, ["evaluate", "--cpu", "--model", "a.pt2"]),
    "archive": ("a.tar", archive, ["predict", "--image", "a.tar", *READ[3:]]),
    "table": ("a.parquet", pictures_in_a_table, ["predict", "--image", "a.parquet", *READ[3:]]),
    "list of pictures": ("a.txt", b"none.png\nb.tar\n", ["predict", "--image", "a.txt"]),
    "table of names": ("a.csv", b"path,label\nnone.png,3\n", ["predict", "--image", "a.csv"]),
    "own data": ("a.csv", b"path,label\nnone.png,3\n", ["evaluate", "--folder", "a.csv"]),
    "answers": ("a.parquet", answers_in_a_table, ["predict", "--image", "none*", "--output",
                "a.parquet", "--resume"]),
    "settings": ("config.json", CONFIG, ["train", "--cpu", "--resume", "."]),
    "list": ("list", b"40917\n12345\n", [*READ, "--expect", "@list"]),
    "csv": ("a.csv", lines("a.csv"), ["predict", "--image", "none*", "--output", "a.csv",
            "--resume"]),
    "jsonl": ("a.jsonl", lines("a.jsonl"), ["predict", "--image", "none*", "--output", "a.jsonl",
              "--resume"]),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
@quick
@given(st.data())
def test_content_of_files(kind: str, data: st.DataObject) -> None:
    name, good, argv = FILES[kind]
    with somewhere() as folder:
        whole = good if isinstance(good, bytes) else good()
        (folder / name).write_bytes(data.draw(damaged(whole)))
        ends_well(argv)


LOADED: dict[str, tuple[str, bytes]] = {
    "array": ("a.npz", tiles_in_an_array()),
    "table": ("a.csv", b"path,label\nnone.png,3\n"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LOADED)
@quick
@given(st.data())
def test_content_of_own_data(kind: str, data: st.DataObject) -> None:
    from digits.data import own
    from digits.data.look import Look

    name, good = LOADED[kind]
    with somewhere() as folder, contextlib.suppress(DigitsError):
        (folder / name).write_bytes(data.draw(damaged(good)))
        own.load(str(folder / name), 5, Look(), folder)


def test_a_damaged_table_anywhere(run_folder: Path) -> None:
    good = pictures_in_a_table()
    for at in range(len(good)):
        name = f"{at}.parquet"
        Path(name).write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        with contextlib.suppress(DigitsError):
            for file in packed.files(name):
                packed.read(file)
        Path(name).unlink()


@pytest.mark.slow
def test_damaged_answers_anywhere(run_folder: Path) -> None:
    good = answers_in_a_table()
    for at in range(len(good)):
        name = Path(f"{at}.parquet")
        name.write_bytes(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
        with contextlib.suppress(DigitsError), AnswerFile(name, resume=True):
            pass
        name.unlink()


def test_a_full_disk_at_the_table_of_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    from digits.training.run import Run

    with somewhere() as folder, pytest.raises(DigitsError, match=r"history\.csv: not saved"):
        monkeypatch.setattr(os, "fsync", full)
        Run(folder).write_history([{"epoch": 1.0}])


def full(_: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.slow
@pytest.mark.parametrize("redirect", [">/dev/full", "--json >/dev/full", "--image - <&-"])
def test_streams_that_are_full_or_closed_are_one_line(redirect: str) -> None:
    command = f"{sys.executable} -m digits {' '.join(READ)} {redirect}"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("model:")]
    assert ended.returncode == 1 and len(lines) == 1 and lines[0].startswith("predict: ")


@pytest.mark.parametrize("end", [lambda p: p.terminate(), lambda p: p.send_signal(2)])
def test_a_signal_to_predict_is_143_or_130(end: Callable[[subprocess.Popen], None]) -> None:
    command = [sys.executable, "-c", "import sys, signal; from digits.__main__ import main\n"
               "signal.signal(2, signal.default_int_handler)\n"  # ignored by what runs behind
               "import digits.classifier as c; real = c.find\n"
               "def find(n):\n print('ready', flush=True); sys.stdin.read(1); return real(n)\n"
               f"c.find = find; sys.exit(main({READ!r}))"]  # fmt: skip
    run = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout and run.stdout.readline()
    end(run)
    error = run.communicate()[1]
    assert run.returncode in (130, 143) and b"Traceback" not in error
