"""Commands in the docs have the flags that they are typed with; short ones are run."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from digits.__main__ import COMMANDS, main
from digits.commands import _flags
from digits.reading import formats
from tests.pages import INSTRUCTIONS, PAGES, ROOT, command_in, mentioned, typed


def parse(name: str, flags: list[str], whole: bool) -> None:
    """Let the command's own parser see its flags; only a `whole` command has those required."""
    parser = _flags.parser_of(name)
    for action in parser._actions:
        action.required &= whole
    parser.parse_args([flag for flag in flags if flag != "--help"])


@pytest.mark.parametrize("page", INSTRUCTIONS, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_have_the_flags_that_the_docs_say(page: Path) -> None:
    text = page.read_text("utf-8")
    for lines, whole in ((typed(text), True), (mentioned(text), False)):
        for words in lines:
            if found := command_in(words):
                try:
                    parse(*found, whole)
                except SystemExit:
                    pytest.fail(f"not understood: {' '.join(words)}")


def test_commands_are_found_in_the_docs() -> None:
    """So that the test above looks at something: each command stands in a code block."""
    found = [command_in(words) for page in INSTRUCTIONS for words in typed(page.read_text("utf-8"))]
    assert {name for name, _ in filter(None, found)} >= {*COMMANDS} - {"completion"}


def short_commands() -> list[str]:
    """The lines in code blocks that read a sample picture with the shipped model; those of
    docs/start.md run in their order below."""
    pages = [page for page in INSTRUCTIONS if page.name != "start.md"]
    found = [command_in(words) for page in pages for words in typed(page.read_text("utf-8"))]
    flags = [shlex.join(one[1]) for one in found if one and one[0] == "predict"]
    return sorted({line for line in flags if "test_images/" in line and "--model" not in line})


@pytest.mark.medium
@pytest.mark.parametrize("flags", short_commands())
def test_short_commands_run(flags: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "test_images", tmp_path / "test_images")
    monkeypatch.chdir(tmp_path)
    assert main(["predict", *shlex.split(flags)]) == 0


def test_number_formats_are_those_that_are_known() -> None:
    text = (ROOT / "docs" / "formats.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", text, re.M)
    assert [name for name, _ in rows] == [*formats.CHOICES]
    for name, cell in rows:
        wanted, examples = formats.parse(name) or formats.ANYTHING, re.findall(r"`(.+?)`", cell)
        assert examples and all(formats.accepts(wanted, example) for example in examples), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_and_benchmarks_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text().splitlines()}
    assert {*re.findall(r"(?:`|^ {4})make ([a-z-]+)", text, re.M)} <= targets
    benchmarks = re.findall(r"make bench NAME=(\w+)|python benchmarks/(\w+)\.py", text)
    for name in {one or other for one, other in benchmarks}:
        assert (ROOT / "benchmarks" / f"{name}.py").is_file(), name
