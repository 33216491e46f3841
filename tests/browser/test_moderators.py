"""A moderator at work."""

import pytest
from playwright.sync_api import Page, expect

from maps.models import GameMap
from tests.support.factories import PASSWORD, make_map, make_moderator, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.widths
def test_a_moderator_hides_a_map_and_restores_it(page: Page) -> None:
    make_moderator()
    game_map = make_map(make_user("Author"), "Stolen Ford")
    page.goto("/admin/")
    page.get_by_label("Username").fill("Moderna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto("/admin/maps/gamemap/")
    page.get_by_role("link", name="Stolen Ford", exact=True).click()
    picture = page.get_by_role("img", name="Picture of Stolen Ford")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1200
    page.get_by_role("button", name="Hide").click()
    page.get_by_label("Reason").fill("Copied from another game.")
    page.get_by_role("button", name="Hide maps").click()
    expect(page.get_by_text("1 map hidden.")).to_be_visible()
    assert not GameMap.objects.published().exists()

    page.goto(game_map.get_absolute_url())
    expect(page.get_by_text("Copied from another game.")).to_be_visible()

    page.goto("/admin/maps/gamemap/?state=hidden")
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("restore")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Reason").fill("The author showed the licence.")
    page.get_by_role("button", name="Restore maps").click()
    expect(page.get_by_text("1 map restored.")).to_be_visible()
    assert GameMap.objects.published().exists()


def test_a_moderator_bans_a_player(page: Page) -> None:
    make_moderator()
    player = make_user("Nuisance")
    page.goto("/admin/login/?next=/admin/accounts/user/?q=nuisance")
    page.get_by_label("Username").fill("moderna@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("input.action-select").check()
    page.locator("select[name=action]").select_option("ban")
    page.get_by_role("button", name="Go").click()
    page.get_by_label("Reason").fill("Insults in map names.")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("1 of 1 players: banned.")).to_be_visible()
    player.refresh_from_db()
    assert not player.is_active


@pytest.mark.parametrize("width", [375, 768])
def test_the_list_uses_the_whole_width(page: Page, width: int) -> None:
    make_moderator()
    make_map(make_user("Author"), "The long and winding ford of the north")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/admin/login/?next=/admin/maps/gamemap/")
    page.get_by_label("Username").fill("Moderna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    results, name = (
        page.locator("#changelist-form .results"),
        page.locator("td.field-label, th.field-label"),
    )
    room, cell = results.bounding_box(), name.bounding_box()
    assert room
    assert cell
    assert room["width"] >= width - 80
    assert cell["width"] >= 176
    assert cell["x"] + cell["width"] <= width
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.get_by_role("link", name="Filters").click()
    expect(page.get_by_role("link", name="Hidden by a moderator")).to_be_in_viewport()
