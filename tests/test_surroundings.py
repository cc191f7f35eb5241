"""Where commands run: pipes that close, locales, names, clocks, no home, two at once."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import digits
from digits import checkpoint, data
from digits.training import run as runs

ROOT = Path(__file__).parents[1]
NUMBER = ROOT / "test_images" / "number.png"
TRAIN = ["train", "--dataset", "uci", "--arch", "micro", "--epochs", "1", "--cpu"]
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
# Even the list of users does not know who we are, as in a container that runs as any number.
NOBODY = (
    "import pwd, sys\n"
    "def unknown(uid): raise KeyError(uid)\n"
    "pwd.getpwuid = unknown\n"
    "from digits.__main__ import main\n"
    "sys.exit(main(sys.argv[1:]))"
)


def command(
    folder: Path, *argv: str, code: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    begin = ["-c", code] if code else ["-m", "digits"]
    return subprocess.run(
        [sys.executable, *begin, *argv], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **(env or {})},
    )  # fmt: skip


@pytest.fixture
def named(tmp_path: Path) -> Path:
    for name in ("ä.png", "a\nb.png"):
        shutil.copy(NUMBER, tmp_path / name)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_pipe_that_closes_ends_it_without_a_word(flags: list[str], tmp_path: Path) -> None:
    many = " ".join([str(NUMBER)] * 9)
    line = f"{sys.executable} -m digits predict --image {many} {' '.join(flags)}"
    ended = subprocess.run(
        ["sh", "-c", f"{line} | head -1"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert ended.stdout.count("\n") == 1 and re.fullmatch(r"(model: reader .+\n)?", ended.stderr)


@pytest.mark.slow
def test_a_locale_without_utf_8(named: Path) -> None:
    plain = command(named, "predict", "--image", "ä.png", env=ASCII)
    assert plain.returncode == 0 and plain.stdout.endswith(": 40917\n"), plain.stderr
    lines = command(named, "predict", "--image", "ä.png", "--json", env=ASCII)
    assert lines.returncode == 0 and lines.stdout.isascii() and '"40917"' in lines.stdout
    table = command(named, "predict", "--image", ".", "--output", "ä.csv", env=ASCII)
    assert table.returncode == 0 and table.stderr.isascii(), table.stderr


@pytest.mark.slow
def test_a_name_of_two_lines_is_shown_in_one(named: Path) -> None:
    shown = command(named, "predict", "--image", "a\nb.png")
    assert shown.stdout == "a\\nb.png: 40917\n"
    (named / "a\nb.png").write_bytes(b"no picture")
    shown = command(named, "predict", "--image", "a\nb.png")
    assert shown.returncode == 1 and shown.stderr.count("\n") == 1


@pytest.mark.slow
def test_no_home_and_no_name(tmp_path: Path) -> None:
    without = dict.fromkeys(("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"), "")
    shown = command(tmp_path, "predict", "--image", str(NUMBER), code=NOBODY, env=without)
    assert shown.returncode == 0 and "40917" in shown.stdout, shown.stderr


@pytest.mark.slow
def test_no_home_to_train_in(tmp_path: Path) -> None:
    without = dict.fromkeys(("HOME", "USER", "LOGNAME", "LNAME", "USERNAME"), "")
    shown = command(tmp_path, *TRAIN, code=NOBODY, env=without)
    assert shown.returncode == 0, shown.stderr


@pytest.mark.slow
def test_two_trainings_at_once_in_one_folder(tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda seed: command(tmp_path, *TRAIN, "--seed", seed), "12"))
    assert [one.returncode for one in both] == [0, 0], [one.stderr for one in both]
    folders = [re.search(r"^run +(.+)$", one.stdout, re.M) for one in both]
    assert all(folders) and len({str(found and found[1]) for found in folders}) == 2
    best = tmp_path / "models" / "best_model.pth"
    accuracies = [
        checkpoint.load(path)["metrics"]["validation"]["validation_accuracy"]
        for path in (best, *tmp_path.glob("runs/*/model.pth"))
    ]
    assert accuracies[0] == max(accuracies)
    tiles = data.load("uci").test.images[:32].numpy()
    as_onnx, whole = (digits.load(best.with_suffix(suffix))(tiles) for suffix in (".onnx", ".pth"))
    assert abs(as_onnx - whole).max() < 1e-3  # the two files are one model


def test_one_waits_for_the_other_to_keep_its_model(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from digits import checkpoint\n"
        "with checkpoint.locked(Path('models')): print('mine', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert other.stdout and other.stdin and other.stdout.readline()

    def ask() -> bool:
        with checkpoint.locked(tmp_path / "models"):
            return True

    with concurrent.futures.ThreadPoolExecutor() as pool:
        asked = pool.submit(ask)
        with pytest.raises(concurrent.futures.TimeoutError):
            asked.result(timeout=0.3)
        other.stdin.close()
        assert asked.result(timeout=20)
    other.stdout.close()
    other.wait()


def test_a_clock_that_goes_back_makes_no_run_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 3, 29, 3, 0, 0)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return now

    monkeypatch.setattr(runs, "datetime", Clock)
    first = runs.Run.create("micro", tmp_path)
    for back in (0, 3600, 0):
        now = datetime(2026, 3, 29, 3, 0, 0) - timedelta(seconds=back)
        later = runs.Run.create("micro", tmp_path)
        assert later.folder != first.folder and later.folder.is_dir()
    assert len(list(tmp_path.iterdir())) == 4
