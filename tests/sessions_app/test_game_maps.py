"""The map of a game: it is fixed at the start, visible to its players, and never broken."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.models import User
from config.kernel.errors import DomainError
from config.limits import rate_limits
from config.redis.clients import durable
from maps.editing import actions as editing_actions
from maps.models import GameMap
from maps.terrain.validation import DOCUMENT_KEYS
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import rules
from sessions_app.lobby.transactions import run
from sessions_app.models import GameSession, PlayedMap
from tests.support.api import bearer
from tests.support.factories import make_map, make_user
from tests.support.game_api import Table, code_of
from tests.support.task_queue import get_drawn

pytestmark = pytest.mark.django_db
NO_WAVES: dict[str, Any] = {"wave_config": {"waves": []}}


@pytest.fixture
def table(db: None) -> Table:
    return Table()


@pytest.fixture
def private(table: Table) -> GameMap:
    """A private map of the first player."""
    table.game_map = make_map(table.players[0], "Hidden Ford", is_public=False)
    return table.game_map


def shown(table: Table, who: int, lobby: Any) -> Any:
    """Returns the map that a player with a seat gets."""
    status, document = table.ask(who, "GET", f"/{lobby['id']}/map")
    assert status == 200, document
    return document


def join_by_code(table: Table, who: int, lobby: Any) -> None:
    body = {"code": lobby["code"], "tribe_id": table.tribes[who].pk}
    assert table.ask(who, "POST", "/join", body)[0] == 200


def change(game_map: GameMap, **given: Any) -> None:
    editing_actions.change_map(author=game_map.user, map_id=game_map.pk, given=given)


def end_countdown(lobby: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE game_sessions SET countdown_ends_at = now() - interval '1 second' WHERE id = %s",
            [lobby["id"]],
        )


# ---- Kept from the start on ---------------------------------------------------------------------


def test_an_open_lobby_has_the_current_map(table: Table) -> None:
    lobby = table.open()
    before = shown(table, 0, lobby)
    assert before["id"] == str(table.game_map.pk)
    assert (before["name"], before["version"]) == ("Quiet Ford", 1)
    assert (before["width"], before["height"]) == (20, 20)
    assert before["spawn_point"] == table.game_map.spawn_point
    assert before["goal_point"] == table.game_map.goal_point
    assert before["wave_config"] == table.game_map.wave_config
    terrain = Client().get(f"/api/v1/maps/{table.game_map.pk}/terrain")
    assert before["terrain"] == terrain.json()
    assert "terrain_data" not in before
    change(table.game_map, name="Loud Ford")
    after = shown(table, 0, lobby)
    assert (after["name"], after["version"]) == ("Loud Ford", 2)


def test_a_game_keeps_the_map_of_its_start(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    table.start(lobby, 0, 1)
    before = shown(table, 1, lobby)
    lobby = table.ask(1, "GET", f"/{lobby['id']}")[1]
    tiles = table.game_map.terrain_data
    tiles[30]["height"] = 5
    waves = {"waves": table.game_map.wave_config["waves"][:1]}
    change(table.game_map, name="Loud Ford", terrain_data=tiles, wave_config=waves)
    assert shown(table, 1, lobby) == before
    assert table.ask(1, "GET", f"/{lobby['id']}")[1] == lobby
    assert lobby["map"]["name"] == "Quiet Ford"
    editing_actions.unpublish_map(author=table.game_map.user, map_id=table.game_map.pk)
    assert shown(table, 1, lobby) == before
    editing_actions.delete_map(author=table.game_map.user, map_id=table.game_map.pk)
    assert shown(table, 1, lobby) == before
    assert table.ask(1, "GET", f"/{lobby['id']}")[1]["map"] == lobby["map"]


def test_games_on_the_same_version_share_one_row(table: Table) -> None:
    for version in (1, 1, 2):
        if version == 2:
            change(table.game_map, name="Loud Ford")
        lobby = table.open()
        table.start(lobby, 0)
        assert shown(table, 0, lobby)["version"] == version
        table.ask(0, "POST", f"/{lobby['id']}/end")
    assert sorted(PlayedMap.objects.values_list("version", "name")) == [
        (1, "Quiet Ford"),
        (2, "Loud Ford"),
    ]
    assert GameMap.objects.get().play_count == 3


def test_an_unchanged_map_is_a_304(table: Table) -> None:
    lobby = table.open()
    client = Client(headers=table.headers[0])
    address = f"/api/v1/game-sessions/{lobby['id']}/map"
    first = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert first["Content-Encoding"] == "gzip"
    assert first["Cache-Control"] == "private, no-cache"
    tag = first["ETag"]
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again["ETag"], again.content) == (304, tag, b"")
    table.start(lobby, 0)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    lobby = table.ask(0, "POST", f"/{lobby['id']}/end")[1]
    change(table.game_map, name="Loud Ford")
    lobby = table.open()
    address = f"/api/v1/game-sessions/{lobby['id']}/map"
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_only_players_with_a_seat_and_game_servers_get_the_map(table: Table) -> None:
    server = make_user("Engine", is_staff=True, is_superuser=True)
    lobby = table.open()
    table.join(1, lobby)
    table.headers.append(bearer(server))
    asked = [table.ask(who, "GET", f"/{lobby['id']}/map")[0] for who in (None, 0, 1, 2, 5)]
    assert asked == [401, 200, 200, 404, 200]
    table.start(lobby, 0, 1)
    table.ask(1, "POST", f"/{lobby['id']}/leave")
    asked = [table.ask(who, "GET", f"/{lobby['id']}/map")[0] for who in (None, 0, 1, 2, 5)]
    assert asked == [401, 200, 404, 404, 200]


def test_a_broken_map_is_a_409(table: Table) -> None:
    lobby = table.open()
    GameMap.objects.update(terrain_data=[])
    assert code_of(table.ask(0, "GET", f"/{lobby['id']}/map")) == (409, "terrain_not_whole")


@pytest.mark.django_db(transaction=True)
def test_a_map_saved_during_the_start_is_played_as_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Table()
    lobby = table.open()
    start = rules.apply_due_changes
    saved: list[bool] = []

    def save() -> None:
        change(GameMap.objects.get(), name="Loud Ford", wave_config=waves)
        connection.close()

    def tidy(*facts: Any) -> Any:
        """The author saves between what the start reads and what it writes."""
        if not saved:
            saved.append(True)
            author = threading.Thread(target=save)
            author.start()
            author.join(10)
        return start(*facts)

    waves = {"waves": table.game_map.wave_config["waves"][:1]}
    monkeypatch.setattr(rules, "apply_due_changes", tidy)
    table.start(lobby, 0)
    assert saved
    played = shown(table, 0, lobby)
    assert (played["version"], played["name"], played["wave_config"]) == (2, "Loud Ford", waves)
    assert GameSession.objects.get().map_version == 2
    assert GameMap.objects.get().play_count == 1


# ---- Seen by those who sit there ----------------------------------------------------------------


def addresses(game_map: GameMap) -> list[str]:
    """Returns the addresses that show one map."""
    api = f"/api/v1/maps/{game_map.pk}"
    page = f"/maps/{game_map.pk}"
    found = [api, f"{api}/terrain", f"{api}/preview", f"{page}/", f"{page}/terrain.json"]
    return [*found, game_map.card_picture]


def responses(user: User, game_map: GameMap) -> set[int]:
    client = Client(headers=bearer(user))
    client.force_login(user)
    return {get_drawn(client, address).status_code for address in addresses(game_map)}


def listings(user: User) -> str:
    """Returns all lists of maps that a player can request, as text."""
    client = Client(headers=bearer(user))
    client.force_login(user)
    wanted = ["/maps/", "/maps/?q=hidden", "/maps/?favourite=yes", f"/players/{user.username}/"]
    wanted += [f"/api/v1/maps{query}" for query in ("", "?q=hidden", "?filter=own")]
    wanted += ["/api/v1/maps?favourite=yes", "/lobbies/", "/api/v1/game-sessions"]
    found = [client.get(address) for address in wanted]
    assert {response.status_code for response in found} == {200}
    return "".join(response.content.decode() for response in found)


def test_a_guest_sees_the_private_map_while_seated(table: Table, private: GameMap) -> None:
    host, guest, stranger = table.players[:3]
    lobby = table.open()
    assert responses(host, private) == {200}
    assert responses(guest, private) == {404}
    join_by_code(table, 1, lobby)
    assert responses(guest, private) == {200}
    assert responses(stranger, private) == {404}
    Client(headers=bearer(guest)).put(f"/api/v1/maps/{private.pk}/favourite")
    assert str(private.pk) not in listings(guest)
    assert str(private.pk) in listings(host)  # filter=own: this shows that the lists would have it
    table.start(lobby, 0, 1)
    assert responses(guest, private) == {200}
    GameMap.objects.update(is_public=True, hidden_at="2026-07-01T12:00Z")
    assert responses(guest, private) == {404}
    GameMap.objects.update(is_public=False, hidden_at=None)
    table.ask(1, "POST", f"/{lobby['id']}/leave")
    assert responses(guest, private) == {404}


def test_a_guest_can_not_see_it_after_the_game(table: Table, private: GameMap) -> None:
    lobby = table.open()
    join_by_code(table, 1, lobby)
    table.start(lobby, 0, 1)
    table.ask(0, "POST", f"/{lobby['id']}/end")
    assert responses(table.players[1], private) == {404}
    assert shown(table, 1, lobby)["name"] == "Hidden Ford"  # played maps remain


def test_a_guest_can_not_open_a_lobby_on_it(table: Table, private: GameMap) -> None:
    lobby = table.open()
    join_by_code(table, 1, lobby)
    body = {"map_id": private.pk, "tribe_id": table.tribes[1].pk}
    assert table.ask(1, "POST", "", body)[0] == 404


def test_reading_one_map_uses_its_primary_key(table: Table, private: GameMap) -> None:
    for n in range(300):  # with few rows, PostgreSQL would read all of them
        make_map(table.players[n % 5], f"Map {n}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE maps")
    visible = GameMap.objects.visible_to(table.players[1]).filter(pk=private.pk)
    plan = visible.only("pk").explain()
    assert "maps_pkey" in plan.splitlines()[0]


def test_the_lobby_page_of_a_guest_shows_the_private_map(table: Table, private: GameMap) -> None:
    lobby = table.open()
    guest = Client()
    guest.force_login(table.players[1])
    invited = guest.get(f"/lobbies/join/{lobby['code']}/").content.decode()
    assert "Hidden Ford" in invited  # but no picture, and no link to a page that is not visible
    assert str(private.pk) not in invited
    join_by_code(table, 1, lobby)
    page = guest.get(f"/lobbies/{lobby['id']}/").content.decode()
    assert private.card_picture in page
    assert get_drawn(guest, private.card_picture).status_code == 200
    assert f'href="{private.get_absolute_url()}"' in page
    assert guest.get(private.get_absolute_url()).status_code == 200
    table.start(lobby, 0, 1)
    change(private, name="Loud Ford")
    editing_actions.delete_map(author=private.user, map_id=private.pk)
    page = guest.get(f"/lobbies/{lobby['id']}/").content.decode()
    assert "Hidden Ford" in page
    assert "Loud Ford" not in page
    assert guest.get(private.get_absolute_url()).status_code == 200
    GameMap.objects.update(hidden_at="2026-07-01T12:00Z")
    page = guest.get(f"/lobbies/{lobby['id']}/").content.decode()
    assert private.card_picture not in page
    assert "Hidden Ford" in page


# ---- Only what can be played --------------------------------------------------------------------

FAULTS: list[tuple[dict[str, Any], list[str]]] = [
    (NO_WAVES, ["no_waves"]),
    (NO_WAVES | {"goal_point": {"x": 0, "y": 0}}, ["points_equal", "no_waves"]),
]


@pytest.mark.parametrize(("broken", "codes"), FAULTS, ids=["no waves", "nothing"])
def test_no_lobby_opens_on_an_unfinished_map(
    table: Table, private: GameMap, broken: dict[str, Any], codes: list[str]
) -> None:
    change(private, **broken)
    body = {"map_id": private.pk, "tribe_id": table.tribes[0].pk}
    status, response = table.ask(0, "POST", "", body)
    assert status == 409
    assert [error["code"] for error in response["errors"]] == ["map_not_playable", *codes]
    assert (
        durable().get(rate_limits.key("lobbies", str(table.players[0].pk))) == "0"
    )  # nothing was opened
    client = Client()
    client.force_login(table.players[0])
    form = {"tribe": table.tribes[0].pk, "is_public": "no", "seats": "4"}
    page = client.post(f"/lobbies/new/?map={private.pk}", form).content.decode()
    assert "This map can&#x27;t be played yet." in page
    assert not GameSession.objects.exists()


def broken_by_author(table: Table) -> None:
    change(table.game_map, **NO_WAVES)


def broken_by_hand(table: Table) -> None:
    GameMap.objects.update(goal_point={"x": 0, "y": 0})


@pytest.mark.parametrize("break_map", [broken_by_author, broken_by_hand])
@pytest.mark.parametrize("when", ["before the start", "in the countdown"])
def test_a_map_that_was_broken_since_does_not_start(
    table: Table, private: GameMap, break_map: Callable[[Table], None], when: str
) -> None:
    lobby = table.open()
    session_id = UUID(lobby["id"])
    assert lobby["map"]["is_playable"] is True
    for_all = (session_id, table.players[0].pk)
    run(lobby_actions.connect, *for_all, connection=UUID(int=1), server=None)
    run(lobby_actions.set_ready, *for_all, is_ready=True)
    starting = ("POST", f"/{session_id}/start", {"solo": True})
    if when == "in the countdown":
        assert table.ask(0, *starting)[0] == 200
        end_countdown(lobby)
    break_map(table)
    with connection.cursor() as cursor:  # so that nobody loses the seat without a socket
        cursor.execute("INSERT INTO lobby_servers (id) VALUES (gen_random_uuid())")
        cursor.execute("UPDATE session_players SET server_id = (SELECT id FROM lobby_servers)")
    run(lobby_actions.apply_due_changes, session_id)
    now = table.ask(0, "GET", f"/{session_id}")[1]
    assert (now["status"], now["countdown_ends_at"]) == (Status.LOBBY, None)
    assert now["map"]["is_playable"] is False
    assert code_of(table.ask(0, *starting)) == (409, "map_not_playable")
    assert not PlayedMap.objects.exists()
    client = Client()
    client.force_login(table.players[0])
    page = client.get(f"/lobbies/{session_id}/").content.decode()
    assert "The map can’t be played right now" in page
    # Once it is repaired, it starts.
    change(private, wave_config=table.game_map.wave_config, goal_point={"x": 19, "y": 19})
    assert table.ask(0, *starting)[0] == 200


def test_no_game_starts_on_a_hidden_map(table: Table) -> None:
    lobby = table.open()
    session_id = lobby["id"]
    GameMap.objects.update(hidden_at=Now())
    now = table.ask(0, "GET", f"/{session_id}")[1]
    assert now["map"]["is_playable"] is False
    starting = table.ask(0, "POST", f"/{session_id}/start", {"solo": True})
    assert code_of(starting) == (409, "map_not_playable")
    assert code_of(table.ask(0, "GET", f"/{session_id}/map")) == (404, "not_found")
    table.ask(0, "POST", f"/{session_id}/leave")
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[0].pk}
    assert table.ask(0, "POST", "", body)[0] == 404
    with pytest.raises(DomainError, match="a moderator has hidden it"):
        editing_actions.require_playable(GameMap.objects.get())


def test_a_map_known_to_be_valid_is_not_checked_again(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a map that is or was public, nor one that was saved as valid or checked before."""
    author = table.players[0]
    public = make_map(author)
    parts = {name: getattr(public, name) for name in DOCUMENT_KEYS}
    saved = editing_actions.create_map(author=author, given=parts | {"name": "Saved Ford"})
    once_public = make_map(author)
    editing_actions.unpublish_map(author=author, map_id=once_public.pk)
    looked_at = make_map(author, is_public=False)
    editing_actions.require_playable(looked_at)
    monkeypatch.setattr(editing_actions, "validate_document", None)
    for made in (public, saved, once_public, looked_at):
        table.game_map = made
        lobby = table.open()
        table.start(lobby, 0)
        table.ask(0, "POST", f"/{lobby['id']}/end")


# ---- For whom -----------------------------------------------------------------------------------


def test_a_lobby_on_a_private_map_is_private(table: Table, private: GameMap) -> None:
    lobby = table.open(is_public=True)
    assert lobby["settings"]["is_public"] is False
    assert table.ask(1, "GET", f"/{lobby['id']}")[0] == 404
    assert table.join(1, lobby)[0] == 404
    join_by_code(table, 1, lobby)
    editing_actions.publish_map(author=private.user, map_id=private.pk)
    assert table.ask(2, "GET", f"/{lobby['id']}")[1]["settings"]["is_public"] is True
    assert table.join(2, lobby)[0] == 200
    editing_actions.unpublish_map(author=private.user, map_id=private.pk)
    assert table.ask(3, "GET", f"/{lobby['id']}")[0] == 404


def test_settings_of_a_lobby_on_a_private_map_show_private(table: Table, private: GameMap) -> None:
    lobby = table.open()
    host = table.players[0].pk
    run(lobby_actions.change_settings, UUID(lobby["id"]), host, is_public=True)
    assert table.ask(0, "GET", f"/{lobby['id']}")[1]["settings"]["is_public"] is False
    client = Client()
    client.force_login(table.players[0])
    for address in (f"/lobbies/{lobby['id']}/", f"/lobbies/new/?map={private.pk}"):
        page = client.get(address).content.decode()
        assert "Anyone (listed" not in page
        table.ask(0, "POST", f"/{lobby['id']}/leave")


def test_forms_offer_only_private_lobbies_on_a_private_map(table: Table, private: GameMap) -> None:
    client = Client()
    client.force_login(table.players[0])
    address = f"/lobbies/new/?map={private.pk}"
    page = client.get(address).content.decode()
    assert page.count('name="is_public"') == 1
    assert 'value="no"' in page.split('name="is_public"')[1].split(">")[0]
    assert "checked" in page.split('name="is_public"')[1].split(">")[0]
    form = {"tribe": table.tribes[0].pk, "seats": "4"}
    assert client.post(address, form | {"is_public": "yes"}).status_code == 200
    assert client.post(address, form | {"is_public": "no"}).status_code == 302
    run(lobby_actions.leave, GameSession.objects.get().pk, table.players[0].pk)
    GameMap.objects.update(is_public=True)
    assert client.get(address).content.decode().count('name="is_public"') == 2
