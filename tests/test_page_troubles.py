"""What the page says while it waits, and when a picture, a proxy or the server fails it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browsing import Browser, Page, Route, draw, expect, opened, until
from tests.conftest import Servers

NUMBER = Path(__file__).parents[1] / "test_images" / "number.png"
TOKEN = "enter the one that the server was started with"


def abort(route: Route) -> None:
    route.abort()


def refuse(asked: list[Route], status: int, **what: object) -> Callable[[Route], None]:
    """Answers so, and keeps what was asked."""

    def answer(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=status, **what)

    return answer


def test_while_a_picture_is_read_the_page_says_so(page: Page) -> None:
    asked: list[Route] = []
    page.route("**/v1/predict*", lambda route: asked.append(route))
    page.set_input_files("#choose", NUMBER)
    until(page, asked, 1)
    said = page.locator("#status").text_content()
    asked[0].continue_()
    assert said == "Reading…"
    expect(page.locator("#text")).to_have_text("40917")


def test_a_picture_that_fails_is_not_read(page: Page, tmp_path: Path) -> None:
    (tmp_path / "cut.png").write_bytes(NUMBER.read_bytes()[:1500])
    page.set_input_files("#choose", tmp_path / "cut.png")
    expect(page.locator("#problem")).to_contain_text("damaged picture")
    expect(page.locator("#status")).to_have_text("Not read")


def test_what_a_proxy_refuses_is_not_sent_again(page: Page) -> None:
    asked: list[Route] = []
    page.route("**/v1/predict*", refuse(asked, 413, body="<h1>Too large</h1>"))
    page.set_input_files("#choose", NUMBER)
    expect(page.locator("#problem")).to_have_text("A proxy refuses it (413); try a smaller picture")
    page.wait_for_timeout(3000)
    assert len(asked) == 1


def test_no_answer_to_other_ink_stays_while_the_server_is_away(page: Page) -> None:
    draw(page, "4")
    expect(page.locator("#text")).to_have_text("4")
    page.route("**/v1/predict*", abort)
    draw(page, "1")
    expect(page.locator("#problem")).to_contain_text("Your drawing is kept")
    expect(page.locator("#text")).to_be_empty()
    page.keyboard.press("Escape")
    expect(page.locator("#problem")).to_be_empty()
    expect(page.locator("#status")).to_have_text("Nothing to read yet")


def test_a_picture_that_has_to_wait_says_so(page: Page) -> None:
    busy = {"error": "busy", "hint": "try again"}
    page.route("**/v1/predict*", refuse([], 503, headers={"Retry-After": "60"}, json=busy))
    draw(page, "1")
    expect(page.locator("#problem")).to_have_text("busy; try again")
    page.set_input_files("#choose", NUMBER)
    expect(page.locator("#status")).to_have_text("Waiting for the server…")


def test_a_server_that_comes_back_is_asked_for_its_models(page: Page) -> None:
    page.select_option("#model", "tiny")
    page.route("**/v1/predict*", abort)
    draw(page, "1")
    expect(page.locator("#problem")).to_contain_text("Your drawing is kept")
    models = [{"name": name, "default": name == "new", "classes": []} for name in ("new", "tiny")]
    page.route("**/v1/models", refuse([], 200, json={"models": models, "corrections": False}))
    page.unroute("**/v1/predict*")
    expect(page.locator("#model option")).to_have_text(["new", "tiny"])
    expect(page.locator("#model")).to_have_value("tiny")


def test_too_many_requests_are_not_for_want_of_a_token(page: Page) -> None:
    many = {"error": "too many requests", "hint": "wait 1 s"}
    page.route("**/v1/models", refuse([], 429, json=many))
    page.reload()
    expect(page.locator("#problem")).to_have_text("too many requests; wait 1 s")
    expect(page.locator("#ask-token")).to_be_hidden()


@pytest.mark.parametrize("wrong", ["wrong", "secret—"])
def test_a_token(
    browser: Browser, serve: Servers, request: pytest.FixtureRequest, wrong: str
) -> None:
    address = serve("--model", "tiny", "--token", "secret")
    for page in opened(browser.new_context(), address, request.node.name):
        expect(page.locator("#problem")).to_have_text(f"a token is needed; {TOKEN}")
        draw(page, "1")
        page.fill("#token", wrong)
        page.keyboard.press("Enter")
        expect(page.locator("#problem")).to_have_text(f"The token is wrong; {TOKEN}")
        page.fill("#token", "secret")
        page.keyboard.press("Enter")
        expect(page.locator("#text")).to_have_text("1")
        expect(page.locator("#problem")).to_be_empty()


def test_the_same_answer_is_said_again(page: Page) -> None:
    draw(page, "4")
    expect(page.locator("#spoken")).to_have_text("Read: 4")
    page.keyboard.press("Escape")
    expect(page.locator("#spoken")).to_be_empty()
