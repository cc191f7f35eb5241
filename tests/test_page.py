"""The page in a real browser; skipped where there is none (`tools/get_browser.sh` gets one)."""

import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if not CHROMIUM:
    pytest.skip("no browser: run tools/get_browser.sh", allow_module_level=True)

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect  # noqa: E402

from tests.conftest import Servers  # noqa: E402
from tests.drawn import DIGITS, Point  # noqa: E402

ROOT = Path(__file__).parents[1]
SHOTS = os.environ.get("DIGITS_SHOTS")  # a folder: keep a picture of what each test sees at its end
FLAGS = [
    "--no-sandbox", "--disable-gpu",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip
expect.set_options(timeout=180_000)  # cores are often shared with a training


SCRIBBLE = [[(0.1 + 0.8 * ((i * 7) % 11) / 10, 0.1 + 0.8 * ((i * 5) % 9) / 8) for i in range(40)]]


@pytest.fixture(scope="module")
def address(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("corrections")
    return serve("--model", "reader", "--model", "tiny", "--corrections", str(folder))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    options = {"viewport": {"width": 1200, "height": 860}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield from opened(context, address, request.node.name)


def opened(context: BrowserContext, address: str, name: str) -> Iterator[Page]:
    """A page that fails its test on any error in it and any request to elsewhere."""
    wrong: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if "Security" in line.text else None)
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:"))
            else wrong.append(r.url))  # fmt: skip
    page.goto(address)
    yield page
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{re.sub('[^a-z0-9]+', '_', name)}.png", full_page=True)
    page.unroute_all(behavior="wait")  # an answer under way outlives no context
    context.close()
    assert not wrong


def draw(
    page: Page,
    text: str,
    strokes: dict[str, list[list[Point]]] = DIGITS,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Draw digits side by side, with the mouse; `meanwhile` is done within each stroke."""
    box = page.locator("#pad").bounding_box()
    assert box
    height = box["height"] * 0.55
    width = min(height * 0.7, box["width"] * 0.75 / len(text))
    for i, character in enumerate(text):
        left = box["x"] + box["width"] / 2 + (i - len(text) / 2) * width * 1.3
        for points in strokes[character]:
            for k, (x, y) in enumerate(points):
                page.mouse.move(left + x * width, box["y"] + box["height"] * 0.22 + y * height)
                if k == 0:
                    page.mouse.down()
                    meanwhile()
            page.mouse.up()


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawn_digit_is_read(page: Page, digit: str) -> None:
    draw(page, digit)
    expect(page.locator("#text")).to_have_text(digit)
    expect(page.locator("#status")).to_contain_text("Read")
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


def test_the_answer_comes_while_drawing(page: Page) -> None:
    box = page.locator("#pad").bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 290, steps=20)
    expect(page.locator("#text")).to_have_text("1")
    page.mouse.up()


def until(page: Page, asked: list[Route], count: int) -> None:
    """Wait for so many requests."""
    for _ in range(600):
        if len(asked) >= count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(asked)} requests")


def test_the_last_stroke_waits_for_no_other_answer(page: Page) -> None:
    asked: list[Route] = []
    page.route("**/v1/predict*", lambda route: asked.append(route))  # and not answered
    box = page.locator("#pad").bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 290, steps=10)
    until(page, asked, 1)
    page.mouse.up()
    until(page, asked, 2)
    asked[1].continue_()
    expect(page.locator("#text")).to_have_text("1")
    assert len(asked) == 2
    asked[0].abort()  # the page has given it up


TOUCH = {"has_touch": True}
PHONE = {**TOUCH, "is_mobile": True, "viewport": {"width": 390, "height": 844}}


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
        re.compile("Read|Unsure" if text else "No digit")
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


def test_the_camera(page: Page) -> None:
    page.get_by_role("button", name="Camera").click()
    expect(page.locator("#video")).to_be_visible()
    expect(page.locator("#took")).to_contain_text("asked for")  # a test pattern, read as it may be
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/camera.png")
    page.get_by_role("button", name="Camera").click()
    expect(page.locator("#pad")).to_be_visible()


def test_the_camera_sends_small_pictures_one_after_the_other(page: Page) -> None:
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        route.continue_()

    page.route("**/v1/predict*", answer)
    page.get_by_role("button", name="Camera").click()
    until(page, asked, 3)
    data = asked[2].request.post_data_buffer
    assert data
    with Image.open(io.BytesIO(data)) as image:
        assert max(image.size) == 640
        size = image.size
    shown = page.locator("#boxes").get_attribute("viewBox")
    assert shown == f"0 0 {size[0]} {size[1]}"


def test_the_camera_asks_a_server_that_is_gone_now_and_then(page: Page) -> None:
    asked: list[Route] = []

    def fail(route: Route) -> None:
        asked.append(route)
        route.abort()

    page.route("**/v1/predict*", fail)
    page.get_by_role("button", name="Camera").click()
    until(page, asked, 1)
    page.wait_for_timeout(4000)
    assert len(asked) <= 4  # every 1.5 seconds


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


def test_without_a_camera(page: Page) -> None:
    page.evaluate(
        """() => {
            navigator.mediaDevices.getUserMedia = async () => {
                throw new DOMException("no", "NotAllowedError");
            };
        }"""
    )
    page.get_by_role("button", name="Camera").click()
    expect(page.locator("#problem")).to_contain_text("it was not allowed")
    expect(page.locator("#pad")).to_be_visible()


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
    expect(page.locator(".fix")).to_have_text("Kept as a 1, thank you")
    page.keyboard.press("Escape")
    draw(page, "4")
    page.locator(".fix select").select_option("none")
    expect(page.locator(".fix")).to_have_text("Kept as no digit, thank you")


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


def in_doubt(route: Route) -> None:
    """The server's answer, but unsure: no drawing is for every model."""
    response = route.fetch()
    doubt = {"status": "unsure", "probability": 0.62, "warnings": ["very faint"]}
    route.fulfill(response=response, json=response.json() | doubt)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1200])
@pytest.mark.parametrize("state", ["empty", "read", "unsure", "none"])
def test_it_fits_and_can_be_used_by_everybody(
    browser: Browser, address: str, scheme: str, width: int, state: str
) -> None:
    size = {"width": width, "height": 860}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    for page in opened(context, address, f"{state}_{width}_{scheme}"):
        if state == "read":
            draw(page, "407")
            expect(page.locator("#text")).to_have_text("407")
        elif state == "none":
            page.locator('[data-sample="/letter.png"]').click()
            expect(page.locator("#status")).to_contain_text("No digit")
        elif state == "unsure":
            page.route("**/v1/predict*", in_doubt)
            draw(page, "4")
            expect(page.locator("#status")).to_contain_text("Unsure, look at it yourself, 62.0%")
            expect(page.locator("#warnings")).to_have_text("very faint")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{wide} px wide in a window of {width} px"
        found = Axe().run(page).response["violations"]
        assert not [(one["id"], one["nodes"][0]["html"]) for one in found], found


def fails(route: Route) -> None:
    route.abort()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["error", "camera", "picture", "explain"])
def test_other_states_can_be_used_by_everybody(
    browser: Browser, address: str, scheme: str, state: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 860}, color_scheme=scheme)
    for page in opened(context, address, f"{state}_{scheme}"):
        if state == "error":
            page.route("**/v1/predict*", fails)
            draw(page, "4")
            expect(page.locator("#problem")).to_contain_text("Your drawing is kept")
        elif state == "camera":
            page.get_by_role("button", name="Camera").click()
            expect(page.locator("#took")).to_contain_text("asked for")
        else:
            page.set_input_files("#choose", ROOT / "test_images" / "number.png")
            expect(page.locator("#text")).to_have_text("40917")
        if state == "explain":
            page.get_by_role("button", name="Explain").click()
            expect(page.locator("#rests-on img")).to_have_count(5)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{wide} px wide"
        found = Axe().run(page).response["violations"]
        assert not [(one["id"], one["nodes"][0]["html"]) for one in found], found
