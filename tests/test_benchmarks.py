"""What benchmarks decide by themselves: which pictures changed, and what cannot be measured."""

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
from benchmarks import mutations
from benchmarks.support import notes, pictures
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
     "vision.rows.max_slant", "finder.large_of_side", "reading.ctc.min_probability",
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


def test_a_benchmark_that_is_stopped_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.support import command

    def stopped() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stop:
        command.run_main(stopped)
    assert stop.value.code == 130 and capsys.readouterr().err.endswith(": stopped\n")


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


@pytest.mark.parametrize("upside_down", [False, True])
def test_a_note_shows_its_pieces_where_they_stand(upside_down: bool) -> None:
    high, wide = 40, 20
    left = np.full((high, wide), 255, np.uint8)
    right = np.full((high // 2, wide), 255, np.uint8)
    note = notes.Note([(left, 5, 0), (right, 105, high // 2)], ["1", "1"], upside_down)
    grey = notes.photographed(note, np.random.default_rng(2))
    dark = grey < np.median(grey) - 25
    columns = np.flatnonzero(dark.any(axis=0))
    first, second = np.split(columns, [int(np.diff(columns).argmax()) + 1])
    assert (second[0] - first[0]) / len(first) == pytest.approx(100 / wide, rel=0.15)
    heights = [dark[:, part].any(axis=1).sum() for part in (first, second)]
    assert (heights[0] < heights[1]) == upside_down
