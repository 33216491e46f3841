"""Checks for pages in a browser."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.factories import PASSWORD

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


def no_violations(page: Page) -> None:
    results = Axe().run(page, options=RULES)
    assert results.violations_count == 0, results.generate_report()
    assert results.response["passes"]  # rules did run


def sign_in(page: Page, onward: str) -> None:
    page.goto(f"/login/?next={onward}")
    page.get_by_label("Username").fill("Mira")
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():  # until the page has loaded: until then it has no scripts
        page.get_by_role("button", name="Sign in").click()


def no_sideways_scrolling(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
