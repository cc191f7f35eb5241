"""The page's camera: small pictures, one after the other."""

import io
from pathlib import Path

from PIL import Image

from tests.browsing import SHOTS, Page, Route, expect, until


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


def test_a_camera_that_is_allowed_late_takes_no_picture_away(page: Page) -> None:
    page.evaluate(
        """() => {
            const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
            media.getUserMedia = async (what) => {
                await new Promise((allow) => { window.allow = allow; });
                return (window.late = await ask(what));
            };
        }"""
    )
    page.get_by_role("button", name="Camera").click()
    number = Path(__file__).parents[1] / "test_images" / "number.png"
    page.set_input_files("#choose", number)
    expect(page.locator("#text")).to_have_text("40917")
    page.evaluate("window.allow()")
    page.wait_for_timeout(1000)
    assert page.evaluate("window.late.getTracks().map((track) => track.readyState)") == ["ended"]
    expect(page.locator("#text")).to_have_text("40917")
    expect(page.locator("#shown")).to_be_visible()


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
