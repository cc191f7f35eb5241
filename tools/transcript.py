"""Run the commands of docs/start.md in a fresh clone, and put what they print below them.

    python tools/transcript.py

The clone is of the last commit. It sets up both environments, 7 GB, and is deleted at the end.
"""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "start.md"
# A command in a block of its own, and what it printed, if that is there already.
STEP = re.compile(r"^    ((?:make|digits) [^\n]+)\n(?:\n```text\n(.*?)```\n)?", re.M | re.S)
MOST_LINES = 12  # of what a command prints; of more the first and the last are shown
QUIET = {"MAKEFLAGS": "s", "PIP_QUIET": "2"}  # of setting up the environments nothing is shown
SERVING = "reading at "  # what `make serve` says once it does, and then goes on until it is stopped


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "digits"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        places = [str(clone / name / "bin") for name in (".venv", ".venv-light")]
        path = os.pathsep.join([*places, os.environ["PATH"]])
        environment = {**os.environ, **QUIET, "PATH": path}

        def say(command: str) -> str:
            print(f"$ {command}", flush=True)
            return said(command, clone, environment)

        PAGE.write_text(filled(PAGE.read_text("utf-8"), say), "utf-8")


def steps(text: str) -> dict[str, str]:
    """The commands of a page in their order, and what each is said to print."""
    return {found[1]: found[2] or "" for found in STEP.finditer(text)}


def filled(text: str, say: Callable[[str], str]) -> str:
    """The page with what `say` gives of each command below it."""
    return STEP.sub(lambda one: f"    {one[1]}\n\n```text\n{shown(say(one[1]))}```\n", text)


def said(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What a command prints on both streams; a server is stopped when it serves.

    Raises:
        RuntimeError: it failed.
    """
    with subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout
        text = ""
        for line in process.stdout:
            text += line
            if line.startswith(SERVING):
                os.killpg(process.pid, signal.SIGTERM)
                return text
    if process.returncode:
        raise RuntimeError(f"{command}\n{text}")
    return text


def shown(text: str) -> str:
    """The first and the last lines of a long text, a short one whole."""
    lines = text.splitlines(keepends=True)
    if len(lines) <= MOST_LINES:
        return text
    half = MOST_LINES // 2
    return "".join([*lines[:half], "...\n", *lines[-half:]])


if __name__ == "__main__":
    main()
