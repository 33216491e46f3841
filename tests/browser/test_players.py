"""What players do, by mouse, by keyboard, and without JavaScript."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import no_sideways_scrolling
from tests.support.emails import last_email
from tests.support.factories import PASSWORD, make_map, make_user
from tests.support.live_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def maps(transactional_db: None) -> None:
    author = make_user("Author")
    for n in range(26):
        make_map(author, f"Meadow {n}")
    make_map(author, "Ember Forge", description="Hot.")


@pytest.mark.widths
def test_a_new_player_can_rate_a_map(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_title("Maps · Tribehold")
    no_sideways_scrolling(page)
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("Username").fill("Mira")
    page.get_by_label("Email address").fill("mira@example.com")
    page.get_by_label("Password").fill("short")
    page.get_by_label("I agree to the privacy policy").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("This password is too short")).to_be_visible()
    no_sideways_scrolling(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("Mira", exact=True)).to_be_visible()

    page.evaluate("window.stillTheSamePage = true")
    page.get_by_role("searchbox").press_sequentially("embe")
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=embe"))
    assert page.evaluate("window.stillTheSamePage")

    page.get_by_role("link", name="Ember Forge").click()
    expect(page.get_by_role("heading", name="Ember Forge")).to_be_visible()
    no_sideways_scrolling(page)
    rating = page.locator("#rating")
    expect(rating).to_contain_text("not rated yet")
    page.evaluate("window.stillTheSamePage = true")
    page.get_by_role("button", name="4 stars").click()
    expect(rating).to_contain_text("★ 4.00")
    expect(rating).to_contain_text("(1)")
    expect(page.get_by_role("button", name="4 stars", pressed=True)).to_be_focused()
    page.get_by_role("button", name="2 stars").click()
    expect(rating).to_contain_text("★ 2.00")
    page.get_by_role("button", name="Remove my rating").click()
    expect(rating).to_contain_text("not rated yet")
    assert page.evaluate("window.stillTheSamePage")

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


@pytest.mark.widths
def test_orders_and_pages_in_place_and_back(page: Page) -> None:
    page.goto("/maps/")
    page.evaluate("window.stillTheSamePage = true")
    page.get_by_role("link", name="Most played").click()
    expect(page.locator("[aria-current=true]")).to_have_text("Most played")
    expect(page.locator(".card")).to_have_count(24)
    page.get_by_role("searchbox").fill("meadow")
    expect(page).to_have_url(re.compile(r"q=meadow&sort=plays"))
    assert page.evaluate("window.stillTheSamePage")
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?sort=plays$"))
    expect(page.locator("[aria-current=true]")).to_have_text("Most played")


def rows_stand_apart(page: Page) -> bool:
    """Returns whether all rows of cards have the same distance, also between parts of the list."""
    apart: bool = page.evaluate(
        """(() => {
          const boxes = [...document.querySelectorAll(".card")].map((c) => c.getBoundingClientRect());
          const tops = [...new Set(boxes.map((box) => box.top))];
          const row = (top) => boxes.filter((box) => box.top === top).map((box) => box.bottom);
          return tops.slice(1).every((top, i) => Math.abs(top - Math.max(...row(tops[i])) - 16) < 1);
        })()"""
    )
    return apart


@pytest.mark.parametrize("sort", ["new", "random"])
def test_more_cards_load_while_scrolling_and_are_restored_on_return(page: Page, sort: str) -> None:
    author = make_user("Forester")
    for n in range(30):
        make_map(author, f"Forest {n}")
    page.goto(f"/maps/?sort={sort}")
    expect(page.locator(".card")).to_have_count(24)
    for count in (48, 57):
        page.locator(".footer").scroll_into_view_if_needed()
        expect(page.locator(".card")).to_have_count(count)
    assert rows_stand_apart(page)
    expect(page.get_by_role("link", name="Previous")).to_have_count(0)
    expect(page).to_have_url(re.compile(rf"\?(cursor=[\w-]+&)?sort={sort}$"))
    no_sideways_scrolling(page)
    names = page.locator(".card__name").all_inner_texts()
    page.locator(".card__link").nth(54).click()
    expect(page.get_by_role("heading", name=names[54], exact=True)).to_be_visible()
    page.go_back()
    expect(page.locator(".card")).to_have_count(57)
    assert page.locator(".card__name").all_inner_texts() == names
    expect(page.locator(".card__link").nth(54)).to_be_in_viewport()


@pytest.mark.widths
@pytest.mark.parametrize("name", ["Wilhelma", "A_name_of_twenty_two"])
def test_the_header_does_not_wrap(page: Page, name: str) -> None:
    make_user(name)
    page.goto("/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    no_sideways_scrolling(page)
    cut, height = page.evaluate(
        """(() => {
          const name = document.querySelector(".nav__username");
          const words = document.createRange();
          words.selectNodeContents(document.querySelector(".nav--account .button"));
          return [name.scrollWidth > name.clientWidth, words.getBoundingClientRect().height];
        })()"""
    )
    assert height < 30  # one line
    assert not cut or len(name) > 8


@pytest.mark.widths
def test_the_authors_name_is_as_large_as_a_finger(page: Page) -> None:
    page.goto("/maps/?q=ember")
    page.get_by_role("link", name="Author").scroll_into_view_if_needed()
    name = page.get_by_role("link", name="Author")
    box = name.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 44
    paragraph = page.locator(".card__author").bounding_box()
    assert paragraph
    assert paragraph["height"] < 30  # it looks as before
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 41)
    expect(page).to_have_url(re.compile(r"/players/Author/$"))


@pytest.mark.widths
def test_filters_act_in_place_and_can_be_shared(page: Page) -> None:
    page.goto("/maps/")
    page.get_by_text("Filters", exact=True).click()
    no_sideways_scrolling(page)
    page.get_by_label("Terrain").select_option("lava")
    expect(page.get_by_role("heading", name="No maps found")).to_be_visible()
    expect(page.get_by_text("Filters (1)")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/maps/\?terrain=lava$"))
    page.get_by_label("Terrain").select_option("grass")
    expect(page.locator(".card")).to_have_count(24)
    page.get_by_role("searchbox").fill("forge colour:red")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.get_by_text("“colour” is unknown")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Terrain")).to_have_value("grass")
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("link", name="Remove filter Terrain: Grass").click()
    expect(page.get_by_label("Terrain")).to_have_value("")
    expect(page.get_by_role("searchbox")).to_have_value("forge colour:red")


def test_changes_are_announced_and_failures_are_shown(page: Page) -> None:
    page.goto("/maps/")
    page.get_by_role("searchbox").fill("ember")
    expect(page.locator("#announcement")).to_have_text("1 map shown")
    page.context.set_offline(True)
    page.get_by_role("link", name="Top").click()
    expect(page.locator("#error-banner")).to_contain_text("You seem to be offline")
    page.context.set_offline(False)
    page.get_by_role("link", name="Top").click()
    expect(page.locator("[aria-current=true]")).to_have_text("Top")
    expect(page.locator("#error-banner")).to_be_hidden()
    expect(page.get_by_role("link", name="Top")).to_be_focused()


def test_times_are_shown_in_the_time_zone_of_the_reader(page: Page) -> None:
    page.goto("/maps/?q=ember")
    expect(page.locator("time")).to_have_attribute("title", re.compile(r"\d{4}"))


@pytest.mark.widths
def test_the_page_works_by_keyboard_alone(page: Page) -> None:
    make_user("Mira")
    page.goto("/maps/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.goto("/login/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("Mira")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Mira", exact=True)).to_be_visible()
    page.get_by_role("searchbox").focus()
    page.keyboard.type("ember")
    expect(page.locator(".card")).to_have_count(1)
    for _ in range(8):  # search button, filters, five orders, the card
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ember Forge")).to_be_visible()
    page.get_by_role("button", name="5 stars").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rating")).to_contain_text("★ 5.00")


def test_nothing_is_lost_without_javascript(chromium: Browser, site: Site) -> None:
    make_user("Mira")
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login/?next=/maps/")
    page.get_by_label("Username").fill("Mira")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_role("searchbox").fill("ember")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Ember Forge").click()
    page.get_by_role("button", name="3 stars").click()
    expect(page.locator("#rating")).to_contain_text("★ 3.00")
    context.close()


def test_the_api_explorer_shows_all_routes(page: Page) -> None:
    page.goto("/api/docs")
    expect(page.get_by_text("/api/v1/maps/{map_id}/rating").first).to_be_visible()


def test_a_new_player_can_reset_the_password(page: Page, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    page.goto("/signup/")
    page.get_by_label("Username").fill("Mira")
    page.get_by_label("Email address").fill("mira@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("I agree to the privacy policy").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("Mira", exact=True)).to_be_visible()
    page.goto(last_email()[1])
    page.get_by_role("button", name="This is my address").click()
    expect(page.get_by_text("Your email address is confirmed")).to_be_visible()
    no_sideways_scrolling(page)
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Forgot your password").click()
    page.get_by_label("Username or email address").fill("MIRA@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_text("sent it an email")).to_be_visible()
    no_sideways_scrolling(page)
    page.goto(last_email()[1])
    page.get_by_label("New password", exact=True).fill("quite another sentence")
    page.get_by_label("Repeat new password").fill("quite another sentence")
    page.get_by_role("button", name="Change password").click()
    page.get_by_label("Username").fill("mira")
    page.get_by_label("Password").fill("quite another sentence")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Mira", exact=True)).to_be_visible()
