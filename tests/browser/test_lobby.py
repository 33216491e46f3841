"""Two players in two browsers: from opening a lobby to the end of the game, and what can go wrong."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from accounts.models import User
from maps.editing import actions as editing_actions
from maps.models import GameMap
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.transactions import run
from sessions_app.lobby_list import feed
from sessions_app.models import GameSession, SessionPlayer
from tests.support.browser import no_sideways_scrolling, no_violations
from tests.support.database import execute
from tests.support.factories import NOBODY, PASSWORD, make_map, make_tribe, make_user
from tests.support.live_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# What the console of a browser shows when the network is lost, as these tests cause it.
WANTED = ("WebSocket connection to", "ERR_INTERNET_DISCONNECTED", "status of 404", "ERR_CONNECTION")
Enter = Callable[..., Page]


@pytest.fixture
def game_map(transactional_db: None) -> GameMap:
    return make_map(make_user("Author"))


@pytest.fixture
def players(game_map: GameMap) -> dict[str, User]:
    found = {name: make_user(name) for name in ("Mira", "Odo")}
    make_tribe(found["Mira"], "Ravens")
    make_tribe(found["Odo"], "Iron Oaks", color_theme="#32CD32")
    make_tribe(found["Odo"], "Tides", color_theme="#4169E1")
    return found


@pytest.fixture
def enter(chromium: Browser, site: Site) -> Iterator[Enter]:
    """Opens a browser for a player or a visitor. Errors in its console fail the test."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def listen(message: ConsoleMessage) -> None:
        wanted = any(words in message.text for words in WANTED)
        if message.type in ("error", "warning") and not wanted:
            complaints.append(message.text)

    def open_one(name: str = "", *, width: int = 1440, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=site.url, viewport={"width": width, "height": 900}, **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if name:
            page.goto("/login/")
            page.get_by_label("Username").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_text(name, exact=True)).to_be_visible()
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def live(page: Page) -> None:
    expect(page.locator("#lobby[data-connection=live]")).to_be_visible()


def seat(page: Page, name: str) -> Any:
    return page.locator(".seat", has=page.get_by_text(name, exact=True))


def ready(page: Page) -> Any:
    return page.get_by_role("button", name="I’m ready")


def opened(page: Page, game_map: GameMap) -> str:
    """Opens a lobby on a map and returns its code."""
    page.goto(game_map.get_absolute_url())
    page.get_by_role("link", name="Play together").click()
    page.get_by_role("button", name="Open lobby").click()
    live(page)
    return page.locator("[data-part=code]").inner_text()


def both_seated(enter: Enter, game_map: GameMap) -> tuple[Page, Page]:
    host, guest = enter("Mira"), enter("Odo", width=375)
    guest.goto(f"/lobbies/join/{opened(host, game_map)}/")
    guest.get_by_role("button", name="Join").click()
    live(guest)
    return host, guest


def test_players_join_by_code_play_and_end_the_game(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    host, guest = enter("Mira"), enter("Odo", width=375)
    code = opened(host, game_map)
    expect(seat(host, "Mira")).to_contain_text("Host")

    guest.goto("/lobbies/")
    guest.get_by_label("Invite code").fill(code.lower())
    guest.get_by_role("button", name="Find lobby").click()
    expect(guest.get_by_text("Ravens, Support")).to_be_visible()
    guest.get_by_label("Tides").check()
    guest.get_by_role("button", name="Join").click()
    live(guest)
    expect(seat(host, "Odo")).to_contain_text("Tides · Support")
    expect(host.locator("[data-part=taken]")).to_have_text("2 of 4")
    guest.get_by_label("Your tribe").select_option(label="Iron Oaks (Support)")
    expect(seat(host, "Odo")).to_contain_text("Iron Oaks · Support")

    guest.get_by_label("Message").fill("Shall <b>we</b>?")
    guest.keyboard.press("Enter")
    for page in (host, guest):
        expect(page.get_by_role("log")).to_contain_text("Shall <b>we</b>?")
        expect(page.locator("[role=log] b")).to_have_count(0)
        expect(page.locator("[role=log] time[title]")).to_have_count(1)
    expect(guest.get_by_label("Message")).to_have_value("")

    expect(guest.get_by_role("button", name="Start the game")).to_be_hidden()
    host.get_by_role("button", name="Start the game").click()
    expect(host.get_by_role("alert").filter(has_text="Not ready yet: Mira, Odo.")).to_be_visible()
    ready(host).click()
    expect(host.locator("#start-hint")).to_have_text("Waiting for Odo.")
    ready(guest).click()
    expect(seat(host, "Odo")).to_contain_text("✓ Ready")
    no_sideways_scrolling(guest)

    host.get_by_role("button", name="Start the game").click()
    for page in (host, guest):
        expect(page.locator(".countdown__number")).to_have_text("3")
    ready(guest).click()
    expect(host.get_by_text("Stopped: Odo is not ready.").last).to_be_visible()
    ready(guest).click()
    host.get_by_role("button", name="Start the game").click()
    for page in (host, guest):
        expect(page.get_by_role("heading", name="The game has started")).to_be_visible()
        expect(page.locator("[data-part=announcement]")).to_have_text("The game has started.")
        expect(page.get_by_text("You can’t play in the browser yet.")).to_be_visible()
    no_violations(guest)

    guest.get_by_label("Message").fill("Well fought")
    guest.get_by_role("button", name="Send").click()
    expect(host.get_by_role("log")).to_contain_text("Well fought")
    expect(guest.get_by_text("End the game")).to_be_hidden()
    host.get_by_text("End the game").click()
    host.get_by_role("button", name="End it").click()
    for page in (host, guest):
        expect(page.get_by_role("heading", name="The game is over")).to_be_visible()
    expect(guest.get_by_role("link", name="Open lobbies")).to_be_visible()
    expect(guest.get_by_role("link", name="Join again")).to_be_hidden()
    no_sideways_scrolling(guest)
    guest.get_by_role("link", name="Play again").click()
    expect(guest.get_by_role("heading", name="Open a lobby")).to_be_visible()
    expect(guest.get_by_label("Iron Oaks")).to_be_checked()
    assert GameSession.objects.get().status == "Completed"


def test_a_reload_keeps_the_seat(enter: Enter, game_map: GameMap, players: dict[str, User]) -> None:
    host, guest = both_seated(enter, game_map)
    joined = SessionPlayer.objects.get(user=players["Odo"]).joined_at
    guest.reload()
    live(guest)
    expect(seat(host, "Odo").get_by_text("Not connected")).to_be_hidden()
    guest.goto("/lobbies/")
    expect(seat(host, "Odo").get_by_text("Not connected")).to_be_visible()
    guest.get_by_role("link", name="Return").click()
    live(guest)
    expect(seat(host, "Odo").get_by_text("Not connected")).to_be_hidden()
    assert SessionPlayer.objects.get(user=players["Odo"]).joined_at == joined


def test_a_lost_connection_is_restored_automatically(
    enter: Enter, game_map: GameMap, players: dict[str, User], site: Site
) -> None:
    host, guest = both_seated(enter, game_map)
    guest.context.set_offline(True)
    site.cut()
    expect(guest.get_by_text("Connection lost, trying again").first).to_be_visible()
    expect(seat(host, "Odo").get_by_text("Not connected")).to_be_visible()
    ready(guest).click()  # sent while the client is not connected
    guest.get_by_label("Message").fill("Hello")
    guest.keyboard.press("Enter")
    expect(
        guest.get_by_text("Your message will be sent when the connection is back.")
    ).to_be_visible()
    no_violations(guest)
    guest.context.set_offline(False)
    expect(guest.get_by_text("Connected again.")).to_be_visible()
    expect(seat(host, "Odo")).to_contain_text("✓ Ready")
    expect(ready(guest)).to_have_attribute("aria-pressed", "true")
    expect(host.get_by_role("log")).to_contain_text("Hello")
    expect(guest.get_by_text("It goes out when")).to_be_hidden()


def test_an_invited_new_player_gets_to_the_lobby(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    host, newcomer = enter("Mira"), enter(width=375)
    newcomer.goto(f"/lobbies/join/{opened(host, game_map)}/")
    newcomer.get_by_role("link", name="Create an account").click()
    newcomer.get_by_label("Username").fill("Wilhelma")
    newcomer.get_by_label("Email address").fill("wilhelma@example.com")
    newcomer.get_by_label("Password").fill("short")
    newcomer.get_by_label("I agree to the privacy policy").check()
    newcomer.get_by_role("button", name="Sign up").click()
    newcomer.get_by_label("Password").fill(PASSWORD)  # an error keeps the next URL, too
    newcomer.get_by_role("button", name="Sign up").click()
    expect(newcomer.get_by_role("heading", name="Join a lobby on Quiet Ford")).to_be_visible()


@pytest.mark.parametrize("is_public", [True, False])
def test_a_player_away_for_too_long_is_informed_and_can_join_again(
    enter: Enter, game_map: GameMap, players: dict[str, User], site: Site, is_public: bool
) -> None:
    _, guest = both_seated(enter, game_map)
    expect(guest.get_by_role("link", name="Join again")).to_be_hidden()
    lobby_id = UUID(guest.url.split("/")[-2])
    run(lobby_actions.change_settings, lobby_id, players["Mira"].pk, is_public=is_public)
    guest.context.set_offline(True)
    site.cut()
    expect(guest.get_by_text("Connection lost, trying again").first).to_be_visible()
    with transaction.atomic():  # as reconciliation frees the seat after half a minute
        execute("SELECT FROM game_sessions WHERE id = %s FOR UPDATE", lobby_id)
        execute("DELETE FROM session_players WHERE user_id = %s", players["Odo"].pk)
    guest.context.set_offline(False)
    freed = guest.get_by_role("heading", name="Your seat was freed while you were away")
    expect(freed).to_be_visible()
    expect(guest.get_by_role("link", name="Play again")).to_be_hidden()
    no_violations(guest)
    guest.get_by_role("link", name="Join again").click()
    guest.get_by_role("button", name="Join").click()
    live(guest)


def test_the_countdown_can_be_stopped_whatever_it_covers(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    host, guest = both_seated(enter, game_map)
    for page in (host, guest):
        ready(page).click()
    ready(guest).evaluate(
        "button => scrollTo(0, button.getBoundingClientRect().top + scrollY - 40)"
    )
    host.get_by_role("button", name="Start the game").click()
    stop = guest.get_by_role("button", name="Stop the countdown")
    expect(stop).to_be_visible()
    box = stop.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 44
    assert stop.evaluate(
        """button => {
          const { left, top, width, height } = button.getBoundingClientRect();
          return document.elementFromPoint(left + width / 2, top + height / 2) === button;
        }"""
    )
    no_sideways_scrolling(guest)
    guest.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(host.get_by_text("Stopped: Odo is not ready.").last).to_be_visible()
    expect(ready(guest)).to_have_attribute("aria-pressed", "false")


def test_a_second_page_takes_the_seat_and_the_first_shows_it(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    first = enter("Mira")
    opened(first, game_map)
    second = first.context.new_page()
    second.goto(first.url)
    live(second)
    expect(first.get_by_text("This lobby is open in another tab")).to_be_visible()
    expect(first.locator("[data-part=refusal]")).to_be_hidden()  # it is shown once
    no_violations(first)
    ready(first).click()  # what can't be done there leads to what can
    expect(first.get_by_role("button", name="Use it here")).to_be_focused()
    first.get_by_label("Message").fill("Hello")
    first.keyboard.press("Enter")
    expect(first.get_by_label("Message")).to_have_value("Hello")
    first.keyboard.press("Enter")
    live(first)
    expect(second.get_by_text("This lobby is open in another tab")).to_be_visible()


def test_a_tribe_that_is_made_on_another_page(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    page = enter("Mira")
    opened(page, game_map)
    mira, lobby_id = players["Mira"], page.url.split("/")[-2]
    owls = make_tribe(mira, "Owls", archetype="Support")
    run(lobby_actions.choose_tribe, UUID(lobby_id), mira.pk, tribe_id=owls.pk)
    expect(page.locator("#own-tribe option:checked")).to_have_text("Owls (Support)")
    expect(page.locator("#own-tribe")).to_have_value(str(owls.pk))


def test_a_new_password_does_not_disconnect_the_page(
    enter: Enter, game_map: GameMap, players: dict[str, User], site: Site
) -> None:
    page = enter("Mira")
    opened(page, game_map)
    page.evaluate("window.stays = true")
    account = page.context.new_page()
    account.goto("/account/")
    form = account.locator("form[action*=password]")
    for field, words in zip(
        form.locator("input[type=password]").all(),
        [PASSWORD, *["another long sentence"] * 2],
        strict=True,
    ):
        field.fill(words)
    form.get_by_role("button").click()
    expect(page.get_by_text("Connected again.")).to_be_visible()
    live(page)
    assert page.evaluate("window.stays")
    account.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.locator("[data-part=refusal]")).to_be_hidden()


def test_a_banned_player_does_not_read_that_the_host_removed_them(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    _, guest = both_seated(enter, game_map)
    User.objects.filter(pk=players["Odo"].pk).update(is_active=False)
    expect(guest.get_by_role("heading", name="You are no longer in this lobby")).to_be_visible()
    expect(guest.get_by_text("Your account is banned or deleted", exact=False).last).to_be_visible()


def test_an_error_is_shown_until_the_lobby_changes(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    host, guest = both_seated(enter, game_map)
    ready(host).click()
    host.get_by_role("button", name="Start the game").click()
    expect(host.get_by_role("alert")).to_have_text("Not ready yet: Odo.")
    ready(guest).click()
    expect(seat(host, "Odo")).to_contain_text("✓ Ready")
    expect(host.get_by_role("alert")).to_be_visible()  # long enough to be read
    expect(host.get_by_role("alert")).to_be_hidden()


def test_when_the_host_leaves_the_next_player_becomes_host(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    host, guest = both_seated(enter, game_map)
    host.get_by_text("Anyone (listed").wait_for()
    host.get_by_label("2 players").check()
    host.get_by_role("button", name="Save settings").click()
    expect(guest.get_by_text("Anyone may join, up to 2 players.")).to_be_visible()
    host.locator("summary:visible", has_text="Leave").click()
    host.keyboard.press("Escape")
    expect(host.get_by_role("button", name="Leave the lobby")).to_be_hidden()
    host.keyboard.press("Enter")  # what was pressed has the focus again
    host.get_by_role("button", name="Leave the lobby").click()
    expect(host).to_have_url(re.compile(r"/lobbies/$"))
    expect(guest.get_by_role("log")).to_contain_text("You are the host now.")
    expect(guest.get_by_role("button", name="Start alone")).to_be_visible()

    host.goto(guest.url)
    host.get_by_role("button", name="Join").click()
    live(host)
    seat(guest, "Mira").get_by_text("Remove").first.click()
    no_sideways_scrolling(guest)
    guest.get_by_role("button", name="Remove", exact=True).click()
    expect(host.get_by_role("heading", name="You were removed")).to_be_visible()
    expect(host.locator("[data-when=over]")).to_be_focused()
    expect(guest.locator("[data-part=taken]")).to_have_text("1 of 2")


def test_the_page_works_by_keyboard_alone(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    page = enter("Mira")
    opened(page, game_map)
    page.locator("main").focus()
    for _ in range(5):  # lobbies, the map, link, copy, ready
        page.keyboard.press("Tab")
    expect(ready(page)).to_be_focused()
    page.keyboard.press("Space")
    expect(ready(page)).to_have_attribute("aria-pressed", "true")
    expect(ready(page)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".countdown__number")).to_be_visible()
    expect(page.locator("[data-when~=InProgress]")).to_be_focused()
    page.keyboard.press("Tab")  # the API
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The game is over")).to_be_visible()


def test_alone_one_press_starts(enter: Enter, game_map: GameMap, players: dict[str, User]) -> None:
    page = enter("Mira", width=375)
    opened(page, game_map)
    expect(page.locator("#start-hint")).to_have_text("Wait for friends, or start alone.")
    page.get_by_role("button", name="Start alone").click()
    expect(page.locator(".countdown__number")).to_be_visible()


def test_the_invitation_is_below_the_seats_until_these_are_taken(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    host, guest = both_seated(enter, game_map)
    invitation = guest.get_by_role("heading", name="Invite friends")
    expect(invitation).to_be_visible()
    below, above = invitation.bounding_box(), ready(guest).bounding_box()
    assert below
    assert above
    assert below["y"] < above["y"]
    host.get_by_label("2 players").check()
    host.get_by_role("button", name="Save settings").click()
    for page in (host, guest):
        expect(page.get_by_role("heading", name="Invite friends")).to_be_hidden()


def test_the_list_is_live(
    enter: Enter, game_map: GameMap, players: dict[str, User], site: Site
) -> None:
    page, narrowed = enter(), enter(width=375)
    page.goto("/lobbies/")
    narrowed.goto("/lobbies/?map=lava")
    for each in (page, narrowed):
        expect(each.get_by_text("Live", exact=True)).to_be_visible()
    page.get_by_label("Map").focus()
    mira, odo = players["Mira"], players["Odo"]
    lobby = run(
        lobby_actions.create, mira.pk, map_id=game_map.pk, tribe_id=mira.tribes.get().pk, seats=3
    ).after
    card = page.locator(".lobby-card")
    expect(card).to_contain_text("1 of 3 seats taken")
    expect(card).to_contain_text("hosted by Mira")
    expect(page.get_by_label("Map")).to_be_focused()
    expect(page.locator("#announcement")).to_have_text("1 open lobby")
    expect(page.get_by_text("No open lobbies")).to_be_hidden()
    run(lobby_actions.join, lobby.id, odo.pk, tribe_id=odo.tribes.all()[0].pk)
    expect(card).to_contain_text("2 of 3 seats taken")
    page.context.set_offline(True)
    site.cut()
    expect(page.get_by_text("Reconnecting …")).to_be_visible()
    run(lobby_actions.leave, lobby.id, odo.pk)
    page.context.set_offline(False)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(card).to_contain_text("1 of 3 seats taken")
    card.get_by_role("link").focus()
    run(lobby_actions.leave, lobby.id, mira.pk)
    expect(card).to_contain_text("No longer open")  # not taken away from under the focus
    page.get_by_label("Map").focus()
    expect(card).to_have_count(0)
    expect(narrowed.locator(".lobby-card")).to_have_count(0)


def test_of_many_lobbies_the_older_ones_remain_and_count(
    enter: Enter,
    game_map: GameMap,
    players: dict[str, User],
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "MAX_LISTED", 1)
    mira, odo = players["Mira"], players["Odo"]
    old = run(
        lobby_actions.create, mira.pk, map_id=game_map.pk, tribe_id=mira.tribes.get().pk
    ).after
    run(lobby_actions.create, odo.pk, map_id=game_map.pk, tribe_id=odo.tribes.all()[0].pk)
    page = enter()
    page.goto(game_map.get_absolute_url())
    expect(page.get_by_text("2 open lobbies, 6 free seats")).to_be_visible()
    page.goto("/lobbies/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    cards = page.locator(".lobby-card")
    expect(cards).to_have_count(2)
    new = make_user("New1")
    run(lobby_actions.create, new.pk, map_id=game_map.pk, tribe_id=make_tribe(new).pk)
    expect(cards).to_have_count(3)
    expect(page.locator("#announcement")).to_have_text("3 open lobbies")
    page.context.set_offline(True)
    site.cut()
    expect(page.get_by_text("Reconnecting …")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(cards).to_have_count(3)
    expect(cards.last).to_contain_text("hosted by Mira")
    run(lobby_actions.leave, old.id, mira.pk)
    expect(cards).to_have_count(2)
    expect(cards.last).to_contain_text("hosted by Odo")


def test_maps_show_their_lobbies_and_nothing_moves(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    page = enter()
    page.goto("/maps/")
    page.evaluate(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries())"
        " window.shift += e.value; }).observe({type: 'layout-shift', buffered: true})"
    )
    badge = page.locator(".card__lobbies")
    expect(badge).to_be_hidden()
    mira = players["Mira"]
    lobby = run(
        lobby_actions.create, mira.pk, map_id=game_map.pk, tribe_id=mira.tribes.get().pk, seats=3
    ).after
    expect(badge).to_have_text(f"1 open lobby, 2 free seats on {game_map.name}")
    assert page.evaluate("window.shift") < 0.01
    no_violations(page)
    box = badge.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 44
    badge.click()
    expect(page).to_have_url(re.compile(rf"/lobbies/\?map={game_map.pk}$"))
    expect(page.locator(".lobby-card")).to_have_count(1)
    page.goto(game_map.get_absolute_url())
    join = page.get_by_role("link", name="1 open lobby, 2 free seats")
    expect(join).to_be_visible()
    no_violations(page)
    box = join.bounding_box()
    assert box
    assert box["height"] >= 44
    join.click()
    expect(page).to_have_url(re.compile(rf"/lobbies/\?map={game_map.pk}$"))
    page.go_back()
    run(lobby_actions.leave, lobby.id, mira.pk)
    expect(page.get_by_role("link", name="Open lobbies on this map")).to_be_visible()


def test_open_lobbies_are_two_steps_from_the_maps_without_javascript(
    enter: Enter, game_map: GameMap, players: dict[str, User]
) -> None:
    mira = players["Mira"]
    run(lobby_actions.create, mira.pk, map_id=game_map.pk, tribe_id=mira.tribes.get().pk)
    page = enter(java_script_enabled=False)
    page.goto("/maps/")
    expect(page.locator(".card__lobbies")).to_be_hidden()
    page.get_by_role("link", name="Lobbies", exact=True).click()
    expect(page.locator(".lobby-card")).to_have_count(1)
    page.goto(game_map.get_absolute_url())
    page.get_by_role("link", name="Open lobbies on this map").click()
    expect(page).to_have_url(re.compile(rf"/lobbies/\?map={game_map.pk}$"))
    expect(page.locator(".lobby-card")).to_have_count(1)


def test_without_javascript(enter: Enter, game_map: GameMap, players: dict[str, User]) -> None:
    page = enter("Mira", java_script_enabled=False)
    page.goto(game_map.get_absolute_url())
    page.get_by_role("link", name="Play together").click()
    page.get_by_role("button", name="Open lobby").click()
    ready(page).click()
    expect(ready(page)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Start alone").click()
    expect(page.get_by_text("Not connected: Mira.")).to_be_visible()
    page.get_by_label("2 players").check()
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("[data-part=taken]")).to_have_text("1 of 2")
    page.locator("summary:visible", has_text="Leave").click()
    page.get_by_role("button", name="Leave the lobby").click()
    expect(page.get_by_text("You have left.")).to_be_visible()


def test_an_unknown_lobby_shows_a_helpful_page(enter: Enter, transactional_db: None) -> None:
    page = enter(width=375)
    page.goto(f"/lobbies/{NOBODY}/")
    expect(page.get_by_role("heading", name="No open lobby here")).to_be_visible()
    no_violations(page)


def test_friends_can_play_on_a_private_map(enter: Enter, players: dict[str, User]) -> None:
    """The guest sees the map. It cannot be started once its author breaks it, and both players see why."""
    mira = players["Mira"]
    private = make_map(mira, "Hidden Ford", is_public=False)
    host, guest = enter("Mira"), enter("Odo", width=375)
    host.goto(f"/lobbies/new/?map={private.pk}")
    expect(host.get_by_text("Anyone (listed")).to_have_count(0)
    host.get_by_role("button", name="Open lobby").click()
    live(host)
    guest.goto(f"/lobbies/join/{host.locator('[data-part=code]').inner_text()}/")
    guest.get_by_role("button", name="Join").click()
    live(guest)
    picture = "document.querySelector('.lobby__picture').naturalWidth > 0"
    guest.wait_for_function(picture)
    host.get_by_role("button", name="Save settings").click()
    expect(host.get_by_text("Saved.")).to_be_visible()
    expect(guest.get_by_text("Friends with the link or code may join")).to_be_visible()
    for page in (host, guest):
        ready(page).click()
    expect(host.locator("#start-hint")).to_have_text("Everyone is ready.")
    host.get_by_role("button", name="Start the game").click()
    expect(guest.locator(".countdown__number")).to_be_visible()
    editing_actions.change_map(author=mira, map_id=private.pk, given={"wave_config": {"waves": []}})
    for page in (host, guest):
        stopped = page.get_by_text("Stopped: the map can’t be played as it is now.")
        expect(stopped.last).to_be_visible()
        expect(page.locator("#start-hint")).to_contain_text("it has errors")
    guest.get_by_role("link", name="The map").click()
    expect(guest.get_by_role("heading", name="Hidden Ford")).to_be_visible()
