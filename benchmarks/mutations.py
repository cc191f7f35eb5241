"""Break the code on purpose, one limit or rule at a time: do the tests notice?

    python benchmarks/mutations.py              # all that TARGETS guards
    python benchmarks/mutations.py vision/ink --output benchmarks/results/mutations.json

Each number of a module's constants and of its dataclasses' defaults is doubled and halved, each
condition of an `if`, a filter or a predicate is disabled, in a copy of src/; then the tests of
TARGETS run. Prints what they did not notice. Exit code 1 if more of that than a module is allowed
does not stand in mutations_accepted.txt. The record keeps the rows of modules that are not run.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest
from support.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[1]
ACCEPTED = Path(__file__).with_name("mutations_accepted.txt")
FORK = multiprocessing.get_context("fork")  # children inherit the heavy imports
SLACK_S = 20.0  # a mutant may take so long, and three times what the tests take otherwise


@dataclass(frozen=True)
class Target:
    """The test files that should notice, and the share of mutants that may survive them."""

    tests: str
    allowed: float


# Module, or pattern of modules -> what guards it; the first that fits counts.
TARGETS = {
    "tile": Target("test_tile", 0.05),
    "training/calibrate": Target("test_calibrate", 0.05),
    "training/step": Target("test_step", 0.05),
    "checkpoint": Target("test_checkpoint", 0.05),
    "row_image": Target("test_row_image", 0.1),
    "page_image": Target("test_page_image", 0.1),
    "line_image": Target("test_line_image", 0.1),
    "pictures/load": Target("test_pictures_load", 0.1),
    "vision/ink": Target("test_vision_ink test_vision_record", 0.1),
    "vision/components": Target("test_vision_components test_vision_record test_vision_ink", 0.1),
    "vision/parts": Target("test_vision_components test_vision_ink", 0.1),
    "vision/lines": Target("test_vision_lines test_finder", 0.1),
    "vision/walls": Target("test_vision_walls", 0.1),
    "pictures/packed": Target("test_packed", 0.1),
    "pictures/files": Target("test_files test_packed", 0.1),
    "vision/rows": Target("test_vision_rows test_reading_rows test_reading_finder", 0.1),
    "vision/warnings": Target("test_vision_warnings", 0.1),
    "reading/formats": Target("test_reading_formats", 0.1),
    "reading/patterns": Target("test_reading_formats", 0.1),
    "reading/judge": Target("test_reading_judge", 0.1),
    "reading/rows": Target("test_reading_row_limits test_reading_rows", 0.1),
    "reading/opinions": Target("test_reading_opinions test_reading_row_limits", 0.1),
    "reading/doubt": Target("test_reading_rows", 0.1),
    "reading/answer": Target("test_reading_answer test_answer_file test_reading_pictures", 0.1),
    "bulk/answer_file": Target("test_answer_file test_answer_file_refused", 0.1),
    "reading/scores": Target("test_reading_scores", 0.1),
    "reading/ctc": Target("test_reading_ctc", 0.1),
    "bulk/workers": Target("test_bulk", 0.1),
    "reading/budget": Target("test_reading_budget", 0.1),
    "reading/beside": Target("test_reading_beside", 0.1),
    "reading/turned": Target("test_reading_turned", 0.1),
    "reading/pages": Target("test_reading_pages", 0.1),
    "reading/reader": Target("test_reading_reader test_reading_classes", 0.1),
    "reading/row_models": Target("test_reading_row_models", 0.1),
    "reading/table": Target("test_reading_table", 0.1),
    "finder": Target("test_reading_finder", 0.1),
    "reading/attempt": Target("test_reading_attempt test_reading_ways test_reading_finder", 0.1),
    "reading/page_of_lines": Target("test_reading_page_of_lines test_reading_finder", 0.1),
    "reading/recognizer": Target("test_reading_recognizer test_reading_finder", 0.1),
    "reading/explain": Target("test_reading_explain", 0.1),
    "bulk/ray_engine": Target("test_ray_engine", 0.1),
    "bulk/saved_tiles": Target("test_predict", 0.1),
    "bulk/table_file": Target("test_reading_table", 0.1),
    "reading/*": Target("test_reading_pictures test_predict", 0.1),
}
# Of these every module is broken, unless some are named.
WHOLE = ("pictures", "vision", "reading", "bulk")


class QuickestFirst:
    """A plugin of pytest: the tests that took least begin, slow ones run only where there are no
    others. A file keeps what each took."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._took: dict[str, float] = json.loads(path.read_text()) if path.is_file() else {}

    @pytest.hookimpl(trylast=True)  # once conftest.py has marked them
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if not item.get_closest_marker("slow")] or items
        items[:] = sorted(chosen, key=lambda item: self._took.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._took[report.nodeid] = self._took.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        if not self._path.is_file():  # of the code as it is
            self._path.write_text(json.dumps(self._took))


def run_tests(house: Path, tests: list[str], is_whole: bool) -> None:
    """In a child process: exit with pytest's code, saying nothing. Of code that `is_whole` the
    bytecode is kept; that of two mutants within a second would be taken for one."""
    quickest = QuickestFirst(house / f"{'-'.join(Path(test).stem for test in tests)}.json")
    sys.dont_write_bytecode = not is_whole
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    os.chdir(house)
    os.environ |= {"PYTHONPATH": str(house / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path.insert(0, str(house / "src"))
    os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], [quickest])))


def passes(house: Path, target: Target, limit_s: float | None = None) -> bool:
    """Whether the tests of a target pass, in time; without a limit the code is as it was."""
    tests = [f"tests/{name}.py" for name in target.tests.split()]
    child = FORK.Process(target=run_tests, args=(house, tests, limit_s is None))
    child.start()
    child.join(limit_s)
    if child.exitcode is None:
        child.kill()
        child.join()
    return child.exitcode == 0


def survivors_of(module: str, target: Target, house: Path) -> tuple[int, list[Mutant]]:
    """How many mutants a module has, and those that the tests let pass."""
    path = house / "src" / "digits" / f"{module}.py"
    source = path.read_bytes()
    start = time.perf_counter()
    if not passes(house, target):
        sys.exit(f"mutations: {target.tests} fail on {module} as it is; mend them first")
    limit_s = SLACK_S + 3 * (time.perf_counter() - start)
    mutants, survivors = mutants_of(module, source.decode()), []
    for mutant in mutants:
        new = mutant.new.encode()
        path.write_bytes(source[: mutant.begin] + new + source[mutant.end :])
        if passes(house, target, limit_s):
            survivors.append(mutant)
            print(f"survives: {mutant.name}", file=sys.stderr, flush=True)
    path.write_bytes(source)
    return len(mutants), survivors


def copied(folder: Path) -> Path:
    """A copy of what tests read, in `folder`; what is large is linked."""
    for name in ("src", "tests", "benchmarks", "pyproject.toml", "README.md"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)
    for name in ("models", "test_images", "docs", "tools"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def target_of(module: str) -> Target:
    for pattern, target in TARGETS.items():
        if fnmatch(module, pattern):
            return target
    sys.exit(f"mutations: {module}: which tests guard it? name them in TARGETS")


def guarded() -> list[str]:
    """All modules that TARGETS guards."""
    source = ROOT / "src" / "digits"
    files = sorted(path for room in WHOLE for path in (source / room).glob("[!_]*.py"))
    named = [name for name in TARGETS if not name.startswith(WHOLE)]
    return named + [path.relative_to(source).with_suffix("").as_posix() for path in files]


def keep(record: Path, row: dict[str, object]) -> None:
    """Put a module's row into the record, in the place of the one before; those of modules that
    are gone go too."""
    rows = json.loads(record.read_text("utf-8"))["rows"] if record.is_file() else []
    others = set(guarded()) - {str(row["module"])}
    rows = sorted([row] + [r for r in rows if r["module"] in others], key=_module)
    record.parent.mkdir(parents=True, exist_ok=True)
    not_run = sorted(set(guarded()) - {str(r["module"]) for r in rows})
    content = {"command": "python benchmarks/mutations.py", "rows": rows, "not_run": not_run}
    record.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _module(row: dict[str, object]) -> str:
    return str(row["module"])


def accepted() -> dict[str, str]:
    """Name of a mutant that may survive -> the reason."""
    lines = [line for line in ACCEPTED.read_text("utf-8").splitlines() if line.strip()]
    pairs = (line.rpartition(" | ") for line in lines if not line.startswith("#"))
    return {name: reason for name, _, reason in pairs}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "modules", nargs="*", default=guarded(), help="as in src/digits/, without .py"
    )
    parser.add_argument("--output", type=Path, help="a record of counts and survivors, as JSON")
    args = parser.parse_args()
    os.environ.setdefault("DIGITS_DATA_DIR", str(ROOT / "data"))
    # plugins of other programs would take seconds a mutant
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    import cv2  # noqa: F401
    import torch  # noqa: F401

    reasons, rows, bad = accepted(), [], False
    print("| module | mutants | noticed | accepted | survive |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        house = copied(Path(scratch))
        for module in args.modules:
            target = target_of(module)
            count, survivors = survivors_of(module, target, house)
            names = {mutant.name for mutant in survivors}
            left, known = sorted(names - set(reasons)), names & set(reasons)
            rows.append({"module": module, "mutants": count, "accepted": len(known),
                         "survivors": left, "allowed": target.allowed})  # fmt: skip
            if args.output:
                keep(args.output, rows[-1])
            bad |= len(left) > target.allowed * count
            print(
                f"| {module} | {count} | {count - len(names)} | {len(known)} | {len(left)} |",
                flush=True,
            )
            for name in sorted(
                n for n in reasons if n.startswith(f"{module} |") and n not in known
            ):
                print(
                    f"warning: {name}: is noticed or gone; drop it from the list", file=sys.stderr
                )
    for row in rows:
        print(*(f"survives: {name}" for name in row["survivors"]), sep="\n", end="\n")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
