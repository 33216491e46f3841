"""Back and forward on the page of maps: search box and filters match the cards."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.factories import drawn_grid, make_map, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def maps(transactional_db: None) -> None:
    author = make_user("Author")
    make_map(author, "Ember Forge", grid=drawn_grid(20, "Lava"))
    make_map(author, "Ember Gate", grid=drawn_grid(60, "Lava"))
    make_map(author, "Sunken Road", grid=drawn_grid(40, "Water"))


@pytest.fixture
def type_slowly(page: Page) -> Callable[[str], None]:
    def do(words: str) -> None:
        """Types with a pause after each letter, so that each is searched for."""
        for end in range(1, len(words) + 1):
            with page.expect_response(lambda response: "/maps/?" in response.url):
                page.get_by_role("searchbox").press_sequentially(words[end - 1])
            expect(page).to_have_url(re.compile(rf"q={words[:end]}\b"))

    return do


def shows(page: Page, q: str, terrain: str, size: str, cards: int) -> None:
    expect(page.locator(".card")).to_have_count(cards)
    expect(page.get_by_role("searchbox")).to_have_value(q)
    expect(page.get_by_label("Terrain")).to_have_value(terrain)
    expect(page.get_by_label("Size from")).to_have_value(size)


@pytest.mark.widths
def test_the_controls_go_back_and_forward_with_the_cards(
    page: Page, type_slowly: Callable[[str], None]
) -> None:
    page.goto("/maps/")
    page.evaluate("window.stillTheSamePage = true")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Terrain").select_option("lava")
    shows(page, "", "lava", "", 2)
    type_slowly("emb")
    page.get_by_label("Size from").select_option("50")
    shows(page, "emb", "lava", "50", 1)
    page.go_back()
    shows(page, "emb", "lava", "", 2)
    page.go_back()
    shows(page, "", "lava", "", 2)
    page.go_back()
    shows(page, "", "", "", 3)
    for _ in range(3):
        page.go_forward()
    shows(page, "emb", "lava", "50", 1)
    page.go_back()
    shows(page, "emb", "lava", "", 2)
    # The next filter keeps the others, and an emptied box is asked for too.
    page.get_by_label("Size from").select_option("30")
    expect(page).to_have_url(re.compile(r"\?q=emb&terrain=lava&size_min=30$"))
    shows(page, "emb", "lava", "30", 1)
    page.go_back()
    shows(page, "emb", "lava", "", 2)
    page.get_by_role("searchbox").fill("")
    expect(page).to_have_url(re.compile(r"\?terrain=lava$"))
    expect(page.locator("#announcement")).to_have_text("2 maps shown")
    assert page.evaluate("window.stillTheSamePage")


def test_a_search_is_one_step_however_slowly_it_is_typed(
    page: Page, type_slowly: Callable[[str], None]
) -> None:
    page.goto("/privacy/")
    page.get_by_role("link", name="Maps", exact=True).click()
    page.wait_for_url("**/maps/")  # and for its scripts
    type_slowly("ember")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.go_back()
    expect(page).to_have_url(re.compile(r"/maps/$"))
    expect(page.locator(".card")).to_have_count(3)
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/privacy/$"))


def test_values_that_the_controls_do_not_list_remain_when_another_filter_changes(
    page: Page,
) -> None:
    page.goto("/maps/?terrain=Lava&size_min=20")
    expect(page.get_by_label("Size from")).to_have_value("20")
    page.get_by_label("Size up to").select_option("30")
    expect(page).to_have_url(re.compile(r"\?terrain=Lava&size_min=20&size_max=30$"))
    expect(page.locator(".card")).to_have_count(1)
    page.go_back()
    expect(page.locator(".card")).to_have_count(2)
    expect(page.get_by_label("Terrain")).to_have_value("Lava")
    expect(page.get_by_label("Size from")).to_have_value("20")
    expect(page.get_by_label("Size up to")).to_have_value("")


def test_failures_are_shown_after_going_back_too(page: Page) -> None:
    page.goto("/maps/")
    page.get_by_role("link", name="Top").click()
    expect(page.locator("[aria-current=true]")).to_have_text("Top")
    page.go_back()
    expect(page.locator("[aria-current=true]")).to_have_text("Hot")
    page.context.set_offline(True)
    page.get_by_role("link", name="New", exact=True).click()
    expect(page.locator("#error-banner")).to_contain_text("You seem to be offline")
    page.context.set_offline(False)
