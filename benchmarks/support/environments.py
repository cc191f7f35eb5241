"""Fresh environments: what pip puts into one, and how much that is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHONS = range(10, 15)  # 3.10 to 3.14


def pythons() -> dict[str, Path]:
    """The supported interpreters that run here, by version: on the path, or pyenv's."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[str, Path] = {}
    for minor in PYTHONS:
        name = f"python3.{minor}"
        places = [shutil.which(name), *sorted(versions.glob(f"3.{minor}.*/bin/{name}"))]
        running = [Path(place) for place in places if place and _runs(place)]
        found |= {f"3.{minor}": running[0]} if running else {}
    return found


def _runs(python: str | Path) -> bool:
    return not subprocess.run([python, "-c", "import venv"], capture_output=True).returncode


def build_wheel(folder: Path) -> Path:
    """Of this project, in a folder that is there; built in a copy, since builds leave things."""
    clone = folder / "clone"
    for part in ("src", "models/pretrained"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / part, clone / part, ignore=ignored)
    for part in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / part, clone)
    run = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*run, str(folder), str(clone)], check=True)
    (wheel,) = folder.glob("digits-*.whl")
    return wheel


def create(folder: Path, python: Path, *packages: str) -> Path:
    """An environment with these packages (pip's arguments) and nothing else, not even pip."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    pip += ["--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", *packages], check=True)
    return folder


def outside() -> dict[str, str]:
    """Environment variables under which Python finds what is installed, and no clone beside it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def cpu_seconds() -> float:
    """Of all processes that were started here and have ended."""
    import resource  # Windows has none

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def size_bytes(environment: Path) -> tuple[int, int]:
    """Of the files in it: those that packages bring, and with the bytecode made of them."""
    files = [Path(at, name) for at, _, names in os.walk(environment) for name in names]
    sizes = {path: path.stat().st_size for path in files if not path.is_symlink()}
    brought = sum(size for path, size in sizes.items() if path.suffix != ".pyc")
    return brought, sum(sizes.values())
