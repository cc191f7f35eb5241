"""Measure the page in Chromium: milliseconds from the end of a stroke to its answer.

`python benchmarks/page.py` starts a server on loopback, draws strokes with the mouse and prints the
median and the 95th percentile; the aim is 150 ms on two cores.
"""

import argparse
import json
import os
import shutil
from pathlib import Path

import numpy as np
from support.command import run_main
from support.server import Server

from digits import checkpoint
from digits.errors import DigitsError

STROKE_MS = 300  # that a stroke takes; answers come while it is drawn
WATCH = """() => {
    window.waits = [];
    let end = 0;
    addEventListener("pointerup", () => { end = performance.now(); }, true);
    new MutationObserver(() => {
        if (end && document.getElementById("took").textContent) {
            window.waits.push(performance.now() - end);
            end = 0;
        }
    }).observe(document.getElementById("took"), { childList: true });
}"""


def waits(address: str, browser: str, strokes: int) -> list[float]:
    """Milliseconds of each stroke, each on an empty page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        chromium = p.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        # the page's policy forbids what wait_for_function does in it
        page = chromium.new_page(viewport={"width": 1200, "height": 860}, bypass_csp=True)
        page.goto(address)
        page.evaluate(WATCH)
        box = page.locator("#pad").bounding_box()
        assert box
        for i in range(strokes + 1):
            x = box["x"] + box["width"] * (0.3 + 0.4 * (i % 7) / 6)
            page.mouse.move(x, box["y"] + box["height"] * 0.2)
            page.mouse.down()
            for k in range(10):
                page.mouse.move(x, box["y"] + box["height"] * (0.2 + 0.06 * k))
                page.wait_for_timeout(STROKE_MS / 10)
            page.mouse.up()
            page.wait_for_function(f"window.waits.length > {i}")
            page.keyboard.press("Escape")
        found: list[float] = page.evaluate("window.waits")
        chromium.close()
    return found[1:]  # the first one warms up


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--strokes", type=int, default=100)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, help="write what was measured as JSON")
    args = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        raise DigitsError("no browser: run tools/get_browser.sh")
    server = Server(args.workers)
    try:
        ms = waits(f"http://127.0.0.1:{server.port}", browser, args.strokes)
    finally:
        server.stop()
    p50, p95 = np.percentile(ms, [50, 95])
    found = {"strokes": len(ms), "p50_ms": float(p50), "p95_ms": float(p95)}
    print(json.dumps(found))
    if args.output:
        checkpoint.write_json(args.output, found)
    return 0


if __name__ == "__main__":
    run_main(main)
