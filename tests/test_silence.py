"""Nothing is ignored without a word: names given twice, empty folders, flags that do nothing."""

from pathlib import Path

import pytest

from digits.__main__ import main

NUMBER = str(Path(__file__).parents[1] / "test_images" / "number.png")
READ = ["predict", "--image", NUMBER, "--model", "reader"]


def test_image_given_twice_reads_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*READ, "--image", NUMBER]) == 0
    assert capsys.readouterr().out == f"{NUMBER}: 40917\n" * 2


@pytest.mark.slow
@pytest.mark.parametrize("empty", ["folder", "none*.png", "none.png"])
@pytest.mark.parametrize("output", [[], ["--output", "a.csv"]])
def test_what_is_not_there_does_not_stop_the_rest(
    empty: str, output: list[str], run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder").mkdir()
    assert main([READ[0], "--image", empty, NUMBER, *READ[3:], *output]) == 1
    printed = capsys.readouterr()
    read = Path("a.csv").read_text() if output else printed.out
    assert "40917" in read and empty in printed.err + read


@pytest.mark.parametrize("flags", [
    [*READ, "--output", "a.csv", "--json"],
    [*READ, "--output", "a.csv", "--explain", "why.png"],
    [*READ, "--output", "a.csv", "--save_tiles", "tiles"],
    [*READ, "--output", "a.csv", "--gpu"],
    [*READ, "--output", "a.csv", "--top_k", "2"],
    [*READ, "--resume"],
    [*READ, "--output", "a.csv", "--confidence"],
    [*READ, "--json", "--confidence"],
    [*READ, "--decimal", ","],
    [*READ, "--output", "a.csv", "--decimal", ","],
    [*READ, "--output", "a.csv", "--table", "--shard", "1/2"],
    ["evaluate", "--dataset", "uci", "--expect", "nonsense"],
    ["optimize", "--dataset", "uci", "--benchmark", "--quantize"],
    ["optimize", "--dataset", "uci", "--benchmark", "--half"],
    ["optimize", "--dataset", "uci", "--benchmark", "--max_drop", "1"],
    ["optimize", "--dataset", "uci", "--benchmark", "--bits", "4"],
    ["optimize", "--dataset", "uci", "--benchmark", "--any_speed"],
    ["learn", "--undo", "--from", "folder"],
    ["learn", "--undo", "--epochs", "3"],
    ["learn", "--undo", "--cpu"],
    ["train", "--resume", "--preset", "fast"],
])  # fmt: skip
def test_a_flag_that_would_do_nothing_is_wrong_usage(flags: list[str], run_folder: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(flags)
    assert stopped.value.code == 2 and not list(run_folder.iterdir())


def test_a_drawing_overwrites_nothing(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("why.png").write_bytes(b"mine")
    assert main([*READ, "--explain", "why.png"]) == 1
    assert "--explain why.png: would overwrite it" in capsys.readouterr().err
    assert Path("why.png").read_bytes() == b"mine"


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--table"]])
def test_a_new_folder_is_said(
    more: list[str], run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*READ, "--output", "nwe/a.csv", *more]) == 0
    assert "warning: --output: nwe is a new folder\n" in capsys.readouterr().err
    assert main([*READ, "--output", "nwe/b.csv", *more]) == 0
    assert "new folder" not in capsys.readouterr().err


@pytest.mark.parametrize("pattern", ["/abc/", "/[^0-9]/", "/[a-z]*/", "/()/", "/x[^0-9]7/"])
def test_a_format_that_no_digits_fit_is_refused(
    pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*READ, "--expect", pattern]) == 2
    assert "no digits fit it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "code"),
    [(["--expect", "banana"], 2), (["--expect", "/[/"], 2), (["--output", "a.txt"], 2),
     (["--table", "--output", "a.txt"], 2), (["--model", "nope"], 1), (["--expect", "@nope"], 1)],
)  # fmt: skip
def test_a_value_that_no_flag_takes_is_wrong_usage(
    flags: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*READ, *flags]) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_format_that_fits_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*READ, "--expect", "/[0-9]{12}/"]) == 0
    assert "nothing in it fits what --expect asks for" in capsys.readouterr().err
