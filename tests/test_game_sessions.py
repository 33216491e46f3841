"""Lobbies by REST: open, list, join, by code, leave, kick, start, end, and the state of a game."""

import datetime
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from config.redis import durable
from maps.models import GameMap
from sessions_app import seating, states, store
from sessions_app.models import GameSession
from tests.cast import make_map, make_tribe, make_user
from tests.conftest import bearer
from tests.races import at_once

pytestmark = pytest.mark.django_db
ROUTE = "/api/v1/game-sessions"


class Table:
    """Four players with tribes, a map, and calls of the API in their names."""

    def __init__(self) -> None:
        self.players = [make_user(f"Player{n}") for n in range(5)]
        self.tribes = [make_tribe(player) for player in self.players]
        self.game_map = make_map(self.players[4])
        self.headers = [bearer(player) for player in self.players]

    def ask(self, who: int | None, method: str, path: str = "", body: Any = None) -> Any:
        """What the API answers: (status, document)."""
        client = Client(REMOTE_ADDR=f"10.1.0.{who}")
        headers = {} if who is None else self.headers[who]
        answer = client.generic(
            method,
            ROUTE + path,
            "" if body is None else json.dumps(body, default=str),
            content_type="application/json",
            headers=headers,
        )
        return answer.status_code, answer.json() if answer.content else None

    def open(self, who: int = 0, **more: Any) -> Any:
        """A lobby's document."""
        body = {"map_id": self.game_map.pk, "tribe_id": self.tribes[who].pk} | more
        status, lobby = self.ask(who, "POST", "", body)
        assert status == 201, lobby
        return lobby

    def join(self, who: int, lobby: Any) -> Any:
        body = {"tribe_id": self.tribes[who].pk}
        return self.ask(who, "POST", f"/{lobby['id']}/join", body)

    def start(self, lobby: Any, *players: int) -> None:
        """Bring a lobby into the game: everybody connected and ready, the countdown over."""
        session_id = UUID(lobby["id"])
        for player in map(self.players.__getitem__, players):
            store.run(seating.connect, session_id, player.pk, uuid4(), None)
            store.run(seating.ready, session_id, player.pk, is_ready=True)
        status, _ = self.ask(0, "POST", f"/{session_id}/start", {"solo": len(players) == 1})
        assert status == 200
        over = datetime.timedelta(seconds=4)
        game = GameSession.objects.get(pk=session_id)
        assert game.countdown_ends_at
        game.countdown_ends_at -= over
        game.save(update_fields=["countdown_ends_at"])
        server = uuid4()
        with connection.cursor() as cursor:  # a process that holds the sockets
            cursor.execute("INSERT INTO lobby_servers (id) VALUES (%s)", [server])
            cursor.execute(
                "UPDATE session_players SET server_id = %s WHERE session_id = %s",
                [server, session_id],
            )
        store.run(seating.tidy, session_id)


@pytest.fixture
def table(db: None) -> Table:
    return Table()


def listed(table: Table, query: str = "") -> list[str]:
    return [card["id"] for card in table.ask(None, "GET", query)[1]["results"]]


def code_of(answer: Any) -> tuple[int, str]:
    status, body = answer
    return status, body["errors"][0]["code"]


# ---- Opening and finding ------------------------------------------------------------------------


def test_opening(table: Table) -> None:
    lobby = table.open(seats=3)
    assert lobby["status"] == "Lobby"
    assert lobby["host"] == str(table.players[0].pk)
    assert lobby["settings"] == {"is_public": True, "seats": 3}
    assert lobby["players"][0]["tribe"]["damage_bonus"] == float(table.tribes[0].damage_bonus)
    assert len(lobby["code"]) == 6
    assert lobby["connect"]["path"] == f"/ws/game-sessions/{lobby['id']}"
    assert table.ask(0, "GET", "/active") == (200, lobby)
    assert table.ask(None, "GET", f"/{lobby['id']}")[0] == 200


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
def test_what_cannot_be_opened(table: Table, more: Any, status: int, code: str) -> None:
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[0].pk} | more
    assert code_of(table.ask(0, "POST", "", body)) == (status, code)
    assert GameSession.objects.count() == 0


def test_anothers_tribe_and_anothers_draft(table: Table) -> None:
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[1].pk}
    assert code_of(table.ask(0, "POST", "", body)) == (400, "unknown_tribe")
    GameMap.objects.update(is_public=False)
    body["tribe_id"] = table.tribes[0].pk
    assert code_of(table.ask(0, "POST", "", body)) == (404, "not_found")


def test_one_sits_in_one_place(table: Table) -> None:
    lobby = table.open()
    body = {"map_id": table.game_map.pk, "tribe_id": table.tribes[0].pk}
    assert code_of(table.ask(0, "POST", "", body)) == (409, "already_seated")
    other = table.open(1)
    assert code_of(table.join(0, other)) == (409, "already_seated")
    assert GameSession.objects.count() == 2  # what could not be opened left nothing
    assert table.ask(0, "POST", f"/{lobby['id']}/leave")[0] == 204
    assert table.join(0, other)[0] == 200


def test_the_list(table: Table) -> None:
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
def test_a_list_that_means_nothing(table: Table, query: str) -> None:
    status, body = table.ask(None, "GET", f"?{query}")
    assert (status, body["errors"][0]["attr"]) == (400, query.split("=")[0])


def test_a_lobby_on_a_map_that_is_hidden_is_not_listed(table: Table) -> None:
    table.open()
    GameMap.objects.update(is_public=False)
    assert table.ask(None, "GET")[1]["results"] == []


# ---- Joining and leaving ------------------------------------------------------------------------


def test_a_private_lobby_is_joined_by_code_alone(table: Table) -> None:
    lobby = table.open(is_public=False)
    assert table.ask(1, "GET", f"/{lobby['id']}")[0] == 404
    assert code_of(table.join(1, lobby)) == (404, "not_found")
    body = {"tribe_id": table.tribes[1].pk, "code": f" {lobby['code'].lower()} "}
    assert table.ask(1, "POST", "/join", body)[0] == 200
    assert table.ask(1, "GET", f"/{lobby['id']}")[0] == 200
    body["code"] = "WRONG2"
    assert code_of(table.ask(2, "POST", "/join", body)) == (404, "unknown_code")


def test_codes_are_not_guessed(table: Table) -> None:
    body = {"tribe_id": table.tribes[1].pk, "code": "WRONG2"}
    answers = [table.ask(1, "POST", "/join", body)[0] for _ in range(11)]
    assert answers == [404] * 10 + [429]


def test_full_kicked_started_over(table: Table) -> None:
    lobby = table.open(seats=2)
    assert table.join(1, lobby)[0] == 200
    assert table.join(1, lobby)[0] == 200  # again: already there
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


def test_the_host_leaves(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    assert table.ask(0, "POST", f"/{lobby['id']}/leave")[0] == 204
    _, after = table.ask(1, "GET", "/active")
    assert after["host"] == str(table.players[1].pk)
    assert table.ask(1, "POST", f"/{lobby['id']}/leave")[0] == 204
    game = GameSession.objects.get()
    assert (game.status, game.code, game.seats.count()) == ("Abandoned", None, 0)


def test_starting_demands_everybody(table: Table) -> None:
    lobby = table.open()
    assert code_of(table.ask(0, "POST", f"/{lobby['id']}/start", {})) == (409, "alone")
    solo = {"solo": True}
    assert code_of(table.ask(0, "POST", f"/{lobby['id']}/start", solo)) == (409, "not_ready")
    table.join(1, lobby)
    assert code_of(table.ask(0, "POST", f"/{lobby['id']}/start", {})) == (409, "not_ready")
    assert code_of(table.ask(1, "POST", f"/{lobby['id']}/start", {})) == (403, "not_host")


# ---- The game -----------------------------------------------------------------------------------


def test_the_start_fixes_and_counts(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    table.start(lobby, 0, 1)
    store.run(seating.tidy, UUID(lobby["id"]))  # nothing more to do
    game = GameSession.objects.get()
    assert (game.status, game.map_version) == ("InProgress", table.game_map.version)
    assert GameMap.objects.get().play_count == table.game_map.play_count + 1
    played = User.objects.filter(pk__in=[p.pk for p in table.players[:3]]).order_by("username")
    assert list(played.values_list("total_games_played", flat=True)) == [1, 1, 0]
    table.tribes[0].name = "Renamed"
    table.tribes[0].save()
    _, after = table.ask(0, "GET", "/active")
    assert after["players"][0]["tribe"]["name"] == "Ravens"


def test_the_state_has_one_writer(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    path = f"/{lobby['id']}/state"
    assert code_of(table.ask(0, "GET", path)) == (409, "not_started")
    table.start(lobby, 0, 1)
    _, first = table.ask(1, "GET", path)
    assert first["state"]["towers"] == []
    assert first["state"]["resources"] == {str(p.pk): 500 for p in table.players[:2]}
    claim = f"/{lobby['id']}/fence"
    assert code_of(table.ask(1, "POST", claim)) == (403, "not_host")
    _, old = table.ask(0, "POST", claim)
    assert table.ask(0, "PUT", path, old | {"state": {"wave": 1}}) == (200, {"sequence": 1})
    _, new = table.ask(0, "POST", claim)
    assert new["fence"] == old["fence"] + 1
    assert code_of(table.ask(0, "PUT", path, old | {"state": {"wave": 9}})) == (409, "stale_fence")
    assert table.ask(0, "PUT", path, new | {"state": {"wave": 2}}) == (200, {"sequence": 2})
    assert table.ask(1, "GET", path)[1] == new | {"sequence": 2, "state": {"wave": 2}}
    assert table.ask(2, "GET", path)[0] == 404
    assert code_of(table.ask(1, "PUT", path, new | {"state": {}})) == (403, "not_host")


def test_a_late_write_is_refused_even_where_only_redis_knows(table: Table) -> None:
    """The database was asked before another claimed; the script refuses all the same."""
    lobby = table.open()
    table.start(lobby, 0)
    session_id = UUID(lobby["id"])
    old = states.claim(session_id, table.players[0])
    states.claim(session_id, table.players[0])
    assert states._write(session_id, old, '{"wave": 9}') == -1


def test_the_end_writes_the_last_state(table: Table) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    _, fence = table.ask(0, "POST", f"/{lobby['id']}/fence")
    table.ask(0, "PUT", f"/{lobby['id']}/state", fence | {"state": {"wave": 7}})
    status, after = table.ask(0, "POST", f"/{lobby['id']}/end")
    assert (status, after["status"], after["code"]) == (200, "Completed", None)
    game = GameSession.objects.get()
    assert game.game_state == {"wave": 7}
    assert game.completed_at is not None
    assert durable().keys("game*") == []
    assert table.ask(0, "GET", "/active")[0] == 404
    assert table.ask(0, "GET", f"/{lobby['id']}/state")[1]["state"] == {"wave": 7}
    assert code_of(table.ask(0, "PUT", f"/{lobby['id']}/state", fence | {"state": {}})) == (
        409,
        "over",
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fence": 1},
        {"fence": "1", "state": {}},
        {"fence": True, "state": {}},
        {"fence": -1, "state": {}},
        {"fence": 2**31, "state": {}},
        {"fence": 1, "state": []},
        {"fence": 1, "state": "x"},
        {"fence": 1, "state": None},
    ],
)
def test_states_that_are_none(table: Table, body: Any) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    assert table.ask(0, "PUT", f"/{lobby['id']}/state", body)[0] == 400


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1])
def test_a_state_has_no_numbers_that_nobody_can_write(table: Table, number: int) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    path = f"/{lobby['id']}/state"
    _, fence = table.ask(0, "POST", f"/{lobby['id']}/fence")
    answer = table.ask(0, "PUT", path, fence | {"state": {"gold": number}})
    assert code_of(answer) == (400, "invalid")
    assert table.ask(0, "PUT", path, fence | {"state": {"gold": 2**63}})[0] == 200


@pytest.mark.django_db(transaction=True)
def test_each_writer_has_a_number_of_its_own() -> None:
    table = Table()
    lobby = table.open()
    table.start(lobby, 0)
    session_id, host = UUID(lobby["id"]), table.players[0]
    claims = at_once(8, lambda _: [states.claim(session_id, host) for _ in range(5)])
    fences = [fence for some in claims for fence in some]
    assert sorted(fences) == list(range(1, 41))


def test_a_state_is_not_too_large(table: Table) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    _, fence = table.ask(0, "POST", f"/{lobby['id']}/fence")
    large = fence | {"state": {"x": "y" * states.LARGEST}}
    assert code_of(table.ask(0, "PUT", f"/{lobby['id']}/state", large)) == (413, "state_too_large")


def test_whoever_left_a_game_is_kept_for_history(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    table.start(lobby, 0, 1)
    assert table.ask(1, "POST", f"/{lobby['id']}/leave")[0] == 204
    seat = GameSession.objects.get().seats.get(user=table.players[1])
    assert seat.left_at is not None
    table.open(1)  # free to sit elsewhere


def test_there_is_no_fifth_seat(table: Table) -> None:
    lobby = table.open()
    for who in (1, 2, 3):
        table.join(who, lobby)
    assert code_of(table.join(4, lobby)) == (409, "full")
