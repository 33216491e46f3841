"""The pages of lobbies: what they show, to whom, and what their forms do."""

import re
from collections import Counter
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.kernel.errors import DomainError, Reason
from config.limits import rate_limits
from maps.models import GameMap
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import limited_actions, queries
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.transactions import run
from sessions_app.lobby_list.open_lobbies import LobbyFilter, find_page_cards
from sessions_app.models import GameSession, SessionPlayer
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, make_map, make_tribe, make_user
from tribes.models import Tribe

pytestmark = pytest.mark.django_db


def open_lobby(host: User, game_map: GameMap, **more: Any) -> Lobby:
    return run(
        lobby_actions.create, host.pk, map_id=game_map.pk, tribe_id=make_tribe(host).pk, **more
    ).after


def lobby_now(lobby_id: UUID) -> Lobby:
    return run(
        queries.find_visible_lobby,
        lobby_id,
        SessionPlayer.objects.values_list("user", flat=True)[0],
    )


def begin(lobby: Lobby) -> None:
    GameSession.objects.filter(pk=lobby.id).update(status=Status.IN_PROGRESS)


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def host(db: None) -> User:
    return make_user("Hosta")


@pytest.fixture
def tribe(player: User) -> Tribe:
    return make_tribe(player, "Iron Oaks", color_theme="#32CD32")


@pytest.fixture
def lobby(host: User, game_map: GameMap) -> Lobby:
    return open_lobby(host, game_map)


@pytest.fixture
def full_lobby(lobby: Lobby, player: User, tribe: Tribe) -> Lobby:
    """Two players, host and Player1."""
    return run(lobby_actions.join, lobby.id, player.pk, tribe_id=tribe.pk).after


def at(lobby: Lobby, more: str = "") -> str:
    return f"/lobbies/{lobby.id}/{more}"


# ---- The list -----------------------------------------------------------------------------------


def test_an_empty_list_leads_to_the_maps(client: Client, db: None) -> None:
    page = text(client.get("/lobbies/"))
    assert "No open lobbies right now" in page
    assert 'href="/maps/">Choose a map</a>' in page
    assert "Return" not in page


def test_a_card_shows_map_host_and_seats(client: Client, lobby: Lobby, game_map: GameMap) -> None:
    page = text(client.get("/lobbies/"))
    card = page.split('data-lobby="')[1].split("</li>")[0]
    for words in ("Quiet Ford", "Hosta", "1 of 4 seats taken", game_map.card_picture):
        assert words in card
    assert card.startswith(str(lobby.id))
    assert f'href="{at(lobby)}"' in card
    assert card.count("pip--taken") == 1
    assert card.count('<span class="pip') == 4 + 1  # and the element around them
    assert re.search(r'data-list="empty" hidden', page)


def test_private_full_and_started_lobbies_are_not_listed(
    client: Client, author: User, game_map: GameMap
) -> None:
    private = open_lobby(make_user("Private1"), game_map, is_public=False)
    full = open_lobby(make_user("Full1"), game_map, seats=2)
    guest = make_user("Guest1")
    run(lobby_actions.join, full.id, guest.pk, tribe_id=make_tribe(guest).pk)
    begun = open_lobby(make_user("Begun1"), game_map)
    begin(begun)
    page = text(client.get("/lobbies/"))
    assert not any(str(one.id) in page for one in (private, full, begun))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("map=quiet", True),
        ("map=FORD", True),
        ("map=100%25", False),
        ("map=_", False),
        ("map={id}", True),
        (f"map={NOBODY}", False),
        ("free=3", True),
        ("free=4", True),  # not a choice: an invalid value is ignored
        ("free=x&map=lava", False),
        ("free=9&map={id}", True),
        (f"free=9&map={NOBODY}", False),
        ("map=%00&free=3", True),
        ("map=lava", False),
        ("map=%00", True),
    ],
)
def test_filters_narrow_the_list(client: Client, lobby: Lobby, query: str, found: bool) -> None:
    page = text(client.get("/lobbies/?" + query.format(id=lobby.game_map["id"])))
    assert (f'data-lobby="{lobby.id}"' in page) == found


def test_an_invalid_filter_shows_an_error_and_keeps_the_other(
    client: Client, lobby: Lobby, full_lobby: Lobby, author: User
) -> None:
    other = open_lobby(make_user("Other"), make_map(author, "Lava Kiln"))
    page = text(client.get("/lobbies/?map=lava&free=9"))
    assert f'data-lobby="{other.id}"' in page
    assert f'data-lobby="{lobby.id}"' not in page
    assert "Free seats: this is not a valid number" in page
    assert 'value="lava"' in page
    page = text(client.get("/lobbies/?map=%00&free=3"))
    assert f'data-lobby="{other.id}"' in page
    assert f'data-lobby="{lobby.id}"' not in page  # two free ones
    assert "Map: This contains U+0000, a control character." in page
    assert "field__errors" not in text(client.get("/lobbies/?map=lava&free=3")).split("filters")[1]


def test_two_of_four_seats_are_not_three_free_ones(full_lobby: Lobby) -> None:
    assert len(find_page_cards(LobbyFilter(free_seats=2))) == 1
    assert find_page_cards(LobbyFilter(free_seats=3)) == []


def test_an_empty_list_of_one_map_leads_to_a_new_lobby_there(
    client: Client, game_map: GameMap
) -> None:
    page = text(client.get(f"/lobbies/?map={game_map.pk}"))
    assert f'href="/lobbies/new/?map={game_map.pk}"' in page
    assert "Open a lobby on <bdi>Quiet Ford</bdi>" in page


def test_names_are_escaped(client: Client, author: User, host: User) -> None:
    open_lobby(host, make_map(author, "<b>Ford</b>"))
    assert "&lt;b&gt;Ford&lt;/b&gt;" in text(client.get("/lobbies/"))
    assert "<b>Ford" not in text(client.get("/lobbies/?map=<b>"))


def test_a_player_with_a_seat_gets_a_link_to_it(lobby: Lobby, host: User) -> None:
    for address in (
        "/lobbies/",
        f"/lobbies/new/?map={lobby.game_map['id']}",
        f"/lobbies/{NOBODY}/",
    ):
        page = client_of(host).get(address).content.decode()
        assert "You’re in a lobby on <bdi>Quiet Ford</bdi>" in page, address
        assert f'href="{at(lobby)}">Return</a>' in page


def test_the_list_takes_two_queries(
    client: Client, author: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(3):
        open_lobby(make_user(f"Host{n}"), make_map(author, f"Map {n}"))
    with django_assert_num_queries(2):  # the cards, and the pictures of their maps
        client.get("/lobbies/")


# ---- Opening ------------------------------------------------------------------------------------


def test_a_lobby_is_opened_with_its_settings(
    signed_in: Client, player: User, tribe: Tribe, game_map: GameMap
) -> None:
    address = f"/lobbies/new/?map={game_map.pk}"
    page = text(signed_in.get(address))
    assert 'fill="#32CD32"' in page
    assert "Iron Oaks" in page
    given = {"tribe": str(tribe.pk), "is_public": "no", "seats": "2"}
    response = signed_in.post(address, given)
    game = GameSession.objects.get()
    assert response.headers["Location"] == f"/lobbies/{game.pk}/"
    assert (game.map_id, game.is_public, game.seat_limit) == (game_map.pk, False, 2)
    assert game.seats.get().user_id == player.pk


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tribe": ""}, "Choose a tribe."),
        ({"tribe": str(NOBODY)}, "Choose one of your own tribes."),
        ({"tribe": "x\0"}, "Choose one of your own tribes."),
        ({"seats": "5"}, "Select a valid choice"),
        ({"is_public": "maybe"}, "Select a valid choice"),
    ],
)
def test_errors_of_opening_are_shown(
    signed_in: Client, tribe: Tribe, game_map: GameMap, changes: dict[str, str], words: str
) -> None:
    other = make_tribe(make_user("Other"), "Foreign")
    given = {"tribe": str(tribe.pk), "is_public": "no", "seats": "3"} | changes
    page = text(signed_in.post(f"/lobbies/new/?map={game_map.pk}", given))
    assert words in page
    assert "Foreign" not in page
    if "seats" not in changes:
        assert re.search(r'value="3"[^>]* checked', page)  # the choice is preserved
    given = {"tribe": str(other.pk), "is_public": "no", "seats": "3"}
    assert "own tribes" in text(signed_in.post(f"/lobbies/new/?map={game_map.pk}", given))
    assert not GameSession.objects.exists()


def test_a_player_opens_only_one_lobby_at_a_time(lobby: Lobby, host: User) -> None:
    given = {"tribe": str(host.tribes.get().pk), "is_public": "yes", "seats": "4"}
    page = text(client_of(host).post(f"/lobbies/new/?map={lobby.game_map['id']}", given))
    assert "You’re in a lobby on <bdi>Quiet Ford</bdi>" in page
    assert GameSession.objects.count() == 1


def test_opening_lobbies_is_rate_limited(
    signed_in: Client, player: User, tribe: Tribe, game_map: GameMap
) -> None:
    for _ in range(rate_limits.POLICIES["lobbies"].limit):
        rate_limits.count_one("lobbies", str(player.pk))
    given = {"tribe": str(tribe.pk), "is_public": "yes", "seats": "4"}
    page = text(signed_in.post(f"/lobbies/new/?map={game_map.pk}", given), 429)
    assert "You opened too many lobbies." in page
    assert not GameSession.objects.exists()


def test_a_lobby_that_is_not_opened_is_not_counted(
    lobby: Lobby, host: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A player with a seat who tries again may open as many lobbies as before."""
    given = {"tribe": str(host.tribes.get().pk), "is_public": "yes", "seats": "4"}
    browser, address = client_of(host), f"/lobbies/new/?map={lobby.game_map['id']}"
    for _ in range(rate_limits.POLICIES["lobbies"].limit + 1):
        assert "You’re in a lobby on <bdi>Quiet Ford</bdi>" in text(browser.post(address, given))
    run(lobby_actions.leave, lobby.id, host.pk)
    assert browser.post(address, given).status_code == 302


def test_all_reasons_of_an_error_are_shown(
    signed_in: Client, tribe: Tribe, game_map: GameMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = [
        Reason("map_not_playable", "This map can't be played yet.", "map_id"),
        Reason("no_path", "No path leads to the goal.", "goal_point"),
        Reason("unknown_tribe", "This tribe no longer exists. Choose another one.", "tribe_id"),
    ]

    def refuse(*_: Any, **__: Any) -> None:
        raise DomainError.combine(reasons)

    monkeypatch.setattr(limited_actions, "open_lobby", refuse)
    given = {"tribe": str(tribe.pk), "is_public": "yes", "seats": "4"}
    page = unescape(text(signed_in.post(f"/lobbies/new/?map={game_map.pk}", given)))
    assert all(reason.detail in page for reason in reasons)
    assert (
        "This tribe no longer exists. Choose another one."
        in page.split('id="id_tribe_error"')[1].split("</div>")[0]
    )


def test_a_map_that_can_not_be_played_is_not_found(
    signed_in: Client, author: User, tribe: Tribe
) -> None:
    private = make_map(author, is_public=False)
    assert signed_in.get("/lobbies/new/").headers["Location"] == "/maps/"
    for wanted in (private.pk, NOBODY, "x", "%00"):
        assert signed_in.get(f"/lobbies/new/?map={wanted}").status_code == 404
        assert signed_in.post(f"/lobbies/new/?map={wanted}", {}).status_code == 404


def test_a_player_without_a_tribe_gets_a_link_to_make_one(
    signed_in: Client, game_map: GameMap
) -> None:
    page = text(signed_in.get(f"/lobbies/new/?map={game_map.pk}"))
    assert f'href="/tribes/new/?next=%2Flobbies%2Fnew%2F%3Fmap%3D{game_map.pk}"' in page
    assert "Open lobby</button>" not in page


# ---- Joining ------------------------------------------------------------------------------------


def test_a_public_lobby_is_joined(
    signed_in: Client, lobby: Lobby, player: User, tribe: Tribe
) -> None:
    page = text(signed_in.get(at(lobby)))
    assert "Join a lobby on <bdi>Quiet Ford</bdi>" in page
    assert "Hosta" in page
    assert lobby.code
    assert lobby.code not in page  # others must not see the code
    response = signed_in.post(at(lobby, "join"), {"tribe": str(tribe.pk)})
    assert response.headers["Location"] == at(lobby)
    assert lobby_now(lobby.id).seat_of(player.pk)
    assert signed_in.post(at(lobby, "join"), {}).headers["Location"] == at(lobby)


def test_a_visitor_sees_a_public_lobby_and_signs_in(client: Client, lobby: Lobby) -> None:
    page = text(client.get(at(lobby)))
    assert f'href="/login/?next={at(lobby)}"' in page
    assert "csrf" not in page
    assert f"next=%2Flobbies%2F{lobby.id}%2F" in client.post(at(lobby, "join")).headers["Location"]


def test_a_private_lobby_is_joined_by_code(
    signed_in: Client, host: User, player: User, tribe: Tribe, game_map: GameMap
) -> None:
    private = open_lobby(host, game_map, is_public=False)
    assert private.code
    assert signed_in.get(at(private)).status_code == 404
    typed = f" {private.code[:3].lower()}-{private.code[3:].lower()} "
    response = signed_in.post("/lobbies/join/", {"code": typed})
    invitation = f"/lobbies/join/{private.code}/"
    assert response.headers["Location"] == invitation
    assert "Hosta" in text(signed_in.get(invitation))
    response = signed_in.post(invitation, {"tribe": str(tribe.pk)})
    assert response.headers["Location"] == at(private)
    assert signed_in.get(invitation).headers["Location"] == at(private)  # with a seat


def test_an_invitation_continues_after_the_sign_in(client: Client, lobby: Lobby) -> None:
    response = client.get(f"/lobbies/join/{lobby.code}/")
    assert response.headers["Location"] == f"/login/?next=%2Flobbies%2Fjoin%2F{lobby.code}%2F"


@pytest.mark.parametrize("code", ["", "ABC", "ABCDEF7", "ABCDE0", "ÄBCDEF", "a\0cdef"])
def test_a_text_that_is_not_a_code_shows_an_error(client: Client, db: None, code: str) -> None:
    page = text(client.post("/lobbies/join/", {"code": code}))
    assert 'class="field field--invalid"' in page
    if code == "ABC":
        assert 'value="ABC"' in page  # the text is preserved


def test_a_wrong_code_shows_an_error(signed_in: Client, lobby: Lobby) -> None:
    wrong = "222222" if lobby.code != "222222" else "333333"
    page = text(signed_in.get(f"/lobbies/join/{wrong}/"), 404)
    assert (
        "No open lobby has this code. Check the code, or ask for a new one."
        in page.split("<h1>")[0]
    )  # above everything else
    assert f'value="{wrong}"' in page
    assert signed_in.get("/lobbies/join/nonsense/").status_code == 404


def test_wrong_codes_are_rate_limited(signed_in: Client, lobby: Lobby) -> None:
    most = rate_limits.POLICIES["codes"].limit
    for _ in range(most):
        assert signed_in.get("/lobbies/join/222222/").status_code == 404
    response = signed_in.get(f"/lobbies/join/{lobby.code}/")
    page = text(response, 429)
    assert "You tried too many codes. Try again in a minute." in page.split("<h1>")[0]
    assert 0 < int(response.headers["Retry-After"]) <= 60
    # The limit holds for another player at the same address, and for the same player at another address.
    other = client_of(make_user("Other"))
    assert other.get("/lobbies/join/222222/").status_code == 429
    assert signed_in.get("/lobbies/join/222222/", REMOTE_ADDR="10.9.9.9").status_code == 429
    assert other.get("/lobbies/join/222222/", REMOTE_ADDR="10.9.9.9").status_code == 404


def test_right_codes_are_not_counted(signed_in: Client, lobby: Lobby, tribe: Tribe) -> None:
    most = rate_limits.POLICIES["codes"].limit
    invitation = f"/lobbies/join/{lobby.code}/"
    for _ in range(most + 1):
        assert signed_in.get(invitation).status_code == 200
        assert signed_in.post(invitation, {"tribe": "x"}).status_code == 200
    for _ in range(most):
        assert signed_in.get("/lobbies/join/222222/").status_code == 404
    assert signed_in.get(invitation).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_concurrent_wrong_codes_do_not_exceed_the_limit(player: User) -> None:
    most = rate_limits.POLICIES["codes"].limit
    clients = [client_of(player) for _ in range(3 * most)]
    responses = at_once(3 * most, lambda n: clients[n].get("/lobbies/join/222222/").status_code)
    assert Counter(responses) == {404: most, 429: 2 * most}


@pytest.mark.parametrize("is_seated_elsewhere", [False, True])
def test_a_player_returns_to_a_running_game(
    signed_in: Client,
    lobby: Lobby,
    player: User,
    tribe: Tribe,
    game_map: GameMap,
    is_seated_elsewhere: bool,
) -> None:
    run(lobby_actions.join, lobby.id, player.pk, tribe_id=tribe.pk, code=lobby.code)
    begin(lobby)
    path = f"/lobbies/{lobby.id}/"
    for _ in range(2):  # a form that is sent again, after a lost response
        assert signed_in.post(f"{path}act", {"act": "leave"}).status_code == 302
    page = text(signed_in.get(path))
    assert "Return to the game" in page
    assert "Nobody can join now." not in page
    stranger = client_of(make_user("Stranger"))
    assert stranger.get(path).status_code == 404
    assert stranger.post(f"{path}join").status_code == 404
    if is_seated_elsewhere:
        run(lobby_actions.create, player.pk, map_id=game_map.pk, tribe_id=tribe.pk)
    page = text(signed_in.post(f"{path}join", follow=True))
    assert ("You have a seat in another lobby" in page) == is_seated_elsewhere
    seats = SessionPlayer.objects.filter(session=lobby.id, user=player, left_at=None)
    assert seats.exists() != is_seated_elsewhere


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ("kicked", 200, "The host has removed you"),
        ("full", 200, "All seats are taken"),
        ("started", 200, "The game has started"),
        ("elsewhere", 200, "You’re in a lobby on"),
        ("foreign", 200, "Choose one of your own tribes."),
    ],
)
def test_errors_of_joining_are_shown(
    signed_in: Client,
    lobby: Lobby,
    player: User,
    host: User,
    tribe: Tribe,
    game_map: GameMap,
    change: str,
    status: int,
    words: str,
) -> None:
    given = str(tribe.pk)
    games = GameSession.objects.filter(pk=lobby.id)
    if change == "kicked":
        games.update(kicked=[player.pk])
    elif change == "full":
        games.update(seat_limit=2)
        guest = make_user("Guest1")
        run(lobby_actions.join, lobby.id, guest.pk, tribe_id=make_tribe(guest).pk)
    elif change == "started":
        begin(lobby)
    elif change == "elsewhere":
        run(lobby_actions.create, player.pk, map_id=game_map.pk, tribe_id=tribe.pk)
    else:
        given = str(host.tribes.get().pk)
    response = signed_in.post(f"/lobbies/join/{lobby.code}/", {"tribe": given})
    assert words in text(response, status)
    assert not SessionPlayer.objects.filter(session=lobby.id, user=player).exists()


def test_a_kicked_player_gets_no_form_to_join(
    signed_in: Client, lobby: Lobby, player: User, tribe: Tribe
) -> None:
    GameSession.objects.filter(pk=lobby.id).update(kicked=[player.pk])
    for address in (at(lobby), f"/lobbies/join/{lobby.code}/"):
        page = text(signed_in.get(address))
        assert "The host has removed you" in page
        assert ">Join<" not in page


# ---- The lobby ----------------------------------------------------------------------------------


def test_a_lobby_shows_its_players(full_lobby: Lobby, host: User) -> None:
    page = text(client_of(host).get(at(full_lobby)))
    seats = page.split('data-part="seats"')[1].split("</ol>")[0]
    assert seats.count("data-player=") == 2
    assert seats.count("seat--free") == 2
    for words in (
        "Hosta",
        "Player1",
        "<bdi>Iron Oaks</bdi> · Support · level 1",
        'fill="#32CD32"',
        "♛",
    ):
        assert words in seats
    assert f"http://testserver/lobbies/join/{full_lobby.code}/" in page
    assert '<meta http-equiv="refresh" content="10">' in page


def test_without_scripts_the_page_promises_no_automatic_start(
    full_lobby: Lobby, host: User, player: User
) -> None:
    for who, starter in ((host, "You start"), (player, "The host starts")):
        hint = text(client_of(who).get(at(full_lobby))).split('id="start-hint"')[1].split("</p>")[0]
        assert f"{starter} the game when all players are ready and connected." in hint
        assert "<noscript> You are not connected, because JavaScript is off" in hint


def test_reading_the_page_renews_the_grace_period(
    full_lobby: Lobby, player: User, signed_in: Client
) -> None:
    seats = SessionPlayer.objects.filter(user=player)
    before = seats.get().lost_at
    assert before
    signed_in.get(at(full_lobby))
    after = seats.get().lost_at
    assert after
    assert after > before


def test_a_private_lobby_is_not_found_by_others(
    client: Client, signed_in: Client, host: User, game_map: GameMap
) -> None:
    private = open_lobby(host, game_map, is_public=False)
    pages = [text(c.get(at(private)), 404) for c in (Client(), signed_in)]
    pages.append(text(signed_in.get(f"/lobbies/{NOBODY}/"), 404))
    assert all("No open lobby here" in page and "Quiet Ford" not in page for page in pages)
    assert signed_in.post(at(private, "join"), {}).status_code == 404
    assert signed_in.post(at(private, "act"), {"act": "leave"}).status_code == 404


def act(who: User, lobby: Lobby, **fields: str) -> str:
    return text(client_of(who).post(at(lobby, "act"), fields, follow=True))


def test_the_buttons_work_without_scripts(full_lobby: Lobby, host: User, player: User) -> None:
    lobby_id = full_lobby.id
    page = act(host, full_lobby, act="ready", is_ready="yes")
    assert re.search(r'value="no"[^>]*aria-pressed="true"', page)
    act(host, full_lobby, act="ready", is_ready="no")
    seat = lobby_now(lobby_id).seat_of(host.pk)
    assert seat
    assert not seat.is_ready
    other = make_tribe(player, "Tides")
    act(player, full_lobby, act="tribe", tribe=str(other.pk))
    seat = lobby_now(lobby_id).seat_of(player.pk)
    assert seat
    assert seat.tribe["name"] == "Tides"
    act(host, full_lobby, act="settings", is_public="no", seats="2")
    now = lobby_now(lobby_id)
    assert (now.is_public, now.seat_limit) == (False, 2)
    page = act(host, full_lobby, act="kick", player=str(player.pk))
    assert "seat--free" in page
    assert lobby_now(lobby_id).seat_of(player.pk) is None
    assert "You have left." in act(host, full_lobby, act="leave")
    assert GameSession.objects.get().status == Status.ABANDONED


def test_the_page_starts_the_game(full_lobby: Lobby, host: User) -> None:
    SessionPlayer.objects.update(is_ready=True, is_connected=True, lost_at=None)
    act(host, full_lobby, act="start")
    assert lobby_now(full_lobby.id).countdown_ends_at


@pytest.mark.parametrize(
    ("who", "fields", "words"),
    [
        ("host", {"act": "start"}, "Not ready yet: Hosta, Player1."),
        ("host", {"act": "end"}, "The game has not started."),
        ("host", {"act": "kick", "player": "x"}, "Choose a player."),
        ("host", {"act": "settings", "seats": "9"}, "Choose who may join"),
        ("host", {"act": "tribe", "tribe": "x"}, "Choose one of your own tribes."),
        ("guest", {"act": "start"}, "Only the host may do this."),
        ("guest", {"act": "settings", "is_public": "no", "seats": "2"}, "Only the host"),
        ("guest", {"act": "end"}, "Only the host may do this."),
    ],
)
def test_errors_become_messages(
    full_lobby: Lobby, host: User, player: User, who: str, fields: dict[str, str], words: str
) -> None:
    page = act({"host": host, "guest": player}[who], full_lobby, **fields)
    assert words in page.split("notice--error")[1]
    assert lobby_now(full_lobby.id).version == full_lobby.version


def test_a_ready_player_without_a_socket_is_marked(full_lobby: Lobby, host: User) -> None:
    SessionPlayer.objects.update(is_ready=True)
    page = act(host, full_lobby, act="start")
    assert "Not connected: Hosta, Player1." in page.split("notice--error")[1]
    assert page.count("✓ Ready") == 2


def test_a_host_starts_alone_only_with_solo_and_can_not_kick_themselves(
    lobby: Lobby, host: User
) -> None:
    assert "Nobody else is here" in act(host, lobby, act="start")
    assert "Not ready yet: Hosta." in act(host, lobby, act="start", solo="yes")
    assert "leave instead" in act(host, lobby, act="kick", player=str(host.pk))


def test_an_unknown_button_is_not_found(full_lobby: Lobby, host: User) -> None:
    for wanted in ("", "dance", "ready\0"):
        assert client_of(host).post(at(full_lobby, "act"), {"act": wanted}).status_code == 404
    response = Client().post(at(full_lobby, "act"), {"act": "leave"})
    assert response.headers["Location"].startswith("/login/")


def test_the_page_shows_a_started_game_and_its_end(
    full_lobby: Lobby, host: User, player: User
) -> None:
    begin(full_lobby)
    page = text(client_of(host).get(at(full_lobby)))
    assert re.search(r'data-when="InProgress Paused"[^>]*aria-labelledby="running" >', page)
    assert "You can’t play in the browser yet" in page
    assert "seat--free" not in page.split("<template")[0]
    assert Client().get(at(full_lobby)).status_code == 404
    page = act(host, full_lobby, act="end")
    assert "The host ended it." in page
    assert "data-command" not in page.split('data-when="over"')[1]
    assert GameSession.objects.get().status == Status.COMPLETED
    page = text(client_of(player).get(at(full_lobby)))
    assert "The game is over" in page
    assert "http-equiv" not in page
    assert 'href="/lobbies/">Open lobbies</a>' in page
    again = re.search(r'href="(/lobbies/new/[^"]+)" data-part="rematch" >Play again', page)
    assert again
    assert client_of(player).get(again[1].replace("&amp;", "&")).status_code == 200


def test_the_form_selects_the_tribe_in_the_address(
    signed_in: Client, player: User, game_map: GameMap, tribe: Tribe
) -> None:
    second = make_tribe(player, "Tides")
    for wanted, chosen in ((second.pk, second), (tribe.pk, tribe), ("x", tribe), ("", tribe)):
        page = text(signed_in.get(f"/lobbies/new/?map={game_map.pk}&tribe={wanted}"))
        assert re.findall(r'value="([^"]+)" checked required', page) == [str(chosen.pk)]


@pytest.mark.parametrize(
    "address",
    ["/lobbies/new/?map={map}", "/lobbies/join/", "/lobbies/join/{code}/", "{at}join", "{at}act"],
)
def test_forms_need_a_csrf_token(lobby: Lobby, player: User, tribe: Tribe, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(player)
    given = {"tribe": str(tribe.pk), "act": "leave", "code": lobby.code or ""}
    where = address.format(map=lobby.game_map["id"], code=lobby.code, at=at(lobby))
    assert client.post(where, given).status_code == 403
    assert SessionPlayer.objects.count() == 1


def test_a_lobby_page_takes_few_queries(
    full_lobby: Lobby, signed_in: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(
        14
    ):  # session, player, lobby, grace period, map, tribes; savepoints
        signed_in.get(at(full_lobby))


# ---- Pages of maps ------------------------------------------------------------------------------


def test_pages_of_maps_link_to_lobbies_without_numbers(
    client: Client, lobby: Lobby, game_map: GameMap
) -> None:
    page = text(client.get(game_map.get_absolute_url()))
    assert f'href="/lobbies/new/?map={game_map.pk}">Play together</a>' in page
    for shown in (page, text(client.get("/maps/"))):
        assert f'href="/lobbies/?map={game_map.pk}"' in shown
        assert re.search(rf'data-lobbies-of="{game_map.pk}"\s+hidden><span data-count></', shown)
        assert "free seat" not in shown
