"""Favourites and collections, by mouse, by keyboard, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from maps.collections.actions import add_map, create_collection
from maps.models import GameMap, MapFavourite
from tests.support.browser import no_sideways_scrolling, no_violations, sign_in
from tests.support.factories import make_map, make_user
from tests.support.live_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def mira(transactional_db: None) -> User:
    author = make_user("Author")
    for name in ("Ash Mill", "Birch Ford", "Clay Pit"):
        make_map(author, name)
    return make_user("Mira")


@pytest.mark.widths
def test_favourites_change_in_place(page: Page) -> None:
    sign_in(page, "/maps/")
    page.evaluate("window.stillTheSamePage = true")
    button = page.get_by_role("button", name="Favourite Birch Ford")
    expect(button).to_have_attribute("aria-pressed", "false")
    box = button.bounding_box()
    assert box
    assert box["width"] >= 44
    assert box["height"] >= 44
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")  # the new button has the focus of the old one
    expect(button).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    assert page.evaluate("window.stillTheSamePage")
    no_sideways_scrolling(page)
    no_violations(page)

    page.get_by_role("link", name="Birch Ford").click()
    expect(page.get_by_role("heading", name="Birch Ford", exact=True)).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "true")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")
    assert MapFavourite.objects.count() == 0


@pytest.mark.widths
def test_a_collection_from_its_making_to_its_sharing(page: Page, chromium: Browser) -> None:
    sign_in(page, "/maps/")
    page.get_by_role("link", name="Collections").click()
    no_violations(page)
    page.get_by_label("Name").fill("Quiet places")
    page.get_by_role("button", name="Create collection").click()
    expect(page.get_by_role("heading", name="Quiet places")).to_be_visible()
    for name in ("Ash Mill", "Birch Ford"):
        page.goto(GameMap.objects.get(name=name).get_absolute_url())
        page.get_by_text("Add to a collection").click()
        page.get_by_label("Collection", exact=True).select_option("Quiet places")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("Added to the collection.").first).to_be_visible()
        no_sideways_scrolling(page)
        no_violations(page)
    page.get_by_role("link", name="Collections").click()
    page.get_by_role("link", name="Quiet places", exact=True).click()
    expect(page.locator(".card__name")).to_have_text(["Ash Mill", "Birch Ford"])
    page.evaluate("window.stillTheSamePage = true")
    page.get_by_role("button", name="Move down Ash Mill").click()
    expect(page.locator(".card__name")).to_have_text(["Birch Ford", "Ash Mill"])
    page.get_by_role("button", name="Move up Ash Mill").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".card__name")).to_have_text(["Ash Mill", "Birch Ford"])
    page.get_by_role("button", name="Remove Ash Mill").click()
    expect(page.locator(".card__name")).to_have_text(["Birch Ford"])
    no_violations(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card__name")).to_have_text(["Ash Mill", "Birch Ford"])
    assert page.evaluate("window.stillTheSamePage")
    page.get_by_role("button", name="Make it public").click()
    address = page.get_by_label("Link").input_value()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == address
    no_sideways_scrolling(page)
    no_violations(page)
    stranger = chromium.new_context()
    other = stranger.new_page()
    other.goto(address)
    expect(other.locator(".card__name")).to_have_text(["Ash Mill", "Birch Ford"])
    expect(other.get_by_role("button")).to_have_count(0)
    no_violations(other)
    stranger.close()


@pytest.mark.widths
def test_tab_reaches_the_collections_of_a_map(page: Page) -> None:
    sign_in(page, GameMap.objects.get(name="Ash Mill").get_absolute_url())
    page.get_by_role("button", name="Favourite Ash Mill").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Add to a collection")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Put it in a new collection")).to_be_focused()


def test_renaming_and_deleting(page: Page, mira: User) -> None:
    collection = create_collection(player=mira, given={"name": "Quiet places"})
    sign_in(page, "/collections/")
    page.get_by_role("link", name="Edit Quiet places").click()
    page.get_by_label("Name").fill("  ")
    page.get_by_label("Name").fill("Loud places")
    no_violations(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Loud places")).to_be_visible()
    page.goto(f"{collection.get_absolute_url()}delete")
    no_violations(page)
    page.get_by_role("button", name="Delete collection").click()
    expect(page.get_by_text("The collection is deleted")).to_be_visible()
    expect(page.get_by_text("No collections yet.")).to_be_visible()


def test_without_javascript(chromium: Browser, site: Site, mira: User) -> None:
    collection = create_collection(player=mira, given={"name": "Quiet places"})
    for game_map in GameMap.objects.order_by("name"):
        add_map(player=mira, collection_id=collection.pk, map_id=game_map.pk)
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "/maps/?q=clay")
    button = page.get_by_role("button", name="Favourite Clay Pit")
    button.click()
    expect(page).to_have_url(re.compile(r"/maps/\?q=clay#favourite-"))
    expect(button).to_have_attribute("aria-pressed", "true")
    page.goto(collection.get_absolute_url())
    page.get_by_role("button", name="Move up Clay Pit").click()
    expect(page.locator(".card__name")).to_have_text(["Ash Mill", "Clay Pit", "Birch Ford"])
    page.get_by_role("button", name="Remove Clay Pit").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card__name")).to_have_text(["Ash Mill", "Clay Pit", "Birch Ford"])
    context.close()
