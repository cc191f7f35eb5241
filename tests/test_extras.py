"""What a light installation lacks: one line with the command that installs it, at every entry."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from digits.extras import EXTRAS, needs

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# As `digits` in an environment with the base alone: other packages cannot be imported.
LIGHT = """
import sys

class Blocked:
    base = {"digits", "numpy", "onnxruntime", "cv2", "PIL", "tqdm", "google", "flatbuffers"}

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in cls.base | sys.stdlib_module_names | set(sys.builtin_module_names):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked)
from digits.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_requirements_bring_what_the_commands_need() -> None:
    """All but the large packages, which are extras of their own."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").split()
    brought = PROJECT["optional-dependencies"]
    parts = ("train", "optimize", "report", "serve")
    wanted = PROJECT["dependencies"] + [one for part in parts for one in brought[part]]
    names = {re.split(r"[<>=\[;]", one)[0].strip() for one in wanted} - {"digits"}
    assert names == {re.split(r"[<>=]", one)[0] for one in lines}


def test_the_folder_that_it_came_from_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pip would ask an index for `digits`, which may be somebody else's."""

    def absent(_: str) -> None:
        raise PackageNotFoundError

    def installed(url: str, info: str) -> Any:
        told = json.dumps({"url": url, info: {}})
        return lambda _: SimpleNamespace(read_text=lambda name: told)

    clone = tmp_path / "a clone"
    clone.mkdir()
    for found, named in [
        (absent, "."), (installed(clone.as_uri(), "dir_info"), str(clone)),
        (installed((tmp_path / "gone").as_uri(), "dir_info"), "digits"),
        (installed("https://example.org/digits.whl", "archive_info"), "digits"),
        (lambda _: SimpleNamespace(read_text=lambda name: None), "digits"),
    ]:  # fmt: skip
        monkeypatch.setattr("importlib.metadata.distribution", found)
        assert needs("fastapi") == f"needs fastapi: pip install '{named}[serve]'"
        assert needs("numpy") == f"needs numpy: pip install '{named}'"


@pytest.mark.slow
@pytest.mark.medium
@pytest.mark.parametrize("script", ["predict", "train", "serve"])
def test_a_script_without_what_all_need_is_one_line(script: str, tmp_path: Path) -> None:
    """An interpreter without any package, in a clone."""
    command = [sys.executable, "-S", "-E", ROOT / "src" / f"{script}.py", "--image", NUMBER]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert shown.returncode == 1 and shown.stderr.count("\n") == 1, shown.stderr
    assert "needs numpy: pip install '.'" in shown.stderr


NUMBER = str(ROOT / "test_images" / "number.png")
PRETRAINED = ROOT / "models" / "pretrained"
UCI = ("--dataset", "uci")
ENTRIES = [  # a command, and the extra that it names
    ("train", "train", *UCI),
    ("train", "train", "--arch", "rows"),
    ("train", "learn", "--from", str(ROOT / "test_images")),
    ("tune", "tune", "--arch", "micro", *UCI),
    ("optimize", "optimize", "--model", "tiny", "--output", "a.onnx"),
    ("optimize", "optimize", "--model", "tiny", "--output", "a.c", "--quantize"),
    ("serve", "serve"),
    ("train", "predict", "--image", NUMBER, "--model", str(PRETRAINED / "tiny.pth")),
    ("parquet", "predict", "--image", NUMBER, "--output", "a.parquet"),
    ("parquet", "predict", "--image", "a.parquet", "--output", "a.csv"),
    ("xlsx", "predict", "--image", NUMBER, "--output", "a.xlsx", "--table"),
    ("many", "predict", "--image", NUMBER, "--output", "answers", "--engine", "ray"),
    ("many", "predict", "--image", "s3://bucket/a.png", "--output", "a.csv"),
    ("report", "evaluate", "--robustness", *UCI),
    ("report", "evaluate", "--ood", *UCI),
    ("train", "evaluate", "--model", str(PRETRAINED / "tiny.pth"), *UCI),
    ("data", "evaluate", "--dataset", "fashion"),
    ("data", "evaluate", "--dataset", "usps"),
]


def light(*argv: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIGHT, *argv]
    source = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=source)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "argv"), [(e, a) for e, *a in ENTRIES], ids=lambda v: str(v)[:60]
)
def test_what_is_missing_is_one_line(extra: str, argv: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.parquet").touch() if "a.csv" in argv else None
    shown = light(*argv, folder=tmp_path)
    *before, line = shown.stderr.splitlines()
    assert shown.returncode == 1 and "Traceback" not in shown.stderr, shown.stderr
    assert line.startswith(f"{argv[0]}: ") and f"[{extra}]'" in line
    before = [said for said in before if not said.startswith("model: ")]
    assert not before and not list(tmp_path.glob("a.[!p]*")), shown.stderr


@pytest.mark.medium
@pytest.mark.parametrize("call", ["train(dataset='uci')", "load(tiny)", "Reader(tiny)"])
def test_what_is_missing_is_our_exception_in_python(call: str, tmp_path: Path) -> None:
    code = LIGHT.partition("from digits")[0] + (
        f"import digits\ntiny = {str(PRETRAINED / 'tiny.pth')!r}\n"
        f"try:\n    digits.{call}\nexcept digits.DigitsError as error:\n    print(error)"
    )
    source = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=source)
    assert re.fullmatch(
        r"(train|.*tiny\.pth): needs torch: pip install '.*\[train\]'\n", shown.stdout
    )


@pytest.mark.slow
@pytest.mark.parametrize("argv", [
    ("predict", "--image", NUMBER, "--explain", "why.png", "--save_tiles", "tiles"),
    ("predict", "--image", NUMBER, "--output", "a.csv"),
    ("predict", "--image", NUMBER, "--output", "a_table.csv", "--table"),
    ("evaluate", "--model", "tiny", "--model", "micro", *UCI),
    ("evaluate", "--model", "tiny", "--folder", "own", *UCI),
    ("completion", "bash"),
], ids=lambda argv: " ".join(argv)[:60])  # fmt: skip
def test_what_the_base_does(argv: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "own" / "4").mkdir(parents=True)
    shutil.copy(NUMBER, tmp_path / "own" / "4")
    shown = light(*argv, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr


def brought(extra: str) -> set[str]:
    """The distributions of an extra, and of the extras that it names."""
    found: set[str] = set()
    for need in PROJECT["optional-dependencies"][extra]:
        own = re.fullmatch(r"digits\[(.+)\]", need)
        names = own[1].split(",") if own else []
        found |= set().union(*map(brought, names)) if own else {re.split(r"[\[<>=]", need)[0]}
    return found


INDIRECT = {"sqlalchemy": "optuna", "starlette": "fastapi", "pydantic": "fastapi"}  # brought by


@pytest.mark.parametrize("module", EXTRAS)
def test_the_extra_that_is_named_brings_it(module: str) -> None:
    package = INDIRECT.get(module, module).replace("_", "-").replace("sklearn", "scikit-learn")
    assert package in brought(EXTRAS[module])


def test_all_is_all_that_works_together() -> None:
    """ExecuTorch and LiteRT want older libraries than the rest."""
    apart = {"pte", "tflite", "docs", "test", "dev", "all"}
    for extra in set(PROJECT["optional-dependencies"]) - apart:
        assert brought(extra) <= brought("all"), extra
