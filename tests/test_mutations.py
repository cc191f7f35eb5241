"""How code is broken to see whether tests notice, and what names the tests that hold it."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
from benchmarks import hardening, mutations
from benchmarks.support.mutants import mutants_of

SOURCE = """
LIMIT = 0.5
SIZES = (1, 0)

@dataclass
class Record:
    name: str = "none"
    least_px: int = 3

def rule(x):
    if x > LIMIT and not x == 3 or x is None:
        return x + 2
    return x < 4

def more(xs):
    é = 3
    return [x for x in xs if x] if é else None
"""


def test_each_limit_is_moved_and_each_rule_disabled() -> None:
    made = mutants_of("m", SOURCE)
    assert [mutant.name.removeprefix("m | ") for mutant in made] == [
        "LIMIT | 0.5 -> 0.25", "LIMIT | 0.5 -> 1.0",
        "SIZES | 1 -> 0", "SIZES | 1 -> 2", "SIZES | 0 -> -1", "SIZES | 0 -> 1",
        "Record.least_px | 3 -> 1", "Record.least_px | 3 -> 6",
        "rule | x > LIMIT -> True", "rule | not x == 3 -> True", "rule | x is None -> False",
        "rule | x < 4 -> False",
        "more | x -> True", "more | é -> False",
    ]  # fmt: skip
    for mutant in made:
        data = SOURCE.encode()
        assert data[mutant.begin : mutant.end].decode() == mutant.old
        compile(data[: mutant.begin] + mutant.new.encode() + data[mutant.end :], "m", "exec")


def test_mutants_that_read_alike_are_told_apart() -> None:
    source = "def f(x):\n    if x:\n        pass\n    if x:\n        pass\n"
    assert [mutant.again for mutant in mutants_of("m", source)] == [1, 2]


class Item:
    def __init__(self, nodeid: str, is_slow: bool = False) -> None:
        self.nodeid, self.is_slow = nodeid, is_slow

    def get_closest_marker(self, name: str) -> bool:
        return self.is_slow and name == "slow"


def test_tests_that_took_least_begin_and_slow_ones_run_where_there_are_no_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "took.json"
    first = mutations.QuickestFirst(path)
    for name, seconds in (("long", 2.0), ("short", 0.5), ("long", 0.1)):  # set-up, call, ...
        first.pytest_runtest_logreport(Namespace(nodeid=name, duration=seconds))
    first.pytest_sessionfinish()
    items = [Item("long"), Item("slow", is_slow=True), Item("short")]
    mutations.QuickestFirst(path).pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == ["short", "long"]
    slow = [Item("slow", is_slow=True)]
    mutations.QuickestFirst(path).pytest_collection_modifyitems(slow)
    assert len(slow) == 1
    mutations.QuickestFirst(path).pytest_runtest_logreport(Namespace(nodeid="short", duration=9))
    assert json.loads(path.read_text()) == {"long": 2.1, "short": 0.5}


@pytest.mark.parametrize("module", mutations.guarded())
def test_what_guards_a_module_is_there(module: str) -> None:
    for name in mutations.target_of(module).tests.split():
        assert (Path(__file__).parent / f"{name}.py").is_file()


def test_every_module_of_a_room_is_guarded() -> None:
    expected = {"tile", "vision/warnings", "reading/rows", "bulk/saved_tiles", "bulk/table_file"}
    assert expected <= set(mutations.guarded())
    assert not any("*" in name or "__init__" in name for name in mutations.guarded())


def test_a_record_keeps_the_rows_of_other_modules_that_are_there(tmp_path: Path) -> None:
    record = tmp_path / "results" / "mutations.json"
    for module, count in (("reading/gone", 1), ("tile", 3), ("checkpoint", 4), ("tile", 5)):
        mutations.keep(record, {"module": module, "mutants": count})
    content = json.loads(record.read_text())
    rows = [{"module": "checkpoint", "mutants": 4}, {"module": "tile", "mutants": 5}]
    assert content["rows"] == rows
    assert set(content["not_run"]) == set(mutations.guarded()) - {"checkpoint", "tile"}


@pytest.mark.parametrize("row", hardening.ROWS, ids=lambda row: row.tried)
def test_the_tests_of_a_line_of_hardening_are_there(row: hardening.Row) -> None:
    for test in row.tests.split():
        file, _, name = test.partition("::")
        text = (Path(__file__).parent / f"{file}.py").read_text("utf-8")
        assert f"def {name}" in text, test


def test_a_line_of_hardening_that_nothing_holds_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = hardening.Row("a", "b", "c", "test_it::test_one test_it::test_two")
    monkeypatch.setattr(hardening, "ROWS", [row])
    monkeypatch.setattr(hardening, "PAGE", tmp_path / "page.md")
    one = [("test_it::test_one[1]", True)]
    for ran, code, held in (
        (one, 0, "1 of 1"), ([*one, ("test_it::test_two", False)], 1, "1 of 2"),
        ([], 1, "**none ran**"),
    ):  # fmt: skip
        monkeypatch.setattr(hardening, "outcomes", lambda ran=ran: ran)
        assert hardening.main() == code
        assert (tmp_path / "page.md").read_text().endswith(f"| c | {held} |\n")
