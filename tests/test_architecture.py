"""The law of the house: who may import whom, and what loads without torch."""

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from digits.__main__ import COMMANDS
from tests.conftest import FILES_OF

PACKAGE = Path(__file__).parents[1] / "src" / "digits"

# A module imports from lower floors only; the rooms of one floor do not know each other.
FLOORS = {
    "spec": 0, "errors": 0, "onnx_runtime": 0, "threads": 0, "leftovers": 0,
    "extras": 1, "device": 1, "speed": 1, "tile": 1, "row_image": 1, "page_image": 1,
    "line_image": 1, "card": 1,
    "cells": 0, "occlusion": 1,
    "archs": 2, "pictures": 2, "vision": 2,
    "data": 3,  # above pictures and vision, by which one's own data become tiles
    "checkpoint": 3, "graphs": 3, "metrics": 3, "programs": 3,
    "classifier": 4,  # loads checkpoints, so it stands above them
    "finder": 5,  # a classifier's maps and vision: what reading and training begin with
    "training": 6, "reading": 6, "evaluation": 6, "optimization": 6,
    "bulk": 7, "web": 7, "api": 7,
    "commands": 8,
    "__main__": 9, "__init__": 9,
}  # fmt: skip

TORCH_FREE = [
    "tile", "row_image", "page_image", "line_image", "finder", "pictures", "vision", "reading",
    "bulk", "classifier", "web", "spec", "errors",
]  # fmt: skip
HEAVY = {
    "torch", "torchvision", "torchao", "sklearn", "scipy", "matplotlib", "onnx", "onnxruntime",
    "fastapi", "uvicorn", "prometheus_client", "cv2", "PIL", "tqdm", "optuna", "cleanlab",
}  # fmt: skip


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    """Modules of the package that a file imports anywhere, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names |= {name if name in MODULES else node.module or "" for name in whole}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.partition(".")[0] == "digits"}


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {module_of(path): path for path in FILES}


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_import_from_lower_floors_only(path: Path) -> None:
    room = room_of(path)
    assert room in FLOORS, f"{room} has no floor: give it one in this table"
    for other in {name.split(".")[1] for name in imported_modules(path) if "." in name} - {room}:
        assert FLOORS[other] < FLOORS[room], f"{room} (floor {FLOORS[room]}) imports {other}"


def test_the_table_knows_no_room_that_is_not_there() -> None:
    assert not set(FLOORS) - {room_of(path) for path in FILES}


def test_files_that_have_a_size_are_there_and_have_one() -> None:
    named = [name for files in FILES_OF.values() for name in files]
    assert len(named) == len(set(named))
    assert all((Path(__file__).parent / f"{name}.py").is_file() for name in named)


PAGE = PACKAGE.parents[1] / "docs" / "architecture.md"


def test_the_page_on_architecture_names_every_room() -> None:
    tree = PAGE.read_text("utf-8").partition("src/digits/\n")[2].partition("models/")[0]
    assert set(FLOORS) - {*re.findall(r"\w+", tree)} == {"__init__"}


def test_the_page_on_architecture_names_no_file_that_is_not_there() -> None:
    named = set(re.findall(r"[\w/]+\.(?:py|txt|toml|csv)\b", PAGE.read_text("utf-8")))
    there = [path.as_posix() for path in PAGE.parents[1].glob("*.toml")]
    for room in ("src", "tests", "benchmarks", "tools", "test_images"):
        there += [path.as_posix() for path in (PAGE.parents[1] / room).rglob("*.*")]
    assert named and not [n for n in named if not any(path.endswith(f"/{n}") for path in there)]


def test_the_package_has_every_room() -> None:
    made = (PACKAGE.parents[1] / "pyproject.toml").read_text("utf-8")
    listed = re.findall(r'"digits\.(\w+)"', made.partition("\npackages = [")[2].partition("]")[0])
    assert {*listed} - {"pretrained"} == {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }


def test_the_page_on_architecture_is_no_wider_than_code() -> None:
    assert max(map(len, PAGE.read_text("utf-8").splitlines())) <= 100


def test_files_import_each_other_without_circles() -> None:
    imports = {name: imported_modules(path) for name, path in MODULES.items()}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


ROOT = PACKAGE.parents[1]
EVERY_FILE = sorted(
    path for room in ("src", "tests", "tools", "benchmarks") for path in (ROOT / room).rglob("*.py")
)


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda p: str(p.relative_to(ROOT)))
def test_onnx_runtime_is_loaded_with_its_reports_home_off(path: Path) -> None:
    source = path.read_text("utf-8")
    if re.search(r"^\s*(import|from) onnxruntime", source, re.M) and path.stem != "onnx_runtime":
        assert re.search(r"^from digits import .*\bonnx_runtime\b", source, re.M), path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_init_files_define_nothing(path: Path) -> None:
    if path.name == "__init__.py":
        kinds = (ast.FunctionDef, ast.ClassDef)
        made = [n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, kinds)]
        assert {n.name for n in made} <= {"__getattr__"}, "which hands a name on when it is used"


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_file_states_its_job(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), f"{path}: no docstring"


def bare_numbers(source: str) -> list[str]:
    """Lines within functions that decide by a number without a name: a fraction that is no half, or
    one that is compared with, but 0, 1 and 2, or a centile."""
    plain, least = (0, 1, 2, 0.5), 1e-8  # what is less guards divisions
    lines, found = source.splitlines(), []
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for node in (inner for function in functions for inner in ast.walk(function)):
        compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.percentile":
            compared = node.args
        found += [
            lines[number.lineno - 1].strip()
            for number in (node, *compared)
            if isinstance(number, ast.Constant)
            and isinstance(number.value, int if number in compared else float)
            and number.value not in plain
            and number.value >= least
        ]
    return found


IMAGES = [PACKAGE / f"{name}.py" for name in ("tile", "row_image", "page_image")]
ROOMS = ("pictures", "vision", "reading", "bulk")
RULES = [*IMAGES, *(path for room in ROOMS for path in (PACKAGE / room).glob("*.py"))]


@pytest.mark.parametrize("path", RULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_limits_have_names(path: Path) -> None:
    assert not bare_numbers(path.read_text("utf-8"))


def test_a_bare_number_is_found() -> None:
    rules = ["x > 3", "x * 0.25", "min(x, 0.7)", "np.percentile(x, 9)"]
    plain = ["x > 0.5", "x[3] / 2 > 1", "x + 3", "np.percentile(x, y)"]
    source = "".join(f"def f(x):\n    {rule}\n" for rule in rules + plain)
    assert bare_numbers(source) == rules


def constants(path: Path) -> dict[str, str]:
    """The numbers that a file has names for."""
    named = [
        node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.Assign)
    ]
    return {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in named
        if isinstance(node.value, ast.Constant | ast.BinOp)
    }


def test_a_name_of_a_number_has_one_meaning() -> None:
    values: dict[str, set[str]] = {}
    for path in RULES:
        for name, value in constants(path).items():
            values.setdefault(name, set()).add(value)
    assert {"HALF", "MOST_CRASHES"} <= set(values)
    assert not {name: several for name, several in values.items() if len(several) > 1}


def records(path: Path) -> list[ast.ClassDef]:
    """The classes of a file that are a stage's limits."""
    found = [
        node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ClassDef)
    ]
    return [node for node in found if node.name.endswith("Limits")]


STAGES = [path for path in RULES if records(path)]


@pytest.mark.parametrize("path", STAGES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_limits_are_a_frozen_record_that_says_what_measures_it(path: Path) -> None:
    (record,) = records(path)
    assert [ast.unparse(one) for one in record.decorator_list] == ["dataclass(frozen=True)"]
    named = re.findall(
        r"`(benchmarks/\w+\.py)(?: ([a-z_.]+)\.NAME)?", ast.get_docstring(record) or ""
    )
    assert named, "which command measures it?"
    for program, stage in named:
        assert (ROOT / program).is_file()
        assert stage in ("", module_of(path).removeprefix("digits."))


def loaded_by(code: str) -> set[str]:
    """Top-level modules that are loaded after running `code` in a fresh interpreter."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(result.stdout.split("\n")[-2].split())


@pytest.mark.slow
@pytest.mark.medium
@pytest.mark.parametrize("room", TORCH_FREE)
def test_reading_loads_without_torch(room: str) -> None:
    folder = PACKAGE / room
    files = [p.stem for p in folder.glob("*.py") if p.stem != "__init__"] if folder.is_dir() else []
    code = "\n".join([f"import digits.{room}", *(f"import digits.{room}.{name}" for name in files)])
    assert "torch" not in loaded_by(code)


@pytest.mark.slow
@pytest.mark.medium
@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(command: str) -> None:
    code = (
        "from digits.__main__ import main\n"
        f"try: main(['{command}', '--help'])\n"
        "except SystemExit: pass"
    )
    assert not loaded_by(code) & HEAVY
