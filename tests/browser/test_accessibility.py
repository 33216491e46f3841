"""axe finds no violation on any page: WCAG 2.1, levels A and AA."""

from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from maps.feedback.actions import rate_map
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.transactions import run
from tests.support.browser import no_violations, sign_in
from tests.support.factories import make_map, make_tribe, make_user

pytestmark = [pytest.mark.browser, pytest.mark.widths, pytest.mark.django_db(transaction=True)]


def test_the_check_finds_an_accessibility_violation(page: Page) -> None:
    page.goto("/login/")
    page.evaluate("document.querySelector('label[for=id_username]').remove()")
    with pytest.raises(AssertionError, match="label"):
        no_violations(page)


@pytest.mark.parametrize("address", ["/maps/", "/maps/?q=nothing", "/login/", "/signup/"])
def test_public_pages_are_accessible(page: Page, address: str) -> None:
    make_map(make_user("Author"))
    page.goto(address)
    no_violations(page)


def test_a_form_with_errors_is_accessible(page: Page) -> None:
    page.goto("/signup/")
    page.get_by_label("Username").fill("Mira")
    page.get_by_label("Email address").fill("mira@example.com")
    page.get_by_label("Password").fill("short")
    page.get_by_label("I agree to the privacy policy").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("This password is too short")).to_be_visible()
    no_violations(page)


def test_pages_of_a_map_a_player_and_an_account_are_accessible(page: Page) -> None:
    author, mira = make_user("Author"), make_user("Mira")
    game_map = make_map(author)
    make_map(author, "Other Ford")
    rate_map(player=mira, map_id=game_map.pk, stars=4)
    page.goto(game_map.get_absolute_url())
    expect(page.locator("canvas")).to_be_visible()
    no_violations(page)
    sign_in(page, game_map.get_absolute_url())
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="Heights").click()
    page.get_by_text("Show as table").click()
    no_violations(page)
    for address in ("/players/Author/", "/account/"):
        page.goto(address)
        no_violations(page)


def test_the_list_of_lobbies_is_accessible(page: Page) -> None:
    page.goto("/lobbies/")
    expect(page.get_by_text("No open lobbies right now")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    no_violations(page)
    host = make_user("Hosta")
    run(lobby_actions.create, host.pk, map_id=make_map(host).pk, tribe_id=make_tribe(host).pk)
    expect(page.locator(".lobby-card")).to_have_count(1)
    no_violations(page)
    page.get_by_label("Invite code").fill("x")
    page.get_by_role("button", name="Find lobby").click()
    expect(page.get_by_text("A code has 6 letters and digits")).to_be_visible()
    no_violations(page)


def test_a_lobby_from_its_opening_to_its_end(page: Page) -> None:
    mira, guest = make_user("Mira"), make_user("Guest")
    game_map = make_map(mira)
    address = f"/lobbies/new/?map={game_map.pk}"
    sign_in(page, address)
    expect(page.get_by_role("link", name="Create your first tribe")).to_be_visible()
    no_violations(page)
    make_tribe(mira)
    page.goto(address)
    no_violations(page)
    page.get_by_role("button", name="Open lobby").click()
    lobby = page.locator("#lobby[data-connection=live]")
    expect(lobby).to_be_visible()
    no_violations(page)
    lobby_id = UUID(lobby.get_attribute("data-lobby") or "")
    run(lobby_actions.join, lobby_id, guest.pk, tribe_id=make_tribe(guest).pk)
    expect(page.locator(".seat__name", has_text="Guest")).to_be_visible()
    page.locator(".seat__kick summary:visible").last.click()
    no_violations(page)
    run(lobby_actions.leave, lobby_id, guest.pk)
    page.get_by_role("button", name="I’m ready").click()
    page.get_by_role("button", name="Start alone").click()
    expect(page.locator(".countdown__number")).to_be_visible()
    no_violations(page)
    expect(page.get_by_role("heading", name="The game has started")).to_be_visible()
    no_violations(page)
    run(lobby_actions.end, lobby_id, mira.pk)
    expect(page.get_by_role("heading", name="The game is over")).to_be_visible()
    no_violations(page)


def test_the_page_to_join_a_lobby_is_accessible(page: Page) -> None:
    host, mira = make_user("Hosta"), make_user("Mira")
    lobby = run(
        lobby_actions.create, host.pk, map_id=make_map(host).pk, tribe_id=make_tribe(host).pk
    ).after
    page.goto(f"/lobbies/{lobby.id}/")
    no_violations(page)
    make_tribe(mira)
    sign_in(page, f"/lobbies/join/{lobby.code}/")
    expect(page.get_by_role("button", name="Join")).to_be_visible()
    no_violations(page)


def test_pages_of_tribes_are_accessible(page: Page) -> None:
    mira = make_user("Mira")
    sign_in(page, "/tribes/")
    expect(page.get_by_role("link", name="Aggressive")).to_be_visible()
    no_violations(page)
    tribe = make_tribe(mira)
    for address in ("/tribes/", "/tribes/new/", f"/tribes/{tribe.pk}/"):
        page.goto(address)
        no_violations(page)


def test_a_map_that_could_not_be_loaded_is_accessible(page: Page) -> None:
    page.route("**/terrain.json", lambda route: route.abort("internetdisconnected"))
    page.goto(make_map(make_user("Author"), wave_config={}).get_absolute_url())
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    no_violations(page)
