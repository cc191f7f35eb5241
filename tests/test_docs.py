"""The docs: links lead somewhere, figures are shown, ten minutes are what docs/start.md says."""

import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from tools import transcript

from digits.__main__ import COMMANDS
from digits.api.reading import Reader
from tests.pages import PAGES, ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """What its headings are called in links, as GitHub and MkDocs make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        assert target.exists(), f"{link}: no such file"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def test_pages_named_in_the_sources_exist() -> None:
    folders = ("src", "benchmarks", "tools", "tests", "examples", "models/pretrained")
    files = [file for folder in folders for kind in ("*.py", "*.md", "*.ipynb")
             for file in (ROOT / folder).rglob(kind)]  # fmt: skip
    named = {name for file in files
             for name in re.findall(r"docs/[a-z_/-]+\.md", file.read_text("utf-8"))}  # fmt: skip
    assert len(named) > 5 and {name for name in named if not (ROOT / name).is_file()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_begins_with_its_title(page: Path) -> None:
    assert page.read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_are_no_longer_than_those_of_code(page: Path) -> None:
    """But for tables, whose rows are one line, and the long list of changes."""
    lines = [] if page.name == "CHANGELOG.md" else page.read_text("utf-8").splitlines()
    assert not [line for line in lines if len(line) > 100 and not line.startswith("|")]


def test_each_figure_is_shown() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    shown = {Path(link).name for link in LINK.findall(text)}
    made_of = {"form.jpg"}  # the picture of which form_explain.png is the explanation
    assert {file.name for file in (ROOT / "docs" / "figures").iterdir()} - shown == made_of


@pytest.mark.medium
@pytest.mark.skipif(not find_spec("matplotlib"), reason="matplotlib is not installed")
def test_figures_are_drawn_from_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import draw_results

    clean, *_, last = draw_results.table("robustness.md", "accuracy under")
    assert clean["accuracy under"] == "none" and draw_results.value(clean["best"]) > 99
    assert last["accuracy under"].startswith("mean error")
    monkeypatch.setattr(draw_results, "FIGURES", tmp_path)
    draw_results.main()
    assert {file.name for file in tmp_path.iterdir()} == {
        "robustness.png", "frame.png", "pages.png",
    }  # fmt: skip


def test_the_readme_is_for_someone_with_two_minutes() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 120 and max(map(len, lines)) <= 100
    assert sum(line.startswith("![") for line in lines) == 3


def test_the_reference_is_made_of_the_code() -> None:
    from tools import docs_site

    page = docs_site.on_page_markdown("<!-- commands --> <!-- api --> [outside](../README.md)")
    assert all(f"### digits {name}" in page for name in COMMANDS) and "--top_k" in page
    assert "### digits.Reader.read_many" in page and (Reader.read.__doc__ or "")[:40] in page
    assert page.endswith(" outside")


def test_the_site_says_how_to_contribute() -> None:
    from tools import docs_site

    page = docs_site.on_page_markdown((ROOT / "docs" / "contributing.md").read_text("utf-8"))
    assert "## " in page and "](architecture.md)" in page and "docs/architecture.md)" not in page


@pytest.mark.parametrize(
    ("link", "shown"),
    [("[a](../README.md)", "[a](../README.md)"), ("[a](../../README.md)", "a"),
     ("![a](../figures/a.png)", "![a](../figures/a.png)")],
)  # fmt: skip
def test_a_page_in_a_folder_keeps_links_within_the_site(link: str, shown: str) -> None:
    from tools import docs_site

    page = SimpleNamespace(file=SimpleNamespace(src_uri="results/accuracy.md"))
    assert docs_site.on_page_markdown(link, page=page) == shown


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What a stranger has, with the environment of these tests in place of one that is set up."""
    for part in ("src", "models/pretrained", "test_images"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    for part in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / part, tmp_path)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name, begin in (("python", ""), ("digits", " -m digits")):
        script = f'#!/bin/sh\nPYTHONPATH={tmp_path}/src exec {sys.executable}{begin} "$@"\n'
        (binaries / name).write_text(script)
        (binaries / name).chmod(0o755)
    (tmp_path / ".venv" / "ready").touch()
    return tmp_path


OF_ONES_OWN = {
    "train": "test accuracy", "evaluate": "report/report.html",
    "predict": "thick_marker.png: ", "optimize": "-> mine/small.onnx",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("make") or os.name == "nt", reason="no make here")
def test_ten_minutes(clone: Path) -> None:
    """Each command of docs/start.md, in its order, prints what the page says but for figures."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {**outer, "PATH": f"{clone}/.venv/bin:{os.environ['PATH']}"}
    printed = transcript.steps(transcript.PAGE.read_text("utf-8"))
    assert len(printed) == 7
    for command, wanted in printed.items():
        on_a_free_port = " ARGS='--port 0 --workers 1'" if command == "make serve" else ""
        said = transcript.said(command + on_a_free_port, clone, environment)
        if "mine" in command:  # a model that is better where MNIST is at hand
            result = next(words for verb, words in OF_ONES_OWN.items() if f" {verb} " in command)
            assert result in said and result in wanted
        else:
            assert without_figures(transcript.shown(said)) == without_figures(wanted), command
    for file in ("why.png", "mine/best_model.onnx", "report/report.html", "mine/small.onnx"):
        assert (clone / file).is_file(), file


def without_figures(text: str) -> list[str]:
    """The words of what a command prints: figures, and how wide columns are, change."""
    return re.sub(r"\d[\d.,]*", "0", text).split()


def test_a_transcript_takes_the_place_of_the_one_before() -> None:
    page = "Do\n\n    make read\n\nand\n\n    digits learn\n\nso.\n"
    assert transcript.steps(page) == {"make read": "", "digits learn": ""}
    once = transcript.filled(page, lambda command: f"{command} says\n")
    said = {"make read": "make read says\n", "digits learn": "digits learn says\n"}
    assert transcript.steps(once) == said and once.endswith("so.\n")
    twice = transcript.filled(once, lambda _: "a\n" * 30)
    assert {*transcript.steps(twice).values()} == {"a\n" * 6 + "...\n" + "a\n" * 6}
