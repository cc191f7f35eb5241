"""Break the code on purpose, one limit or rule at a time: do the tests notice?

    python benchmarks/mutations.py              # all that TARGETS guards
    python benchmarks/mutations.py vision/ink --output benchmarks/results/mutations.json

Each number of a module's constants and of its dataclasses' defaults is doubled and halved, each
condition of an `if`, a filter or a predicate is disabled, in a copy of src/; then the tests of
TARGETS run. Prints what they did not notice. Exit code 1 if more of that than a module is allowed
does not stand in mutations_accepted.txt. The record keeps the rows of modules that are not run.
"""

import argparse
import ast
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

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
    "vision/load": Target("test_vision_load", 0.1),
    "vision/ink": Target("test_vision_ink test_vision_record", 0.1),
    "vision/components": Target("test_vision_components test_vision_record test_vision_ink", 0.1),
    "vision/lines": Target("test_vision_lines test_finder", 0.1),
    "vision/walls": Target("test_vision_walls", 0.1),
    "vision/packed": Target("test_packed", 0.1),
    "vision/files": Target("test_packed test_predict", 0.1),
    "vision/rows": Target("test_vision_rows test_reading_rows test_reading_finder", 0.1),
    "vision/warnings": Target("test_vision_warnings", 0.1),
    "reading/formats": Target("test_reading_formats", 0.1),
    "reading/patterns": Target("test_reading_formats", 0.1),
    "reading/judge": Target("test_reading_judge", 0.1),
    "reading/rows": Target("test_reading_row_limits test_reading_rows", 0.1),
    "reading/doubt": Target("test_reading_rows", 0.1),
    "reading/answer": Target("test_answer_file test_reading_pictures test_reading_rows", 0.1),
    "reading/answer_file": Target("test_answer_file", 0.1),
    "reading/ctc": Target("test_reading_ctc", 0.1),
    "reading/bulk": Target("test_reading_bulk", 0.1),
    "reading/budget": Target("test_reading_budget", 0.1),
    "reading/beside": Target("test_reading_beside", 0.1),
    "reading/turned": Target("test_reading_turned", 0.1),
    "reading/table*": Target("test_reading_table", 0.1),
    "reading/finder": Target("test_reading_finder", 0.1),
    "reading/attempt": Target("test_reading_finder test_reading_pictures", 0.1),
    "reading/recognizer": Target("test_reading_finder test_reading_pictures", 0.1),
    "reading/explain": Target("test_reading_drawings", 0.1),
    "reading/ray_engine": Target("test_ray_engine", 0.1),
    "reading/*": Target("test_reading_pictures test_predict", 0.1),
}
WHOLE = ("vision", "reading")  # rooms of which every module is broken, unless some are named


@dataclass(frozen=True)
class Mutant:
    """A change of one place: `new` for the bytes from `begin` to `end` of a module's source."""

    module: str
    where: str  # the function or constant around it
    old: str
    new: str
    begin: int
    end: int
    again: int = 1  # which of several that read alike

    @property
    def name(self) -> str:
        """What tells it from others, whatever lines are added around it."""
        count = f" #{self.again}" if self.again > 1 else ""
        return f"{self.module} | {self.where} | {self.old} -> {self.new}{count}"


def mutants_of(module: str, source: str) -> list[Mutant]:
    """All mutants of a module's source, in its order."""
    lines = [len(line) for line in source.encode().splitlines(keepends=True)]
    starts = [sum(lines[:k]) for k in range(len(lines))]
    found: list[Mutant] = []
    for where, node, new in changes(ast.parse(source)):
        assert node.end_lineno is not None and node.end_col_offset is not None
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        old = " ".join(source.encode()[begin:end].decode().split())
        found.append(Mutant(module, where, old, new, begin, end))
    names: dict[str, int] = {}
    for k, mutant in enumerate(sorted(found, key=lambda m: (m.begin, m.end, m.new))):
        names[mutant.name] = names.get(mutant.name, 0) + 1
        found[k] = replace(mutant, again=names[mutant.name])
    return found


def changes(tree: ast.Module) -> Iterator[tuple[str, ast.expr, str]]:
    """Where, the expression, and what it becomes: of limits and of rules."""
    for statement in tree.body:
        yield from limits(statement, "")
    around: dict[ast.AST, str] = {tree: ""}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            name = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else ""
            around[child] = ".".join(filter(None, [around[node], name]))
        for condition, disabled in rules(node):
            yield around[node], condition, disabled


def limits(statement: ast.stmt, inside: str) -> Iterator[tuple[str, ast.expr, str]]:
    """Each number that a module's or class's name gets, twice and half as large."""
    if isinstance(statement, ast.ClassDef):
        for inner in statement.body:
            yield from limits(inner, f"{statement.name}.")
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        where = inside + ", ".join(map(ast.unparse, targets))
        for node in ast.walk(statement.value):
            if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
                continue
            if isinstance(node.value, int | float):
                for new in moved(node.value):
                    yield where, node, repr(new)


def moved(value: float) -> tuple[float, float]:
    """Twice and half of a number; of 0, one more and one less."""
    if not value:
        return value + 1, value - 1
    half = value // 2 if isinstance(value, int) else value / 2
    return value * 2, half


def rules(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """The conditions of a node, and the constants that disable them."""
    if isinstance(node, ast.If | ast.IfExp):
        yield from disabled(node.test, "False")
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from disabled(test, "True")
    elif isinstance(node, ast.Return | ast.Assign) and is_predicate(node.value):
        yield from disabled(node.value, "False")


def is_predicate(value: ast.expr | None) -> bool:
    if isinstance(value, ast.BoolOp):
        return any(map(is_predicate, value.values))
    is_not = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    return isinstance(value, ast.Compare) or is_not


def disabled(test: ast.expr | None, alone: str) -> Iterator[tuple[ast.expr, str]]:
    """The parts of a condition with what takes each out: of an `and` True, of an `or` False."""
    if isinstance(test, ast.BoolOp):
        for part in test.values:
            yield from disabled(part, str(isinstance(test.op, ast.And)))
    elif test is not None and ast.unparse(test) not in ("TYPE_CHECKING", "__name__ == '__main__'"):
        yield test, alone


def run_tests(house: Path, tests: list[str]) -> None:
    """In a child process: exit with pytest's code, saying nothing."""
    import pytest

    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    os.chdir(house)
    os.environ |= {"PYTHONPATH": str(house / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path.insert(0, str(house / "src"))
    os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))


def passes(house: Path, target: Target, limit_s: float | None = None) -> bool:
    """Whether the tests of a target pass, in time."""
    tests = [f"tests/{name}.py" for name in target.tests.split()]
    child = FORK.Process(target=run_tests, args=(house, tests))
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
    """Put a module's row into the record, in the place of the one before."""
    rows = json.loads(record.read_text("utf-8"))["rows"] if record.is_file() else []
    rows = sorted([row] + [r for r in rows if r["module"] != row["module"]], key=_module)
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
    sys.dont_write_bytecode = True  # two changes within a second would share a .pyc
    import cv2  # noqa: F401
    import pytest  # noqa: F401
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
