"""Help texts, hints for wrong names, and completion in a shell."""

import re
import shutil
import subprocess

import pytest

from digits import data
from digits.__main__ import COMMANDS, main
from digits.commands import completion
from digits.commands._examples import EXAMPLES
from digits.commands._flags import Parser, parser_of
from digits.errors import DigitsError

IN_BASH = 'COMP_WORDS=({words}); COMP_CWORD={last}; _digits; echo "${{COMPREPLY[@]}}"'


def said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        code: object = main(argv)
    except SystemExit as stop:
        code = stop.code
    printed = capsys.readouterr()
    assert isinstance(code, int)
    return code, printed.out, printed.err


def test_the_verbs_have_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["--help"], capsys)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == [*COMMANDS]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said([command, "--help"], capsys)
    assert code == 0 and out.index("examples:") < out.index("\n  -h, --help")
    assert len(out[: out.index("examples:")].splitlines()) <= 5


def test_help_without_examples_announces_none() -> None:
    text = Parser("no_command", "Do it.").format_help()
    assert "Do it.\n\noptions:" in text and "examples" not in text


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "completion"])
def test_flags_are_grouped_and_defaults_are_values(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said([command, "--help"], capsys)
    groups = [
        [line for line in part.splitlines() if line.startswith("  -")]
        for part in out.partition("\noptions:")[2].split("\n\n")
    ]
    assert len(groups) > 2 and max(map(len, groups)) <= 15
    assert len(groups[0]) <= 3, "options that belong to no group"
    assert not re.search(r"default: *(\)|None|False|-1|inf)|\D-1(\.0)?[^\d]", out), out


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_understood(command: str) -> None:
    import shlex

    for line in EXAMPLES[command]:
        words = shlex.split(line.partition(">")[0], comments=True)
        assert words[:2] == ["digits", command]
        parser_of(command).parse_args(words[2:])


@pytest.mark.parametrize(("argv", "hint"), [
    (["trian"], "train"),
    (["train", "--arch", "cnn33"], "cnn3"),
    (["train", "--learnig_rate", "1"], "--learning_rate"),
    (["predict", "--image", "a.png", "--topk", "3"], "--top_k"),
    (["predict", "--image", "a.png", "--model", "readr"], "reader"),
    (["completion", "bsh"], "bash"),
])  # fmt: skip
def test_a_wrong_name_gets_the_closest(
    argv: list[str], hint: str, run_folder: object, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = said(argv, capsys)
    assert code in (1, 2) and f"; did you mean {hint}?" in error


def test_so_does_a_wrong_data_set() -> None:
    with pytest.raises(DigitsError, match="; did you mean mnist"):
        data.load("minst")


@pytest.mark.parametrize("word", ["xyzzy", ""])
def test_what_is_close_to_nothing_gets_no_hint(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean" not in said([word], capsys)[2]


def test_completion_knows_all_commands() -> None:
    assert tuple(COMMANDS) == completion.COMMANDS


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
@pytest.mark.parametrize(("words", "offered"), [
    ("digits tr", "train"),
    ("digits train --ar", "--arch"),
    ("digits train --arch ti", "tiny"),
    ("digits predict --model rea", "reader"),
    ("digits completion fi", "fish"),
])  # fmt: skip
def test_bash_completes(words: str, offered: str) -> None:
    asked = IN_BASH.format(words=words, last=len(words.split()) - 1)
    shown = subprocess.run(
        ["bash", "-c", completion.bash() + asked], capture_output=True, text=True
    )
    assert (shown.stdout.strip(), shown.stderr) == (offered, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_take_their_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, script, _ = said(["completion", shell], capsys)
    assert code == 0 and "tiny" in script
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here; its script was made and not run")
    subprocess.run([shell, "-n"], input=script, text=True, check=True)
