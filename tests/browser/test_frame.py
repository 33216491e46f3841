"""What all pages share: the header, messages about failures, times, rows of forms."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import no_violations, sign_in
from tests.support.factories import PASSWORD, make_user

pytestmark = [pytest.mark.browser, pytest.mark.widths, pytest.mark.django_db(transaction=True)]


def assert_no_overlap(page: Page, *selectors: str) -> None:
    """Asserts that elements do not overlap, and do not leave the page."""
    boxes = [
        box
        for selector in selectors
        for each in page.locator(selector).all()
        if (box := each.bounding_box())
    ]
    width = page.viewport_size["width"] if page.viewport_size else 0
    for n, one in enumerate(boxes):
        assert one["width"] > 20
        assert one["x"] >= 0
        assert one["x"] + one["width"] <= width
        for other in boxes[n + 1 :]:
            assert (
                one["x"] + one["width"] <= other["x"] + 1
                or other["x"] + other["width"] <= one["x"] + 1
                or one["y"] + one["height"] <= other["y"] + 1
                or other["y"] + other["height"] <= one["y"] + 1
            )


@pytest.mark.parametrize("name", ["Mira", "A_name_of_fifty_characters_that_is_as_long_as_it_g"])
def test_the_header_fits_at_twice_the_text_size(page: Page, name: str) -> None:
    make_user(name)
    page.goto("/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    for size in ("100%", "200%"):
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        assert_no_overlap(page, ".brand", ".nav > a", ".nav--account button")
        assert all(
            box["height"] >= 44 for a in page.locator(".nav > a").all() if (box := a.bounding_box())
        )


def test_the_skip_link_shows_and_moves_nothing(page: Page) -> None:
    page.goto("/maps/")
    top = "document.querySelector('.header').getBoundingClientRect().top"
    before = page.evaluate(top)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    assert skip.evaluate("skip => getComputedStyle(skip).outlineStyle") == "solid"
    assert page.evaluate(top) == before
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_failures_are_shown_in_view_and_can_be_closed(page: Page) -> None:
    page.goto("/maps/")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("link", name="Privacy").focus()
    page.evaluate("document.dispatchEvent(new CustomEvent('htmx:sendError'))")
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page.get_by_role("alert")).to_contain_text("You seem to be offline")
    no_violations(page)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#error-banner")).to_be_hidden()
    expect(page.get_by_role("link", name="Privacy")).to_be_focused()


def test_an_error_of_a_rate_limit_shows_the_time_left(page: Page) -> None:
    page.goto("/maps/")
    page.evaluate(
        """() => {
          const xhr = { status: 429, getResponseHeader: (name) => name === "Retry-After" && "42" };
          document.dispatchEvent(new CustomEvent("htmx:responseError", { detail: { xhr } }));
        }"""
    )
    expect(page.get_by_role("alert")).to_contain_text("try again in 42 s")


def test_a_tap_shows_the_exact_time(page: Page) -> None:
    make_user("Mira")
    sign_in(page, "/account/")
    time = page.locator("time").first
    expect(time).to_have_text("just now")
    time.click()
    expect(time).to_contain_text(re.compile(r"\d{4}"))
    time.click()
    expect(time).to_have_text("just now")


def test_a_checkbox_and_its_label_are_one_target(page: Page) -> None:
    page.goto("/signup/")
    row = page.locator(".check")
    box = row.bounding_box()
    assert box
    assert box["height"] >= 44
    row.get_by_text("I agree to the").click(position={"x": 5, "y": 5})
    expect(page.get_by_label("I agree to the privacy policy")).to_be_checked()
    row.get_by_role("link", name="privacy policy").click()
    expect(page.get_by_role("heading", name="Privacy", exact=True)).to_be_visible()
