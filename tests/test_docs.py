"""The docs: links lead somewhere, the site builds, ten minutes are what docs/start.md says."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from digits.__main__ import COMMANDS, main
from digits.api.reading import Reader
from digits.commands import _flags
from digits.reading import formats

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
INSTRUCTIONS = [page for page in PAGES if page.name != "CHANGELOG.md" and page.parent.name != "lab"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
STARTERS = ("python", "torchrun")
ENDS = ("&&", "|", ">", ">>", ";")  # what ends a command in a line of the shell
COMMAND = re.compile(r"^    ((?:make|digits) .+)$", re.M)


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


@pytest.mark.parametrize("flags", short_commands())
def test_short_commands_run(flags: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_images").symlink_to(ROOT / "test_images")
    monkeypatch.chdir(tmp_path)
    assert main(["predict", *shlex.split(flags)]) == 0


def test_number_formats_are_those_that_are_known() -> None:
    text = (ROOT / "docs" / "formats.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", text, re.M)
    assert [name for name, _ in rows] == [*formats.CHOICES]
    for name, cell in rows:
        wanted, examples = formats.parse(name) or formats.Anything(), re.findall(r"`(.+?)`", cell)
        assert examples and all(formats.accepts(wanted, example) for example in examples), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_and_benchmarks_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text().splitlines()}
    assert {*re.findall(r"(?:`|^ {4})make ([a-z-]+)", text, re.M)} <= targets
    benchmarks = re.findall(r"make bench NAME=(\w+)|python benchmarks/(\w+)\.py", text)
    for name in {one or other for one, other in benchmarks}:
        assert (ROOT / "benchmarks" / f"{name}.py").is_file(), name


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


def test_each_figure_is_shown() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    shown = {Path(link).name for link in LINK.findall(text)}
    made_of = {"form.jpg"}  # the picture of which form_explain.png is the explanation
    assert {file.name for file in (ROOT / "docs" / "figures").iterdir()} - shown == made_of


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("matplotlib"), reason="matplotlib is not installed")
def test_figures_are_drawn_from_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import draw_results

    clean, *_, last = draw_results.table("robustness.md", "accuracy under")
    assert clean["accuracy under"] == "none" and draw_results.value(clean["best"]) > 99
    assert last["accuracy under"].startswith("mean error")
    monkeypatch.setattr(draw_results, "FIGURES", tmp_path)
    draw_results.main()
    assert {file.name for file in tmp_path.iterdir()} == {
        "robustness.png", "frame.png", "pages.png", "int8.png",
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


@pytest.mark.parametrize(
    ("link", "shown"),
    [("[a](../README.md)", "[a](../README.md)"), ("[a](../../README.md)", "a"),
     ("![a](../figures/a.png)", "![a](../figures/a.png)")],
)  # fmt: skip
def test_a_page_in_a_folder_keeps_links_within_the_site(link: str, shown: str) -> None:
    from tools import docs_site

    page = SimpleNamespace(file=SimpleNamespace(src_uri="results/accuracy.md"))
    assert docs_site.on_page_markdown(link, page=page) == shown


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built without a warning."""
    if not find_spec("mkdocs"):
        pytest.skip("mkdocs is not installed: '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1"}
    ended = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.mark.slow
def test_the_site_has_the_reference_and_fetches_nothing(site: Path) -> None:
    assert "--learning_rate" in (site / "reference.html").read_text("utf-8")
    assert "learning_rate" in (site / "search" / "search_index.json").read_text("utf-8")
    fetched = re.findall(r"<(?:script|link)[^>]*https?://[^>]*>", (site / "index.html").read_text())
    assert not fetched


@pytest.mark.slow
def test_search_works_without_a_network(site: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("no browser: run tools/get_browser.sh")
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here, elsewhere = f"http://127.0.0.1:{server.server_port}/", []
        with playwright.sync_playwright() as p:
            page = p.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
            page.on("request", lambda r: r.url.startswith(here) or elsewhere.append(r.url))
            page.goto(f"{here}index.html")
            page.locator("input.md-search__input").fill("calibration rehearsal")
            found = page.locator(".md-search-result__link").first
            found.wait_for(timeout=60_000)
            assert "training.html" in (found.get_attribute("href") or "")
        server.shutdown()
    assert not elsewhere


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


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("make"), reason="no make here")
def test_ten_minutes(clone: Path) -> None:
    """Each command of docs/start.md, in its order."""
    said = {}
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment = {**outer, "PATH": f"{clone}/.venv/bin:{os.environ['PATH']}"}
    for command in COMMAND.findall((ROOT / "docs" / "start.md").read_text("utf-8")):
        if command == "make serve":
            assert served(clone, environment).startswith("reading at http://")
            continue
        ended = subprocess.run(
            command, shell=True, cwd=clone, capture_output=True, text=True, env=environment
        )
        assert ended.returncode == 0, f"{command}\n{ended.stderr}"
        said[command] = ended.stdout
    outputs = [*said.values()]
    assert len(said) == 6 and "40917" in outputs[0] and "test accuracy" in outputs[2]
    for file in ("why.png", "mine/best_model.onnx", "report/report.html", "mine/small.onnx"):
        assert (clone / file).is_file(), file


def served(clone: Path, environment: dict[str, str]) -> str:
    """The line with which `make serve` says that it serves, on a port that is free."""
    process = subprocess.Popen(
        ["make", "serve", "ARGS=--port 0 --workers 1"], cwd=clone, env=environment,
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    line = process.stdout.readline()
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    return line
