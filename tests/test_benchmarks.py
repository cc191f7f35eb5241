"""What benchmarks decide by themselves: which pictures changed, and how code is broken."""

import json
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from benchmarks import mutations
from benchmarks.support import pictures
from benchmarks.support.pictures import Picture

from digits.errors import DigitsError

BEFORE = [
    Picture("plain", 0, "47", "'47' read", 3),
    Picture("plain", 1, "11", "'17' unsure", 1),
    Picture("ruled", 0, "47", "'47' unsure", 2),
    Picture("ruled", 1, "5", "'5' read", 3),
]


def test_changes_are_told_by_condition() -> None:
    now = [BEFORE[0], replace(BEFORE[1], said="'11' read", score=3),
           replace(BEFORE[2], said="'' no_digit", score=1)]  # fmt: skip
    assert list(pictures.changes(BEFORE, now)) == [
        "plain: 1 better, 0 worse, of 2",
        "  better: 1, '11': '17' unsure -> '11' read",
        "ruled: 0 better, 1 worse, of 1",
        "  worse: 0, '47': '47' unsure -> '' no_digit",
    ]


def test_other_pictures_are_not_compared() -> None:
    for now in ([replace(BEFORE[0], truth="48")], [replace(BEFORE[0], condition="new")], []):
        with pytest.raises(DigitsError, match="other pictures"):
            list(pictures.changes(BEFORE, now))


def test_a_record_is_compared_before_it_is_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(asdict(picture)) + "\n" for picture in BEFORE))
    now = [replace(BEFORE[0], said="'41' read", score=0)]
    pictures.conclude(now, Namespace(record=path, against=path))
    assert "plain: 0 better, 1 worse, of 1" in capsys.readouterr().out
    assert pictures.read(path) == now
    path.write_text("[]")
    with pytest.raises(DigitsError, match="not a record"):
        pictures.read(path)


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
    made = mutations.mutants_of("m", SOURCE)
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
    assert [mutant.again for mutant in mutations.mutants_of("m", source)] == [1, 2]


@pytest.mark.parametrize("module", ["tile", "checkpoint", "vision/ink", "reading/reader"])
def test_what_guards_a_module_is_there(module: str) -> None:
    for name in mutations.target_of(module).tests.split():
        assert (Path(__file__).parent / f"{name}.py").is_file()
