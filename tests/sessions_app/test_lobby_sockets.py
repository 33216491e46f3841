"""What players send and receive on their sockets, with the real server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from config.kernel.errors import DomainError
from sessions_app.kernel.protocol import Close
from sessions_app.kernel.statuses import Status
from sessions_app.live.fan_out import channel_group, from_message, to_message
from sessions_app.live.updates import LobbyUpdate
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import rules
from sessions_app.lobby.transactions import run
from sessions_app.lobby_list import feed
from sessions_app.models import GameSession, SessionPlayer
from tests.support.database import execute
from tests.support.factories import make_tribe, make_user
from tests.support.live_site import Site
from tests.support.lobbies import Table
from tests.support.protocol_document import names, rows
from tests.support.redis import open_circuit
from tests.support.socket_clients import Caller, path_of, seated, take_seat_by_socket, ticket_for
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
NEWLINES = "\n\t\r\n\u2028\u2029\x85\x0b\xa0\u3000" * 25


def seat_of(frame: dict[str, Any], n: int) -> dict[str, Any]:
    seat: dict[str, Any] = frame["data"]["players"][n]
    return seat


def test_welcome_has_the_lobby_the_player_and_the_time(site: Site) -> None:
    table = Table(2)
    with take_seat_by_socket(site, table) as host:
        welcome = host.received[0]
        lobby = welcome["data"]["lobby"]
        assert welcome["data"]["player_id"] == str(table.users[0].pk)
        told = datetime.fromisoformat(welcome["data"]["time"])
        assert abs((told - datetime.now(UTC)).total_seconds()) < 5
        assert welcome["version"] == lobby["version"] == table.version
        assert [seat["is_connected"] for seat in lobby["players"]] == [True, False]
        assert lobby["host"] == str(table.users[0].pk)
        assert host.socket.subprotocol == "tribehold.v1"


def test_a_change_reaches_all_players_and_the_sender_gets_a_response(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        response = guest.ask("ready", is_ready=True)
        assert response["type"] == "lobby"
        assert seat_of(response, 1)["is_ready"]
        assert host.receive("lobby", version=response["version"])["data"] == response["data"]
        assert guest.frames_within() == []  # the response has the change


def test_settings_are_for_the_host_and_tribes_for_their_owners(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        response = host.ask("settings", is_public=False, seats=3)
        assert response["data"]["settings"] == {"is_public": False, "seats": 3}
        assert guest.receive("lobby", version=response["version"])
        refused = guest.ask("settings", seats=4)
        assert (refused["type"], refused["data"]["code"]) == ("error", "not_host")
        assert guest.ask("tribe", tribe_id=str(table.tribes[0].pk))["data"]["code"] == (
            "unknown_tribe"
        )
        assert guest.ask("tribe", tribe_id=str(table.tribes[1].pk))["type"] == "lobby"


def test_chat_reaches_all_players_as_plain_text(site: Site) -> None:
    table, words = Table(2), "<b>hello</b> & günaydın 👋"
    with seated(site, table) as (host, guest):
        response = host.ask("chat", text=f"  {words.replace(' 👋', NEWLINES + '👋')} ")
        received = guest.receive("chat")
        assert response["data"] == received["data"]
        assert received["data"]["text"] == words
        assert received["data"]["player_id"] == str(table.users[0].pk)
        assert "re" not in received


def test_each_message_has_the_documented_response(site: Site) -> None:
    table = Table(2)
    data: dict[str, dict[str, Any]] = {
        "ready": {"is_ready": True},
        "tribe": {"tribe_id": str(table.tribes[0].pk)},
        "start": {},
        "kick": {"player_id": str(table.users[1].pk)},
        "settings": {"seats": 3},
        "chat": {"text": "Hello"},
    }
    reported = {
        names(kind)[0]: names(response) for kind, *_, response in rows("### Client messages")
    }
    with seated(site, table) as (host, guest):
        guest.ask("ready", is_ready=True)
        order = [kind for kind in reported if kind != "leave"]
        for kind in [*order, "leave"]:
            response = host.ask(kind, id=kind, **data.get(kind, {}))
            assert response["type"] == reported[kind][0], (kind, response)
            if kind == "chat":
                assert host.ask(kind, id=kind, **data[kind])["type"] == reported[kind][1] == "lobby"


def test_a_repeated_message_is_handled_once_after_a_reconnect(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        guest.ask("chat", id="one", text="once")
        first = guest.ask("ready", id="two", is_ready=True)
        again = guest.ask("ready", id="two", is_ready=True)
        assert again["version"] == first["version"]
        assert seat_of(again, 1)["is_ready"]
        with take_seat_by_socket(site, table, 1) as back:
            assert back.ask("chat", id="one", text="once")["type"] == "lobby"
            version = table.version
            assert back.ask("ready", id="two", is_ready=True)["version"] == version
        host.frames_within()
        assert [f["data"]["text"] for f in host.received if f["type"] == "chat"] == ["once"]


def test_a_different_message_with_a_known_id_is_handled(site: Site) -> None:
    """As a client sends it that counts from one on each connection."""
    table = Table(2)
    with seated(site, table) as (host, guest):
        assert seat_of(guest.ask("ready", id="1", is_ready=True), 1)["is_ready"]
        assert not seat_of(guest.ask("ready", id="1", is_ready=False), 1)["is_ready"]
        assert guest.ask("chat", id="1", text="first")["type"] == "chat"
        with take_seat_by_socket(site, table, 1) as back:
            assert back.ask("chat", id="1", text="second")["type"] == "chat"
        host.frames_within()
        assert [f["data"]["text"] for f in host.received if f["type"] == "chat"] == [
            "first",
            "second",
        ]


def test_the_same_message_is_handled_in_another_lobby(site: Site) -> None:
    first, second = Table(1), Table(1)
    player = first.users[0]
    with take_seat_by_socket(site, first) as caller:
        assert seat_of(caller.ask("ready", id="1", is_ready=True), 0)["is_ready"]
        caller.send("leave", id="2")
        assert caller.closed() == Close.NO_SUCH_SESSION
    run(lobby_actions.join, second.id, player.pk, tribe_id=first.tribes[0].pk)
    second.users.append(player)
    with take_seat_by_socket(site, second, 1) as caller:
        assert seat_of(caller.ask("ready", id="1", is_ready=True), 1)["is_ready"]
        assert caller.ask("leave", id="2")["data"] == {"reason": "left"}
        assert caller.closed() == Close.NO_SUCH_SESSION


def test_a_message_that_failed_may_be_sent_again(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        assert host.ask("start", id="go")["data"]["code"] == "not_ready"
        host.ask("ready", is_ready=True)
        guest.ask("ready", is_ready=True)
        assert host.ask("start", id="go")["data"]["countdown_ends_at"]


def test_hello_sends_the_lobby_unless_the_client_has_it(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, _):
        version = table.version
        assert host.ask("hello", version=version)["data"]["lobby"] is None
        assert host.ask("hello", version=version - 1)["data"]["lobby"]["version"] == version
        assert host.ask("hello")["data"]["lobby"]["version"] == version
        pong = host.ask("ping")
        assert (pong["type"], pong["version"]) == ("pong", version)


def test_the_sender_also_gets_the_changes_of_others(site: Site) -> None:
    """Changes within a moment are sent as one, to all. The response does not replace that message."""
    table = Table(3)
    with seated(site, table) as callers:
        for turn in range(10):
            asked = [caller.send("ready", is_ready=turn % 2 == 0) for caller in callers]
            for caller, message_id in zip(callers, asked, strict=True):
                caller.receive(re=message_id)
            version = table.version
            for caller in callers:
                if max(frame["version"] for frame in caller.received) < version:
                    caller.receive("lobby", version=version)


def test_a_lobby_becomes_a_game(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "COUNTDOWN", timedelta(seconds=0.3))
    table = Table(2)
    with seated(site, table) as (host, guest):
        for caller in (host, guest):
            caller.ask("ready", is_ready=True)
        assert host.ask("start")["data"]["countdown_ends_at"]
        for caller in (host, guest):
            lobby = caller.receive("lobby", status=Status.IN_PROGRESS)["data"]
            started = caller.receive("started")["data"]["lobby"]
            assert lobby == started
            assert started["countdown_ends_at"] is None
        assert guest.ask("ready", is_ready=False)["data"]["code"] == "started"
    table.map.refresh_from_db()
    assert table.map.play_count == 1
    state = GameSession.objects.get(pk=table.id).game_state
    gold = {str(user.pk): 500 for user in table.users}
    assert state == {"towers": [], "enemies": [], "resources": gold}


def test_a_single_player_starts_only_with_solo(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "COUNTDOWN", timedelta(seconds=0.3))
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        host.ask("ready", is_ready=True)
        assert host.ask("start")["data"]["code"] == "alone"
        assert host.ask("start", solo=True)["data"]["countdown_ends_at"]
        host.receive("started")


@pytest.mark.parametrize("way", ["unready", "leave", "disconnect"])
def test_the_countdown_stops_for_all_players(site: Site, way: str) -> None:
    table = Table(3)
    with seated(site, table) as callers:
        for caller in callers:
            caller.ask("ready", is_ready=True)
        callers[0].ask("start")
        if way == "unready":
            callers[1].send("ready", is_ready=False)
        elif way == "leave":
            callers[1].send("leave")
        else:
            callers[1].socket.close()
        assert callers[2].receive("lobby", countdown_ends_at=None)["data"]["status"] == Status.LOBBY


def test_when_the_host_leaves_another_player_is_host(site: Site) -> None:
    table = Table(3)
    with seated(site, table) as (host, guest, third):
        host.send("leave")
        assert host.receive("closed")["data"] == {"reason": "left"}
        assert host.closed() == Close.NO_SUCH_SESSION
        assert guest.receive("lobby", host=str(table.users[1].pk))
        guest.socket.close()
        assert third.until(lambda frame: not seat_of(frame, 0)["is_connected"])
        third.send("leave")
        assert third.closed() == Close.NO_SUCH_SESSION
    assert table.now.status == Status.LOBBY  # the guest still has the seat


@pytest.mark.parametrize("is_running", [False, True])
@pytest.mark.parametrize("players", [1, 2])
def test_a_lost_response_to_leave_is_repeated(site: Site, is_running: bool, players: int) -> None:
    """Also on another process, after the last player has left, and in the API."""
    table = Table(players)
    with seated(site, table) as callers:
        if is_running:
            execute("UPDATE game_sessions SET status = 'InProgress'")
        callers[-1].send("leave", id="bye")
        callers[-1].socket.socket.close()
        until(lambda: len(table.now.seats) == players - 1)
        for _ in range(2):
            with Caller(site, path_of(table.id)) as back:
                message_id = back.send("hello", ticket=ticket_for(table, players - 1))
                frame = back.receive("closed")
                assert (frame["data"], frame["re"]) == ({"reason": "left"}, message_id)
                assert back.closed() == Close.NO_SUCH_SESSION
        assert len(table.now.seats) == players - 1


def test_a_player_comes_back_to_a_running_game(site: Site) -> None:
    """By `hello` if the seat was lost, by joining also after leaving. The row is the same."""
    table = Table(2)
    guest, tribe = table.users[1], table.tribes[1]
    before = SessionPlayer.objects.get(user=guest)
    with take_seat_by_socket(site, table) as host:
        execute("UPDATE game_sessions SET status = 'InProgress', started_at = now()")
        execute("UPDATE session_players SET gold = 7 WHERE user_id = %s", guest.pk)
        execute(
            "UPDATE session_players SET lost_at = now() - interval '31 seconds' WHERE lost_at IS NOT NULL"
        )
        host.until(lambda frame: len(frame["data"]["players"]) == 1)
        with take_seat_by_socket(site, table, 1) as back:
            assert len(back.received[0]["data"]["lobby"]["players"]) == 2
            host.until(lambda frame: len(frame["data"]["players"]) == 2)
            assert back.ask("leave")["data"] == {"reason": "left"}
        run(lobby_actions.join, table.id, guest.pk, tribe_id=tribe.pk)
        with take_seat_by_socket(site, table, 1) as back:
            assert back.ask("ping")["type"] == "pong"
        after = SessionPlayer.objects.get(user=guest)
        assert (after.pk, after.gold, after.joined_at, after.left_at) == (
            before.pk,
            7,
            before.joined_at,
            None,
        )
    other = make_user("Stranger1")
    with pytest.raises(DomainError, match="started"):
        run(lobby_actions.join, table.id, other.pk, tribe_id=make_tribe(other).pk)


def test_a_kicked_player_is_removed_and_can_not_reconnect(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        assert guest.ask("kick", player_id=str(table.users[0].pk))["data"]["code"] == "not_host"
        assert len(host.ask("kick", player_id=str(table.users[1].pk))["data"]["players"]) == 1
        assert guest.receive("kicked")
        assert guest.closed() == Close.REMOVED
    with Caller(site, path_of(table.id)) as again:
        again.send("hello", ticket=ticket_for(table, 1))
        assert again.closed() == Close.REMOVED


def test_a_lost_socket_keeps_its_seat(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        guest.ask("ready", is_ready=True)
        guest.socket.close()
        lost = seat_of(host.until(lambda frame: not seat_of(frame, 1)["is_connected"]), 1)
        assert (lost["is_connected"], lost["is_ready"]) == (False, False)
        with take_seat_by_socket(site, table, 1):
            back = seat_of(host.receive("lobby", version=table.version), 1)
            assert back["is_connected"]
            assert back["joined_at"] == lost["joined_at"]


def test_after_the_grace_period_the_seat_is_free(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        guest.socket.close()
        host.until(lambda frame: not seat_of(frame, 1)["is_connected"])
        execute("UPDATE session_players SET lost_at = lost_at - interval '31 seconds'")
        assert host.until(lambda frame: len(frame["data"]["players"]) == 1)


def test_a_newer_connection_replaces_the_first(site: Site) -> None:
    table = Table(2)
    with take_seat_by_socket(site, table) as first, take_seat_by_socket(site, table) as second:
        assert first.refused() == ("replaced", Close.REPLACED)
        assert second.ask("ready", is_ready=True)["type"] == "lobby"
        assert table.now.seats[0].is_connected


def test_the_end_of_a_game_closes_its_sockets(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as callers:
        execute("UPDATE game_sessions SET status = 'InProgress' WHERE id = %s", table.id)
        run(lobby_actions.end, table.id, table.users[0].pk)
        for caller in callers:
            assert caller.receive("closed")["data"] == {"reason": "completed"}
            assert caller.closed() == Close.NO_SUCH_SESSION


def test_a_change_typed_in_psql_reaches_the_players(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, guest):
        execute("UPDATE tribes SET name = 'Typed' WHERE id = %s", table.tribes[1].pk)
        assert seat_of(host.receive("lobby", version=table.version), 1)["tribe"]["name"] == "Typed"
        execute("DELETE FROM session_players WHERE user_id = %s", table.users[0].pk)
        assert host.closed() == Close.NO_SUCH_SESSION
        assert guest.until(lambda frame: frame["data"]["host"] == str(table.users[1].pk))


def test_a_new_name_of_the_map_reaches_the_players(site: Site) -> None:
    table = Table(1)
    with take_seat_by_socket(site, table) as host:
        before = table.version
        execute("UPDATE maps SET name = 'New Ford' WHERE id = %s", table.map.pk)
        assert host.receive("lobby", version=before + 1)["data"]["map"]["name"] == "New Ford"
        assert host.ask("hello", version=before)["data"]["lobby"]["map"]["name"] == "New Ford"


def send_as_hub(hub: str, table: Table, kind: str, message: dict[str, Any]) -> None:
    """Sends a message through the channel layer as a hub does."""
    message |= {"type": kind, "session_id": str(table.id), "hub": hub}
    async_to_sync(get_channel_layer().group_send)(channel_group(table.id), message)


def send_from_another_process(table: Table, text: str) -> None:
    """Sends a chat message as another process does."""
    said = {"player_id": str(table.users[0].pk), "text": text, "at": "2026-07-01T12:00:00Z"}
    send_as_hub("another", table, "chat", {"said": said})


def test_updates_of_other_processes_reach_the_players_and_own_ones_are_ignored(site: Site) -> None:
    table = Table(2)
    with seated(site, table) as (host, _):
        own_hub = str(table.now.seats[0].server)
        for hub, version in ((own_hub, 3000), ("another", 2000)):
            update = LobbyUpdate.from_lobby(replace(table.now, version=version))
            send_as_hub(hub, table, "lobby", to_message(update))
            assert from_message(to_message(update) | {"session_id": str(table.id)}) == update
        host.receive("lobby", version=2000)
        assert host.ask("ping")["version"] == 2000


def test_a_room_opened_without_redis_is_subscribed_later(site: Site) -> None:
    """Also where the subscription before has just ended."""
    table = Table(1)
    ticket = ticket_for(table)
    with Caller(site, path_of(table.id)) as caller:
        open_circuit()
        assert caller.ask("hello", ticket=ticket)["type"] == "welcome"

        def is_received() -> bool:
            send_from_another_process(table, "hello")
            return "chat" in {frame["type"] for frame in caller.frames_within(0.2)}

        until(is_received)
    for _ in range(5):
        with take_seat_by_socket(site, table) as caller:
            send_from_another_process(table, "again")
            assert caller.receive("chat", text="again")


def test_the_list_sends_a_snapshot_and_changes(site: Site) -> None:
    table, later = Table(2), None
    with Caller(site, "/ws/lobbies") as looker:
        snapshot = looker.receive("lobbies")["data"]
        assert [card["id"] for card in snapshot["lobbies"]] == [str(table.id)]
        assert snapshot["is_snapshot"]
        assert snapshot["lobbies"][0]["free_seats"] == 2
        later = Table(1, game_map=table.map)
        change = looker.receive("lobbies")["data"]
        assert [card["id"] for card in change["lobbies"]] == [str(later.id)]
        assert not change["is_snapshot"]
        run(lobby_actions.leave, later.id, later.users[0].pk)
        assert looker.receive("lobbies")["data"]["gone"] == [str(later.id)]
        assert looker.ask("ping")["type"] == "pong"
        assert len(looker.ask("hello")["data"]["lobbies"]) == 1
        assert looker.ask("ready", is_ready=True)["data"]["code"] == "unknown_type"


def test_full_lobbies_are_not_listed(site: Site) -> None:
    table = Table(1, seats=2)
    with Caller(site, "/ws/lobbies") as looker:
        assert len(looker.receive("lobbies")["data"]["lobbies"]) == 1
        guest = make_user("Guest1")
        run(lobby_actions.join, table.id, guest.pk, tribe_id=make_tribe(guest).pk)
        change = looker.receive("lobbies")["data"]
        assert (change["lobbies"], change["gone"], change["total"]) == ([], [str(table.id)], 0)
        assert change["maps"] == {str(table.map.pk): {"lobbies": 0, "free_seats": 0}}
        run(lobby_actions.leave, table.id, guest.pk)
        assert [c["id"] for c in looker.receive("lobbies")["data"]["lobbies"]] == [str(table.id)]


def test_a_long_list_states_since_when_it_is_complete(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_LISTED", 2)
    old = Table(1)
    newer = [Table(1, game_map=old.map) for _ in range(2)]
    with Caller(site, "/ws/lobbies") as looker:
        whole = looker.receive("lobbies")["data"]
        assert [c["id"] for c in whole["lobbies"]] == [str(t.id) for t in reversed(newer)]
        assert (whole["total"], whole["since"]) == (3, whole["lobbies"][1]["created_at"])
        assert whole["maps"] == {str(old.map.pk): {"lobbies": 3, "free_seats": 9}}
        newest = Table(1)
        change = looker.receive("lobbies")["data"]
        assert [c["id"] for c in change["lobbies"]] == [str(newest.id)]
        assert change["gone"] == []  # the lobby that it replaced in the list is still open
        assert change["maps"] == {str(newest.map.pk): {"lobbies": 1, "free_seats": 3}}
        run(lobby_actions.leave, old.id, old.users[0].pk)
        change = looker.receive("lobbies")["data"]
        assert (change["gone"], change["total"]) == ([str(old.id)], 3)  # although it was not listed
        run(lobby_actions.leave, newest.id, newest.users[0].pk)
        change = looker.receive("lobbies")["data"]
        assert (change["total"], change["since"]) == (2, None)
        assert [c["id"] for c in change["lobbies"]] == [str(newer[0].id)]
