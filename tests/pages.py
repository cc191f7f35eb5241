"""The pages of the docs, and the commands in them."""

import re
import shlex
from pathlib import Path

from digits.__main__ import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
INSTRUCTIONS = [page for page in PAGES if page.name != "CHANGELOG.md" and page.parent.name != "lab"]
STARTERS = ("python", "torchrun")
ENDS = ("&&", "|", ">", ">>", ";")  # what ends a command in a line of the shell


def typed(text: str) -> list[list[str]]:
    """The words of each line in a page's code blocks, lines that go on joined."""
    text = re.sub(r" *\\\n +", " ", text)
    blocks = re.findall(r"^ {4,}(\S.*)$", text, re.M)
    for block in re.findall(r"^```(?:sh|shell|bash|console)?\n(.*?)^```", text, re.M | re.S):
        blocks += block.splitlines()
    return [shlex.split(line, comments=True) for line in blocks if line.count("'") % 2 == 0]


def mentioned(text: str) -> list[list[str]]:
    """The words of each code within a line, tables included."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [code.split() for code in re.findall(r"`([^`]+)`", text)]


def command_in(words: list[str]) -> tuple[str, list[str]] | None:
    """The name of our command in a line, and its flags; None where there is none."""
    starter = next(iter(words), "")
    for i, word in enumerate(words):
        program = starter in STARTERS and re.fullmatch(r"(?:.*/)?src/(\w+)\.py", word)
        name = program[1] if program else "".join(words[i + 1 : i + 2]) if word == "digits" else ""
        if name in COMMANDS:
            flags = words[i + 1 :] if program else words[i + 2 :]
            end = next((k for k, flag in enumerate(flags) if flag in ENDS), len(flags))
            return name, flags[:end]
    return None
