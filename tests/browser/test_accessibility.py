"""What axe finds by itself on each page: WCAG 2.1, levels A and AA. Nothing, that is."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from maps.rating import rate
from tests.cast import PASSWORD, make_map, make_tribe, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


def no_violations(page: Page) -> None:
    results = Axe().run(page, options=RULES)
    assert results.violations_count == 0, results.generate_report()
    assert results.response["passes"]  # it did look


def test_a_fault_would_be_found(page: Page) -> None:
    page.goto("/login/")
    page.evaluate("document.querySelector('label[for=id_username]').remove()")
    with pytest.raises(AssertionError, match="label"):
        no_violations(page)


def sign_in(page: Page, onward: str) -> None:
    page.goto(f"/login/?next={onward}")
    page.get_by_label("User name").fill("Mira")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("address", ["/maps/", "/maps/?q=nothing", "/login/", "/signup/"])
def test_pages_for_everybody(page: Page, address: str) -> None:
    make_map(make_user("Author"))
    page.goto(address)
    no_violations(page)


def test_what_a_form_complains_about(page: Page) -> None:
    page.goto("/signup/")
    page.get_by_label("User name").fill("Mira")
    page.get_by_label("E-mail address").fill("mira@example.com")
    page.get_by_label("Password").fill("short")
    page.get_by_label("I agree to the privacy policy").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("This password is too short")).to_be_visible()
    no_violations(page)


def test_a_map_its_author_and_an_account(page: Page) -> None:
    author, mira = make_user("Author"), make_user("Mira")
    game_map = make_map(author)
    make_map(author, "Other Ford")
    rate(player=mira, map_id=game_map.pk, stars=4)
    page.goto(game_map.get_absolute_url())
    expect(page.locator("canvas")).to_be_visible()
    no_violations(page)
    sign_in(page, game_map.get_absolute_url())
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="Heights").click()
    page.get_by_text("All numbers in a table").click()
    no_violations(page)
    for address in ("/players/Author/", "/account/"):
        page.goto(address)
        no_violations(page)


def test_tribes_and_their_editor(page: Page) -> None:
    mira = make_user("Mira")
    sign_in(page, "/tribes/")
    expect(page.get_by_role("link", name="Aggressive")).to_be_visible()
    no_violations(page)
    tribe = make_tribe(mira)
    for address in ("/tribes/", "/tribes/new/", f"/tribes/{tribe.pk}/"):
        page.goto(address)
        no_violations(page)


def test_a_map_that_could_not_be_loaded(page: Page) -> None:
    page.route("**/terrain.json", lambda route: route.abort("internetdisconnected"))
    page.goto(make_map(make_user("Author"), wave_config={}).get_absolute_url())
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    no_violations(page)
