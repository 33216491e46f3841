"""Lobbies in the API: open, list, join, leave, kick, start, end."""

import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django_redis import get_redis_connection

from accounts.models import User
from config import urls
from config.limits import rate_limits
from maps.models import GameMap
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import transactions
from sessions_app.models import GameSession, SessionPlayer
from tests.support.api import bearer
from tests.support.factories import make_moderator, make_tribe
from tests.support.game_api import ROUTE, Table, code_of
from tribes import config_cache
from tribes.models import Tribe

pytestmark = pytest.mark.django_db
NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def table(db: None) -> Table:
    return Table()


def listed(table: Table, query: str = "") -> list[str]:
    return [card["id"] for card in table.ask(None, "GET", query)[1]["results"]]


def test_a_ticket_is_not_cached(client: Client, table: Table) -> None:
    path = f"{ROUTE}/{table.open()['id']}/ticket"
    response = client.post(path, headers=table.headers[0])
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"


# ---- Opening and finding ------------------------------------------------------------------------


def test_a_lobby_is_opened(table: Table) -> None:
    lobby = table.open(seats=3)
    assert lobby["status"] == "Lobby"
    assert lobby["host"] == str(table.players[0].pk)
    assert lobby["settings"] == {"is_public": True, "seats": 3}
    assert lobby["players"][0]["tribe"]["damage_bonus"] == float(table.tribes[0].damage_bonus)
    assert len(lobby["code"]) == 6
    assert lobby["connect"]["path"] == f"/ws/game-sessions/{lobby['id']}"
    assert table.ask(0, "GET", "/active") == (200, lobby)
    assert table.ask(None, "GET", f"/{lobby['id']}")[0] == 200


def test_an_unchanged_lobby_is_a_304(table: Table) -> None:
    lobby = table.open()
    for path in (f"/{lobby['id']}", "/active"):
        responses: list[Any] = []
        for n in range(3):
            if n == 2:
                transactions.run(
                    lobby_actions.set_ready,
                    UUID(lobby["id"]),
                    table.players[0].pk,
                    is_ready=path != "/active",
                )
            known = {"If-None-Match": responses[0]["ETag"]} if responses else {}
            responses.append(Client().get(ROUTE + path, headers=table.headers[0] | known))
        assert [response.status_code for response in responses] == [200, 304, 200]


def test_each_unchanged_document_is_a_304(table: Table) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    patterns: list[Any] = urls.api
    reads = {
        p.name: reverse(f"api:{p.name}", args=[lobby["id"]] if "<" in str(p.pattern) else [])
        for p in patterns
        if str(p.pattern).startswith("game-sessions/") and hasattr(p.callback.cls, "get")
    }
    assert sorted(name.removeprefix("game-session") for name in reads) == [
        "", "-active", "-map", "-state", "-tribes",
    ]  # fmt: skip
    reported = Client().get("/api/schema?format=json").json()["paths"]
    for name, path in reads.items():
        first = Client().get(path, headers=table.headers[0])
        assert first.status_code == 200, name
        assert first["Cache-Control"] == "private, no-cache"
        assert "Authorization" in first["Vary"]
        known = {"If-None-Match": first["ETag"]}
        again = Client().get(path, headers=table.headers[0] | known)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"]), name
        assert Client().get(path, headers=table.headers[1] | known).status_code == 404, name
        reported_path = path.replace(lobby["id"], "{session_id}")
        assert {"200", "304"} <= reported[reported_path]["get"]["responses"].keys(), name


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"map_id": "x"}, 400, "invalid"),
        ({"map_id": str(uuid4())}, 404, "not_found"),
        ({"tribe_id": str(uuid4())}, 400, "unknown_tribe"),
        ({"seats": 1}, 400, "invalid"),
        ({"seats": 5}, 400, "invalid"),
        ({"seats": True}, 400, "invalid"),
        ({"seats": "4"}, 400, "invalid"),
        ({"is_public": "yes"}, 400, "invalid"),
        ({"is_public": 1}, 400, "invalid"),
    ],
)
def test_invalid_lobbies_are_refused(table: Table, more: Any, status: int, code: str) -> None:
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[0].pk} | more
    assert code_of(table.ask(0, "POST", "", body)) == (status, code)
    assert GameSession.objects.count() == 0


def test_tribes_and_drafts_of_others_are_refused(table: Table) -> None:
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[1].pk}
    assert code_of(table.ask(0, "POST", "", body)) == (400, "unknown_tribe")
    GameMap.objects.update(is_public=False)
    body["tribe_id"] = table.tribes[0].pk
    assert code_of(table.ask(0, "POST", "", body)) == (404, "not_found")


@pytest.mark.parametrize(
    "state", [{"is_public": False}, {"is_public": False, "removed_at": NOON}, {"hidden_at": NOON}]
)
def test_moderators_play_only_on_maps_that_others_may_play(table: Table, state: Any) -> None:
    moderator = make_moderator()
    GameMap.objects.update(**state)
    table.headers[0] = bearer(moderator)
    body = {"map_id": table.game_map.pk, "tribe_id": make_tribe(moderator).pk}
    assert code_of(table.ask(0, "POST", "", body)) == (404, "not_found")
    browser = Client()
    browser.force_login(moderator)
    assert browser.get(f"/lobbies/new/?map={table.game_map.pk}").status_code == 404


def test_a_player_has_one_seat_at_a_time(table: Table) -> None:
    lobby = table.open()
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[0].pk}
    assert code_of(table.ask(0, "POST", "", body)) == (409, "already_seated")
    other = table.open(1)
    assert code_of(table.join(0, other)) == (409, "already_seated")
    assert GameSession.objects.count() == 2  # the refused ones left nothing behind
    assert table.ask(0, "POST", f"/{lobby['id']}/leave")[0] == 204
    assert table.join(0, other)[0] == 200


@pytest.mark.parametrize("why", ["already_seated", "unknown_tribe"])
def test_a_refused_lobby_does_not_count_for_the_rate_limit(table: Table, why: str) -> None:
    if why == "already_seated":
        lobby = table.open()
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[0].pk}
    wrong = body | ({"tribe_id": uuid4()} if why == "unknown_tribe" else {})
    for _ in range(rate_limits.POLICIES["lobbies"].limit + 1):
        assert code_of(table.ask(0, "POST", "", wrong))[1] == why
    if why == "already_seated":
        table.ask(0, "POST", f"/{lobby['id']}/leave")
    assert table.ask(0, "POST", "", body)[0] == 201


def test_a_player_who_left_just_before_a_kick_can_not_return(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    assert table.ask(1, "POST", f"/{lobby['id']}/leave")[0] == 204
    assert (
        table.ask(0, "POST", f"/{lobby['id']}/kick", {"player_id": table.players[1].pk})[0] == 200
    )
    assert code_of(table.join(1, lobby)) == (409, "kicked")


def tribes_of(table: Table, lobby: Any, who: int = 0) -> Any:
    status, document = table.ask(who, "GET", f"/{lobby['id']}/tribes")
    assert status == 200, document
    return document["tribes"]


def test_tribes_are_cached_until_the_start_fixes_them(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    first = tribes_of(table, lobby, 1)
    counts = {"damage_bonus": 0.05, "attack_speed_bonus": 0.3, "range_bonus": 0.15}
    assert first[0] == counts | {
        "player_id": str(table.players[0].pk),
        "tribe_id": str(table.tribes[0].pk),
        "color_theme": "#FFD700",
    }
    assert [tribe["player_id"] for tribe in first] == [str(p.pk) for p in table.players[:2]]
    keys = sorted(
        key.decode() for key in get_redis_connection("disposable").scan_iter("tribe:*:config")
    )
    assert keys == sorted(f"tribe:{tribe.pk}:config" for tribe in table.tribes[:2])
    Tribe.objects.filter(pk=table.tribes[1].pk).update(color_theme="#99C2FF")
    assert tribes_of(table, lobby) == first  # from there
    config_cache.invalidate([str(table.tribes[1].pk)])  # as a change of the tribe does
    assert tribes_of(table, lobby)[1]["color_theme"] == "#99C2FF"
    table.start(lobby, 0, 1)
    Tribe.objects.filter(pk__in=[t.pk for t in table.tribes]).update(color_theme="#66FFCC")
    config_cache.invalidate([str(tribe.pk) for tribe in table.tribes])
    table.ask(1, "POST", f"/{lobby['id']}/leave")  # towers may stand
    assert [t["color_theme"] for t in tribes_of(table, lobby)] == ["#FFD700", "#99C2FF"]


def test_the_list_has_pages(table: Table) -> None:
    first, second = table.open(0), table.open(1, seats=2)
    table.join(2, second)
    table.open(3, is_public=False)
    assert listed(table) == [second["id"], first["id"]]
    assert listed(table, "?free_seats=1") == [first["id"]]
    assert listed(table, f"?map={table.game_map.pk}") == [second["id"], first["id"]]
    assert listed(table, f"?map={uuid4()}") == []
    _, page = table.ask(None, "GET", "?page_size=1")
    assert [card["id"] for card in page["results"]] == [second["id"]]
    assert page["results"][0] == {
        "id": second["id"],
        "created_at": page["results"][0]["created_at"],
        "seats": 2,
        "free_seats": 0,
        "host": "Player1",
        "map": {
            "id": str(table.game_map.pk),
            "name": table.game_map.name,
            "width": table.game_map.width,
            "height": table.game_map.height,
        },
    }
    _, rest = table.ask(None, "GET", f"?page_size=1&cursor={page['next']}")
    assert ([card["id"] for card in rest["results"]], rest["next"]) == ([first["id"]], None)


@pytest.mark.parametrize(
    "query", ["map=x", "free_seats=4", "free_seats=-1", "page_size=0", "page_size=51", "cursor=x"]
)
def test_invalid_parameters_of_the_list_are_refused(table: Table, query: str) -> None:
    status, body = table.ask(None, "GET", f"?{query}")
    assert (status, body["errors"][0]["attr"]) == (400, query.split("=")[0])


def test_a_lobby_on_a_map_that_is_hidden_is_not_listed(table: Table) -> None:
    table.open()
    GameMap.objects.update(is_public=False)
    assert table.ask(None, "GET")[1]["results"] == []


@pytest.mark.parametrize("state", [{"hidden_at": NOON}, {"is_public": False}])
def test_others_do_not_see_a_lobby_on_a_hidden_map(table: Table, state: Any) -> None:
    lobby = table.open()
    page, browser = f"/lobbies/{lobby['id']}/", Client()
    assert table.game_map.name in browser.get(page).content.decode()
    GameMap.objects.update(**state)
    for stranger in (None, 1):
        assert table.ask(stranger, "GET", f"/{lobby['id']}")[0] == 404
    assert browser.get(page).status_code == 404
    browser.force_login(table.players[1])
    assert browser.get(page).status_code == 404
    assert browser.post(f"{page}join").status_code == 404
    assert table.ask(0, "GET", f"/{lobby['id']}")[1]["map"]["name"] == table.game_map.name
    browser.force_login(table.players[0])
    assert table.game_map.name in browser.get(page).content.decode()


# ---- Joining and leaving ------------------------------------------------------------------------


def test_a_private_lobby_is_joined_only_by_code(table: Table) -> None:
    lobby = table.open(is_public=False)
    assert table.ask(1, "GET", f"/{lobby['id']}")[0] == 404
    assert code_of(table.join(1, lobby)) == (404, "not_found")
    body = {"tribe_id": table.tribes[1].pk, "code": f" {lobby['code'].lower()} "}
    assert table.ask(1, "POST", "/join", body)[0] == 200
    assert table.ask(1, "GET", f"/{lobby['id']}")[0] == 200
    body["code"] = "WRONG2"
    assert code_of(table.ask(2, "POST", "/join", body)) == (404, "unknown_code")


def test_only_players_with_a_seat_see_the_code(table: Table) -> None:
    """Otherwise somebody who has seen a public lobby could join it once it is private."""
    lobby = table.open()
    for stranger in (None, 1):
        assert table.ask(stranger, "GET", f"/{lobby['id']}")[1]["code"] is None
    assert table.ask(0, "GET", f"/{lobby['id']}")[1]["code"] == lobby["code"]


def test_wrong_codes_are_rate_limited(table: Table) -> None:
    body = {"tribe_id": table.tribes[1].pk, "code": "WRONG2"}
    responses = [table.ask(1, "POST", "/join", body)[0] for _ in range(11)]
    assert responses == [404] * 10 + [429]


def test_codes_may_be_typed_in_small_letters_with_hyphens(table: Table) -> None:
    lobby = table.open(is_public=False)
    code = lobby["code"].lower()
    body = {"tribe_id": table.tribes[1].pk, "code": f" {code[:3]} - {code[3:]}"}
    for _ in range(11):  # a player with a seat keeps it; a right code is not counted
        assert table.ask(1, "POST", "/join", body)[0] == 200


def test_joining_has_an_error_for_each_reason(table: Table) -> None:
    lobby = table.open(seats=2)
    assert table.join(1, lobby)[0] == 200
    assert table.join(1, lobby)[0] == 200  # again: the player has a seat already
    assert code_of(table.join(2, lobby)) == (409, "full")
    kick = {"player_id": table.players[1].pk}
    assert code_of(table.ask(1, "POST", f"/{lobby['id']}/kick", kick)) == (403, "not_host")
    status, after = table.ask(0, "POST", f"/{lobby['id']}/kick", kick)
    assert (status, len(after["players"])) == (200, 1)
    assert code_of(table.join(1, lobby)) == (409, "kicked")
    table.join(2, lobby)
    table.start(lobby, 0, 2)
    assert code_of(table.join(3, lobby)) == (409, "started")
    assert table.ask(0, "POST", f"/{lobby['id']}/end")[0] == 200
    assert code_of(table.join(3, lobby)) == (409, "over")
    assert code_of(table.join(0, lobby)) == (409, "over")  # it has no players any more


def test_the_next_player_is_host_when_the_host_leaves(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    assert table.ask(0, "POST", f"/{lobby['id']}/leave")[0] == 204
    _, after = table.ask(1, "GET", "/active")
    assert after["host"] == str(table.players[1].pk)
    assert table.ask(1, "POST", f"/{lobby['id']}/leave")[0] == 204
    game = GameSession.objects.get()
    assert (game.status, game.code, game.seats.count()) == ("Abandoned", None, 0)


def test_a_start_needs_every_player(table: Table) -> None:
    lobby = table.open()
    assert code_of(table.ask(0, "POST", f"/{lobby['id']}/start", {})) == (409, "alone")
    solo = {"solo": True}
    assert code_of(table.ask(0, "POST", f"/{lobby['id']}/start", solo)) == (409, "not_ready")
    table.join(1, lobby)
    assert code_of(table.ask(0, "POST", f"/{lobby['id']}/start", {})) == (409, "not_ready")
    assert code_of(table.ask(1, "POST", f"/{lobby['id']}/start", {})) == (403, "not_host")
    SessionPlayer.objects.update(is_ready=True)  # as pages without scripts do, which have no socket
    assert code_of(table.ask(0, "POST", f"/{lobby['id']}/start", {})) == (409, "not_connected")


# ---- The game -----------------------------------------------------------------------------------


def test_the_start_fixes_map_and_tribes_and_counts_the_play(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    table.start(lobby, 0, 1)
    transactions.run(lobby_actions.apply_due_changes, UUID(lobby["id"]))  # nothing more to do
    game = GameSession.objects.get()
    assert (game.status, game.map_version) == ("InProgress", table.game_map.version)
    assert GameMap.objects.get().play_count == table.game_map.play_count + 1
    played = User.objects.filter(pk__in=[p.pk for p in table.players[:3]]).order_by("username")
    assert list(played.values_list("total_games_played", flat=True)) == [1, 1, 0]
    table.tribes[0].name = "Renamed"
    table.tribes[0].save()
    _, after = table.ask(0, "GET", "/active")
    assert after["players"][0]["tribe"]["name"] == "Ravens"


def test_a_player_who_left_a_game_stays_in_the_history(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    table.start(lobby, 0, 1)
    assert table.ask(1, "POST", f"/{lobby['id']}/leave")[0] == 204
    seat = GameSession.objects.get().seats.get(user=table.players[1])
    assert seat.left_at is not None
    table.open(1)  # may have a seat elsewhere


def test_leaving_may_be_repeated(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    path = f"/{lobby['id']}/leave"
    assert [table.ask(1, "POST", path)[0] for _ in range(3)] == [204] * 3
    assert [table.ask(0, "POST", path)[0] for _ in range(2)] == [204] * 2  # it is abandoned now
    assert code_of(table.ask(2, "POST", path)) == (404, "not_seated")
    other = table.open()
    table.join(1, other)
    assert table.ask(1, "POST", f"/{other['id']}/leave")[0] == 204
    table.join(1, other)
    assert len(table.ask(0, "GET", "/active")[1]["players"]) == 2


def test_a_player_joins_a_running_game_again(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    table.start(lobby, 0, 1)
    assert table.ask(1, "POST", f"/{lobby['id']}/leave")[0] == 204
    assert table.ask(1, "GET", f"/{lobby['id']}")[0] == 200  # its own
    assert table.ask(2, "GET", f"/{lobby['id']}")[0] == 404
    status, document = table.join(1, lobby)
    assert (status, len(document["players"])) == (200, 2)
    table.ask(1, "POST", f"/{lobby['id']}/leave")
    table.open(1)
    assert code_of(table.join(1, lobby)) == (409, "already_seated")


def test_the_database_refuses_a_fifth_seat(table: Table) -> None:
    lobby = table.open()
    for who in (1, 2, 3):
        table.join(who, lobby)
    assert code_of(table.join(4, lobby)) == (409, "full")
