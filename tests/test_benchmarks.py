"""What benchmarks decide by themselves: which pictures changed, and how code is broken."""

import json
import os
import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from benchmarks import hardening, mutations
from benchmarks.support import pictures
from benchmarks.support.mutants import mutants_of
from benchmarks.support.pictures import Picture

from digits import spec
from digits.errors import DigitsError
from digits.pictures.load import from_array
from digits.reading import budget
from digits.reading.budget import Budget
from digits.reading.reader import Reader
from digits.vision import ink

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


def test_a_record_is_compared_as_it_was_before_it_is_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(asdict(picture)) + "\n" for picture in BEFORE))
    parser = ArgumentParser()
    pictures.add_records(parser)
    flags = ["--record", str(path), "--against", str(path)]
    now = [replace(BEFORE[0], said="'41' read", score=0)]
    pictures.conclude(now, parser.parse_args(flags))
    assert "plain: 0 better, 1 worse, of 1" in capsys.readouterr().out
    assert pictures.read(path) == now
    with pytest.raises(DigitsError, match="other pictures"):
        pictures.conclude(BEFORE[2:], parser.parse_args(flags))
    assert pictures.read(path) == BEFORE[2:]  # what was read is kept all the same
    path.write_text("[]")
    with pytest.raises(DigitsError, match="not a record"):
        parser.parse_args(flags)  # before anything is read


def test_each_row_of_a_page_is_read_once() -> None:
    pages = import_module("pages")
    assert pages.right_of(["7", "1", "4"], ["7", "7", "1"]) == 2
    assert pages.right_of(["7", "7", "12"], ["7", "12", "7"]) == 3


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


def test_answers_are_compared_but_for_their_time(tmp_path: Path) -> None:
    answers = import_module("answers")
    was = {"image": "a/1.png", "status": "read", "text": "7", "probability": 0.9, "rows": [1]}
    gone, other = was | {"image": "a/2.png"}, was | {"image": "b/1.png"}
    path = tmp_path / "before.jsonl"
    path.write_text("".join(json.dumps(answer) + "\n" for answer in (was, gone, other)))
    before = answers.read(path)
    assert list(answers.changes(before, [was, gone], ["a"])) == []
    now = [was | {"rows": [2]}, was | {"image": "a/3.png"}]
    assert list(answers.changes(before, now, ["a"])) == [
        "a/1.png: rows or warnings",
        "a/3.png: is not in the record",
        "a/2.png: is in the record alone",
    ]
    assert answers.difference(was, was | {"text": "1"}) == "text '7' -> '1'"
    path.write_text("[1]\n")
    with pytest.raises(DigitsError, match="not a record"):
        answers.read(path)


def test_answers_of_the_sample_pictures_stay_as_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    answers = import_module("answers")
    (tmp_path / "test_images").mkdir()
    cv2.imwrite(str(tmp_path / "test_images" / "seven.png"), seven())
    monkeypatch.chdir(tmp_path)
    flags = ["--data", ".", "--only", "test_images"]
    assert answers.main([*flags, "--output", "before.jsonl"]) == 0
    assert answers.main([*flags, "--against", "before.jsonl"]) == 0
    assert capsys.readouterr().out == "1 answers\n1 answers, 0 differ\n"
    cv2.imwrite(str(tmp_path / "test_images" / "seven.png"), 255 - seven())
    assert answers.main([*flags, "--against", "before.jsonl"]) == 1
    assert "test_images/seven.png: " in capsys.readouterr().out
    (tmp_path / "test_images" / "seven.png").unlink()
    with pytest.raises(DigitsError, match="no pictures in it"):
        answers.main(flags)


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(mutations.__file__).parent))  # programs find each other so
    return import_module("sweep")


def seven() -> np.ndarray:
    """A pale 7 on a page (80, 80) uint8."""
    grey = np.full((80, 80), 220, np.uint8)
    cv2.putText(grey, "7", (20, 62), cv2.FONT_HERSHEY_SIMPLEX, 2, 150, 4, cv2.LINE_AA)
    return grey


def test_a_swept_limit_changes_an_answer_and_is_put_back(sweep: ModuleType, reader: Reader) -> None:
    limits = ink.LIMITS
    assert reader.read(from_array(seven())).text == "7"
    with sweep.swept("vision.ink.min_contrast", "0.5"):
        assert reader.read(from_array(seven())).status == "no_digit"
        assert replace(ink.LIMITS, min_contrast=limits.min_contrast) == limits
    assert reader.read(from_array(seven())).text == "7"
    with pytest.raises(RuntimeError), sweep.swept("vision.ink.around_of_shorter_side", "0.5"):
        assert ink.LIMITS.around_of_shorter_side == (0.5,)
        raise RuntimeError
    assert ink.LIMITS is limits


def test_a_sweep_prints_a_line_a_value(
    sweep: ModuleType,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    def sevens(tiles: np.ndarray, labels: np.ndarray, count: int) -> Iterator[tuple]:
        yield from [(seven(), "7"), (seven(), "1"), (seven(), "")][:count]

    monkeypatch.setattr(sweep.pictures, "digits_of", lambda split: (None, None))
    monkeypatch.setitem(sweep.PARTS, "strings", sevens)
    flags = ["vision.ink.min_contrast", "0.06", "0.5", "--only", "strings", "--count", "3"]
    assert sweep.main(flags) == 0
    assert [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[2:]] == [
        [" 0.06 ", " 1 of 3, 33.3% (6.1% to 79.2%) ", " 3 ", " 2 "],
        [" 0.5 ", " 1 of 3, 33.3% (6.1% to 79.2%) ", " 0 ", " 0 "],
    ]


@pytest.mark.parametrize(
    "limit",
    ["tile.min_stroke_px", "row_image.min_contrast", "page_image.coarse_side_px",
     "vision.rows.max_slant", "reading.finder.large_of_side", "reading.ctc.min_probability",
     "reading.rows.texts",
     "reading.budget.seconds"],
)  # fmt: skip
def test_a_limit_of_every_stage_can_be_swept(limit: str, sweep: ModuleType) -> None:
    home, name = sweep.stage_of(limit)
    with sweep.swept(limit, "3"):
        assert getattr(home.LIMITS, name) == 3
        assert Budget().seconds == (3 if home is budget else budget.LIMITS.seconds)


@pytest.mark.parametrize(
    ("limit", "value", "what"),
    [
        ("vision.paper.min_contrast", "1", "no such stage"),
        ("min_contrast", "1", "no such stage"),
        ("vision.ink.contrast", "1", "those of vision.ink are: min_contrast, "),
        ("pictures.files.depth", "1", "are: none"),
        ("vision.ink.min_contrast", "much", "much: give a value like 0.06"),
        ("vision.ink.estimate_side_px", "12.5", "12.5: give a value like 256"),
        ("vision.ink.around_of_shorter_side", "0.5,'a'", "give a value like 0.3"),
    ],
)
def test_what_cannot_be_swept_is_said(limit: str, value: str, what: str, sweep: ModuleType) -> None:
    with pytest.raises(DigitsError, match=re.escape(what)):
        sweep.main([limit, value])


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


DATA = ["answers", "handwriting", "peers", "reading"]  # those of pictures that are not shipped
TILES = ["conditions", "pages", "scaling", "sweep vision.ink.min_contrast 0.06"]  # those of MNIST


@pytest.mark.slow
@pytest.mark.parametrize(("command", "code"), [(c, 2) for c in DATA] + [(c, 1) for c in TILES])
def test_without_data_it_is_one_line(command: str, code: int, tmp_path: Path) -> None:
    name, *flags = command.split()
    script = Path(mutations.__file__).with_name(f"{name}.py")
    # no network: a proxy that nobody answers at
    away = dict.fromkeys(["http_proxy", "https_proxy", "HTTPS_PROXY"], "http://127.0.0.1:9")
    ended = subprocess.run(
        [sys.executable, script, *flags], cwd=tmp_path, capture_output=True, text=True,
        env=os.environ | away | {"DIGITS_DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    assert ended.returncode == code and "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(f"{name}.py: ")


def test_what_a_fuzzed_input_may_do_and_may_not() -> None:
    from support.damaged import Case

    fine = Case("pictures", 1, "noise", "error, read", 4.9, 60.0, 600.0, 1000.0)
    assert not fine.is_broken
    for more in ({"outcome": "broken: KeyError"}, {"page_seconds": 5.1}, {"seconds": 66.0},
                 {"megabytes": 1025.0}):  # fmt: skip
        assert replace(fine, **more).is_broken


@pytest.mark.slow
@pytest.mark.medium
@pytest.mark.parametrize("part", ["pictures", "archives"])
def test_a_fuzzed_input_is_the_same_each_time_and_is_gone_on_with(
    part: str, tmp_path: Path
) -> None:
    from benchmarks import fuzz

    case, again = (one for _ in range(2) for one in fuzz.cases(part, [5], 1, {}))
    assert not case.is_broken and case.page_seconds > 0 and case.wall_seconds > 0
    assert (case.what, case.outcome) == (again.what, again.outcome)
    record = tmp_path / "record.jsonl"
    record.write_text(json.dumps(asdict(case)) + "\n")
    assert fuzz.recorded(record) == [case]
    record.write_text("{}\n")
    with pytest.raises(DigitsError, match="not a record"):
        fuzz.recorded(record)


def test_a_benchmark_without_its_data_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.support import command

    parser = ArgumentParser()
    command.add_data(parser)
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(["--data", "nowhere"])
    assert stop.value.code == 2 and "nowhere: no such folder" in capsys.readouterr().err

    def missing() -> None:
        raise FileNotFoundError(2, "No such file", "nowhere")

    with pytest.raises(SystemExit, match="No such file") as stop:
        command.run_main(missing)
    with pytest.raises(DigitsError, match="handwriting/paper: no pictures in it"):
        command.by_label(Path("handwriting/paper"))


@pytest.mark.parametrize(
    ("code", "said"),
    [("import sys; sys.exit('one\\nwhy')", "why$"), ("raise SystemExit(3)", "exit status 3")],
)
def test_of_a_command_that_fails_its_last_line_is_said(code: str, said: str) -> None:
    from benchmarks.support import command

    def failing() -> None:
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    with pytest.raises(SystemExit, match=said):
        command.run_main(failing)


def test_a_peer_whose_installation_was_broken_off_is_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.support import peer

    class AskedFor(Exception):
        pass

    def create(*_: object) -> None:
        raise AskedFor

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()  # what is there before pip is asked
    monkeypatch.setattr(peer.environments, "create", create)
    with pytest.raises(AskedFor):
        peer.Peer(tmp_path)


@pytest.mark.parametrize(("equal", "code"), [(True, 0), (False, 1)])
def test_weights_that_differ_are_a_failure(
    equal: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    resume = import_module("resume")
    monkeypatch.setattr(resume, "survive", lambda *_: (equal, ["training"]))
    monkeypatch.setattr(sys, "argv", ["resume"])
    assert resume.main() == code


@pytest.mark.slow
def test_what_is_read_by_the_command_is_found_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = import_module("reading")
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("seven.png", seven())
    parts = Namespace(path=spec.pretrained_dir() / "micro.onnx")
    run, peak_mb = reading.Measurements.predict(parts, "--image", "seven.png")
    assert run.returncode == 0 and peak_mb > 1


@pytest.mark.slow
def test_seconds_from_the_shell_are_a_row_a_command() -> None:
    run = [sys.executable, Path(mutations.__file__).parent / "startup.py", "--times", "1"]
    table = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    assert len(rows) == 5 and rows[0][0].strip() == "`--help`"
    of = {name.strip(): float(seconds.strip(" s")) for name, seconds in rows}
    assert 0 < of["`--help`"] < of["one digit, `reader.onnx`"] < of["one digit, `reader.pth`"]
