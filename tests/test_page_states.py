"""What the page shows in each state: it fits its window, and everybody can use it (axe-core)."""

from pathlib import Path

import pytest

from tests.browsing import Browser, Route, draw, expect, faults, opened

ROOT = Path(__file__).parents[1]


def in_doubt(route: Route) -> None:
    """The server's answer, but unsure: no drawing is for every model."""
    response = route.fetch()
    doubt = {"status": "unsure", "probability": 0.62, "why": "62.0% likely", "warnings": ["faint"]}
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
            expect(page.locator("#warnings li")).to_have_text(["62.0% likely", "faint"])
        assert faults(page, width) == []


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
        assert faults(page, 390) == []


def one_row_in_doubt(route: Route) -> None:
    response = route.fetch()
    answer = response.json() | {"status": "unsure", "why": "one of two"}
    answer["rows"][1]["status"] = "unsure"
    route.fulfill(response=response, json=answer)


def test_the_row_in_doubt_is_shown(browser: Browser, address: str) -> None:
    for page in opened(browser.new_context(), address, "one_row_in_doubt"):
        page.route("**/v1/predict*", one_row_in_doubt)
        page.locator('[data-sample="/two_rows.png"]').click()
        expect(page.locator("#warnings li")).to_have_text(["one of two", "Unsure of 1 of 2 rows"])
        expect(page.locator("#text .unsure")).to_have_text("1147")
        expect(page.locator("#text .read")).to_have_text("2026")
        assert page.locator("#boxes .unsure").count() == page.locator("#boxes .read").count() == 4
