"""The page in a real browser: drawing, choosing, undoing, sending, and a server that goes."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browsing import SHOTS, Browser, Page, Route, begin_a_1, draw, expect, opened, until
from tests.conftest import Servers
from tests.drawn import DIGITS, Point

ROOT = Path(__file__).parents[1]
SCRIBBLE = [[(0.1 + 0.8 * ((i * 7) % 11) / 10, 0.1 + 0.8 * ((i * 5) % 9) / 8) for i in range(40)]]
TOUCH = {"has_touch": True}
PHONE = {**TOUCH, "is_mobile": True, "viewport": {"width": 390, "height": 844}}


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawn_digit_is_read(page: Page, digit: str) -> None:
    draw(page, digit)
    expect(page.locator("#text")).to_have_text(digit)
    expect(page.locator("#status")).to_contain_text("✓ Read")
    expect(page.locator("#digits .bar")).to_have_count(3)
    expect(page.locator("#spoken")).to_have_text(f"Read: {digit}")


def test_a_number_is_read_and_shown_with_boxes(page: Page) -> None:
    draw(page, "4071")
    expect(page.locator("#text")).to_have_text("4071")
    expect(page.locator("#boxes rect")).to_have_count(4)
    expect(page.locator("#digits img")).to_have_count(4)


@pytest.mark.parametrize("strokes", [SCRIBBLE])
def test_a_scribble_is_no_digit(page: Page, strokes: list[list[Point]]) -> None:
    draw(page, "x", {"x": strokes})
    expect(page.locator("#status")).to_contain_text("No digit found")
    expect(page.locator("#text")).to_be_empty()


def test_undo_redo_and_clear(page: Page) -> None:
    draw(page, "7")
    expect(page.locator("#text")).to_have_text("7")
    page.keyboard.press("Control+z")
    expect(page.locator("#status")).to_have_text("Nothing to read yet")
    expect(page.locator("#undo")).to_be_disabled()
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("#text")).to_have_text("7")
    page.keyboard.press("Escape")
    expect(page.locator("#invite")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#text")).to_have_text("7")


def test_the_first_stroke_is_cleared_while_it_is_drawn(page: Page) -> None:
    begin_a_1(page)
    expect(page.locator("#text")).to_have_text("1")
    page.keyboard.press("Escape")
    expect(page.locator("#invite")).to_be_visible()
    expect(page.locator("#text")).to_be_empty()
    expect(page.locator("#clear")).to_be_disabled()


def test_a_pen_that_the_keyboard_left_down_keeps_no_mouse_from_drawing(page: Page) -> None:
    page.locator("#pad").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.locator("#undo")).to_be_enabled()
    page.keyboard.press("Escape")
    draw(page, "4")
    expect(page.locator("#text")).to_have_text("4")


def test_the_answer_comes_while_drawing(page: Page) -> None:
    begin_a_1(page)
    expect(page.locator("#text")).to_have_text("1")
    page.mouse.up()


def test_the_last_stroke_waits_for_no_other_answer(page: Page) -> None:
    asked: list[Route] = []
    page.route("**/v1/predict*", lambda route: asked.append(route))  # and not answered
    begin_a_1(page)
    until(page, asked, 1)
    page.mouse.up()
    until(page, asked, 2)
    asked[1].continue_()
    expect(page.locator("#text")).to_have_text("1")
    assert len(asked) == 2
    asked[0].abort()  # the page has given it up


@pytest.mark.parametrize("page", [TOUCH, PHONE], indirect=True, ids=["desktop", "phone"])
def test_touch(page: Page) -> None:
    box = page.locator("#pad").bounding_box()
    assert box
    left, top = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.2
    devtools = page.context.new_cdp_session(page)
    for points in DIGITS["4"]:
        for k, (x, y) in enumerate(points):
            point = {"x": left + box["height"] * 0.4 * x, "y": top + box["height"] * 0.6 * y}
            kind = "touchMove" if k else "touchStart"
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#text")).to_have_text("4")


def test_a_chosen_picture(page: Page) -> None:
    page.set_input_files("#choose", ROOT / "test_images" / "number.png")
    expect(page.locator("#text")).to_have_text("40917")
    expect(page.locator("#shown")).to_be_visible()
    expect(page.locator("#boxes rect")).to_have_count(5)
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#why-picture")).to_have_js_property("complete", True)
    expect(page.locator("#why")).to_be_visible()
    expect(page.locator("#rests-on img")).to_have_count(5)


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_dropped_or_pasted_picture(page: Page, how: str) -> None:
    data = list((ROOT / "test_images" / "on_its_side.jpg").read_bytes())
    page.evaluate(
        """([how, data]) => {
            const transfer = new DataTransfer();
            const file = new File([new Uint8Array(data)], "a.jpg", { type: "image/jpeg" });
            transfer.items.add(file);
            const event = how === "drop" ? new DragEvent("drop", { dataTransfer: transfer })
                : new ClipboardEvent("paste", { clipboardData: transfer });
            window.dispatchEvent(event);
        }""",
        [how, data],
    )
    expect(page.locator("#text")).to_have_text("58")


@pytest.mark.parametrize(
    ("sample", "text"),
    [("squared_paper.png", "3862"), ("two_rows.png", "2026\n1147"), ("photograph.jpg", "9"),
     ("letter.png", "")],
)  # fmt: skip
def test_samples(page: Page, sample: str, text: str) -> None:
    page.locator(f'[data-sample="/{sample}"]').click()
    expect(page.locator("#status")).to_contain_text(
        re.compile("✓ Read|Unsure" if text else "No digit")
    )
    assert page.locator("#text").text_content() == text
    kept = ROOT / "src" / "digits" / "web" / "page" / sample
    assert kept.read_bytes() == (ROOT / "test_images" / sample).read_bytes()


def test_models_and_what_is_expected(page: Page) -> None:
    page.set_input_files("#choose", ROOT / "test_images" / "number.png")
    page.select_option("#model", "tiny")
    expect(page.locator("#took")).to_contain_text("by tiny")
    page.select_option("#expect", "pattern")
    page.fill("#pattern", "[0-9]{4}")
    expect(page.locator("#text")).to_have_text(re.compile("^[0-9]{4}$"))
    page.fill("#pattern", "[0-9")
    expect(page.locator("#problem")).to_contain_text("'[' without ']'")


def test_retry_after_is_kept_to(page: Page) -> None:
    asked: list[Route] = []

    def busy(route: Route) -> None:
        asked.append(route)
        content = {"error": "busy", "hint": "try again"}
        route.fulfill(status=503, headers={"Retry-After": "60"}, json=content)

    page.route("**/v1/predict*", busy)
    draw(page, "4")
    expect(page.locator("#problem")).to_have_text("busy; try again")
    count = len(asked)
    draw(page, "1")
    page.wait_for_timeout(2000)
    assert len(asked) == count


def test_a_browser_that_makes_no_picture(page: Page) -> None:
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = (done) => done(null); }")
    draw(page, "1")
    expect(page.locator("#problem")).to_contain_text("The browser made no picture of it")


def test_too_large_and_no_picture(page: Page, tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(bytes(10 * 2**20 + 1))
    (tmp_path / "text.png").write_text("no picture")
    page.set_input_files("#choose", tmp_path / "large.png")
    expect(page.locator("#problem")).to_contain_text("larger than 10 MB")
    page.set_input_files("#choose", tmp_path / "text.png")
    expect(page.locator("#problem")).to_contain_text("not a picture")


def test_corrections_are_kept(page: Page, address: str) -> None:
    draw(page, "7")
    page.locator(".fix select").select_option("1")
    expect(page.locator(".fix span")).to_have_text("Kept as a 1, thank you")
    page.keyboard.press("Escape")
    draw(page, "4")
    page.locator(".fix select").select_option("none")
    expect(page.locator(".fix span")).to_have_text("Kept as no digit, thank you")


def test_a_correction_is_chosen_with_the_arrow_keys_and_can_be_corrected(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda r: sent.append(json.loads(r.post_data or "")["label"])
            if r.url.endswith("/v1/corrections") else None)  # fmt: skip
    draw(page, "7")
    choice = page.get_by_label("That was a, instead of 7")
    choice.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".fix span")).to_have_text("Kept as a 1, thank you")
    expect(choice).to_be_focused()
    choice.select_option("4")
    expect(page.locator(".fix span")).to_have_text("Kept as a 4, thank you")
    assert sent == ["0", "1", "4"]


def test_copies(page: Page) -> None:
    page.set_input_files("#choose", ROOT / "test_images" / "number.png")
    copied = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy text").click()
    expect(page.locator("#copy-text")).to_have_text("Copied")
    assert page.evaluate(copied) == "40917"
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.locator("#copy-json")).to_have_text("Copied")
    assert json.loads(page.evaluate(copied))["text"] == "40917"
    page.get_by_role("button", name="Copy curl").click()
    expect(page.locator("#copy-curl")).to_have_text("Copied")
    assert page.evaluate(copied).startswith("curl -F 'image=@number.png' 'http://127.0.0.1:")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("name", ["a, b; c.png", 'it\'s "my" $HOME.png', "a;type=text\\html.png"])
def test_the_copied_curl_sends_a_file_of_any_name(page: Page, tmp_path: Path, name: str) -> None:
    shutil.copy(ROOT / "test_images" / "number.png", tmp_path / name)
    page.set_input_files("#choose", tmp_path / name)
    page.get_by_role("button", name="Copy curl").click()
    expect(page.locator("#copy-curl")).to_have_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    said = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True).stdout
    assert json.loads(said)["text"] == "40917"


def test_the_sample_that_was_chosen_last_is_read(page: Page) -> None:
    page.evaluate(
        """() => {
            const ask = window.fetch;
            window.fetch = async (...what) => {
                const late = what[0] === "/squared_paper.png";
                if (late) await new Promise((go) => { window.go = go; });
                const response = await ask(...what);
                if (late) setTimeout(() => window.came(), 500);
                return response;
            };
        }"""
    )
    page.locator('[data-sample="/squared_paper.png"]').click()
    page.locator('[data-sample="/letter.png"]').click()
    expect(page.locator("#status")).to_contain_text("No digit")
    page.evaluate("() => new Promise((came) => { window.came = came; window.go(); })")
    assert page.evaluate("picture.name") == "letter.png"


def test_keyboard_alone(page: Page) -> None:
    """A 1, drawn with the arrow keys; every control is reached with Tab and shows that it is."""
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"draw", "choose", "camera", "pad", "width", "expect", "model"} <= set(reached)
    reach(page, "pad")
    for key in [*["ArrowUp"] * 12, "Space", *["ArrowDown"] * 24, "Space"]:
        page.keyboard.press(key)
    expect(page.locator("#text")).to_have_text("1")
    reach(page, "explain")
    page.keyboard.press("Enter")
    expect(page.locator("#why")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#why")).to_be_hidden()
    expect(page.locator("#explain")).to_be_focused()
    expect(page.locator("#text")).to_have_text("1")  # the drawing is still there
    reach(page, "expect")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#expect")).to_have_value("digit")
    reach(page, "undo")
    page.keyboard.press("Space")
    expect(page.locator("#status")).to_have_text("Nothing to read yet")


def reach(page: Page, name: str) -> None:
    """Tab to a control."""
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached")


def test_what_older_pages_kept_is_removed(page: Page) -> None:
    page.evaluate(
        """async () => {
            await navigator.serviceWorker.ready;
            await caches.open("digits-0");
            await (await navigator.serviceWorker.getRegistration()).unregister();
        }"""
    )
    page.reload()
    for _ in range(600):
        if page.evaluate("caches.keys()") == ["digits-2"]:
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.evaluate("caches.keys()"))


def test_the_page_is_kept_once_and_opens_where_there_is_no_room_to_keep_it(page: Page) -> None:
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    page.reload()  # through the service worker
    page.goto(f"{page.url}?from=a")
    page.wait_for_timeout(500)
    kept = "caches.match('/?from=a').then((found) => Boolean(found))"
    assert not page.evaluate(kept)
    (worker,) = page.context.service_workers
    worker.evaluate("() => { Cache.prototype.put = () => Promise.reject(new Error('full')); }")
    page.evaluate("caches.delete('digits-2')")
    page.reload()
    expect(page.locator("#invite")).to_be_visible()


def test_the_server_goes_and_comes_back(
    browser: Browser, serve: Servers, request: pytest.FixtureRequest
) -> None:
    address = serve("--model", "tiny")
    port = address.rpartition(":")[2]
    context = browser.new_context(viewport={"width": 1200, "height": 860})
    for page in opened(context, address, request.node.name):
        page.wait_for_load_state("networkidle")
        draw(page, "7")
        expect(page.locator("#text")).to_have_text("7")
        page.keyboard.press("Escape")
        server = serve.running.pop(address)
        draw(page, "4", meanwhile=server.kill)
        server.communicate()
        expect(page.locator("#problem")).to_contain_text("Your drawing is kept")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/server_gone.png")
        page.reload()  # from the service worker's store
        expect(page.locator("#invite")).to_be_visible()
        draw(page, "4")
        expect(page.locator("#problem")).to_contain_text("Your drawing is kept")
        serve("--model", "tiny", "--port", port)
        expect(page.locator("#text")).to_have_text("4")
        expect(page.locator("#problem")).to_be_empty()
