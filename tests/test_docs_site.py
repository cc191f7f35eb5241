"""The site of the docs builds without a warning, and is read and searched without a network."""

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest

from tests.pages import ROOT


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
            found = page.locator(".md-search-result__link").first
            typed = page.locator("input.md-search__input")
            typed.press_sequentially("calibration rehearsal")  # the site hears keys, no `fill`
            found.wait_for(timeout=120_000)
            assert "training.html" in (found.get_attribute("href") or "")
        server.shutdown()
    assert not elsewhere
