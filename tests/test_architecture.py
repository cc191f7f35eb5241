"""The law of the house: who may import whom, and what loads without torch."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from digits.__main__ import COMMANDS

PACKAGE = Path(__file__).parents[1] / "src" / "digits"

# A module imports from lower floors only; the rooms of one floor do not know each other.
FLOORS = {
    "spec": 0, "errors": 0, "onnx_runtime": 0,
    "device": 1, "tile": 1, "row_image": 1, "card": 1,
    "archs": 2, "data": 2, "vision": 2,
    "checkpoint": 3, "metrics": 3, "programs": 3,
    "classifier": 4,  # loads checkpoints, so it stands above them
    "training": 5, "reading": 5, "evaluation": 5, "optimization": 5,
    "web": 6,
    "commands": 7,
    "__main__": 8, "__init__": 8,
}  # fmt: skip

TORCH_FREE = ["tile", "row_image", "vision", "reading", "classifier", "web", "spec", "errors"]
HEAVY = {
    "torch", "torchvision", "torchao", "sklearn", "scipy", "matplotlib", "onnx", "onnxruntime",
    "fastapi", "uvicorn", "prometheus_client", "cv2", "PIL", "tqdm",
}  # fmt: skip


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a file imports anywhere, inside functions too."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            modules = [node.module or ""]
            if node.module == "digits":
                modules = [f"digits.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in modules if name.startswith("digits.")}
    return rooms


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_import_from_lower_floors_only(path: Path) -> None:
    room = room_of(path)
    assert room in FLOORS, f"{room} has no floor: give it one in this table"
    for other in imported_rooms(path) - {room}:
        assert FLOORS[other] < FLOORS[room], f"{room} (floor {FLOORS[room]}) imports {other}"


ROOT = PACKAGE.parents[1]
EVERY_FILE = [
    path for room in ("src", "tests", "tools", "benchmarks") for path in (ROOT / room).rglob("*.py")
]


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda p: str(p.relative_to(ROOT)))
def test_onnx_runtime_is_loaded_with_its_reports_home_off(path: Path) -> None:
    source = path.read_text("utf-8")
    if re.search(r"^\s*(import|from) onnxruntime", source, re.M) and path.stem != "onnx_runtime":
        assert re.search(r"^from digits import .*\bonnx_runtime\b", source, re.M), path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_init_files_define_nothing(path: Path) -> None:
    if path.name == "__init__.py":
        kinds = (ast.FunctionDef, ast.ClassDef)
        assert not [n for n in ast.parse(path.read_text("utf-8")).body if isinstance(n, kinds)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_file_states_its_job(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), f"{path}: no docstring"


def loaded_by(code: str) -> set[str]:
    """Top-level modules that are loaded after running `code` in a fresh interpreter."""
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(result.stdout.split("\n")[-2].split())


@pytest.mark.parametrize("room", TORCH_FREE)
def test_reading_loads_without_torch(room: str) -> None:
    folder = PACKAGE / room
    files = [p.stem for p in folder.glob("*.py") if p.stem != "__init__"] if folder.is_dir() else []
    code = "\n".join([f"import digits.{room}", *(f"import digits.{room}.{name}" for name in files)])
    assert "torch" not in loaded_by(code)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(command: str) -> None:
    code = (
        "from digits.__main__ import main\n"
        f"try: main(['{command}', '--help'])\n"
        "except SystemExit: pass"
    )
    assert not loaded_by(code) & HEAVY
