"""The clock of grace periods stands still while nobody can reconnect. Times are moved in the database."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis.asyncio
from django.db import connection
from redis.exceptions import TimeoutError as RedisTimeout

from sessions_app.live import clock, reconciliation
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.statements import FIND_DUE_LOBBIES
from sessions_app.lobby.transactions import run
from sessions_app.models import LobbyClock, LobbyServer, SessionPlayer
from tests.support.database import execute
from tests.support.live_site import Site
from tests.support.lobbies import Table
from tests.support.socket_clients import seated
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


class Lobby:
    """A lobby with a connected host and a guest who lost the socket some seconds ago."""

    def __init__(self, lost: float) -> None:
        self.table, self.server = Table(2), uuid4()
        self.beat()
        for user in self.table.users:
            socket = uuid4()
            run(
                lobby_actions.connect,
                self.table.id,
                user.pk,
                connection=socket,
                server=self.server,
            )
        guest = self.table.users[1].pk
        run(lobby_actions.disconnect, self.table.id, guest, connection=socket)
        execute(
            "UPDATE session_players SET lost_at = lost_at - %s * interval '1 second'"
            " WHERE lost_at IS NOT NULL",
            lost,
        )

    def beat(self, server: UUID | None = None, *, is_available: bool = True) -> None:
        run(clock.write_heartbeat, server or self.server, is_available=is_available)

    def pass_time(self, seconds: float, *, redis_only: bool = False) -> None:
        """Moves all times into the past, as if nothing had happened meanwhile."""
        moves = [
            "UPDATE session_players SET lost_at = lost_at - %s * interval '1 second'",
            "UPDATE lobby_clock SET available_at = available_at - %s * interval '1 second'",
        ]
        if not redis_only:
            moves += [
                "UPDATE lobby_clock SET written_at = written_at - %s * interval '1 second'",
                "UPDATE lobby_servers SET seen_at = seen_at - %s * interval '1 second'",
            ]
        for move in moves:
            execute(move, seconds)

    def sweep(self) -> int:
        """Applies what is due. Returns how many seats are left."""
        with connection.cursor() as cursor:
            cursor.execute(FIND_DUE_LOBBIES)
            due = cursor.fetchall()
        for (game_id,) in due:
            run(lobby_actions.apply_due_changes, game_id)
        return len(self.table.now.seats)

    @property
    def lost_since(self) -> float:
        [seat] = SessionPlayer.objects.filter(lost_at__isnull=False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp() - %s)", [seat.lost_at])
            [[seconds]] = cursor.fetchall()
        return float(seconds)

    @property
    def is_host_connected(self) -> bool:
        return bool(self.table.now.seats[0].is_connected)


def test_a_seat_gets_its_remaining_time_after_an_outage() -> None:
    lobby = Lobby(lost=20)
    lobby.pass_time(40)
    assert lobby.sweep() == 2  # before the first heartbeat, too
    assert lobby.is_host_connected  # its process could not write, and is not dead
    lobby.beat()
    assert 19 <= lobby.lost_since < 23
    assert lobby.sweep() == 2
    lobby.pass_time(4)
    lobby.beat()
    assert lobby.sweep() == 2
    for _ in range(2):
        lobby.pass_time(4)
        lobby.beat()
    assert lobby.sweep() == 1


def test_a_seat_that_was_lost_during_an_outage_has_all_its_time() -> None:
    lobby = Lobby(lost=0)
    execute("UPDATE lobby_clock SET available_at = available_at - interval '40 seconds'")
    execute("UPDATE session_players SET lost_at = lost_at - interval '35 seconds'")
    lobby.beat()
    assert lobby.lost_since < 2
    assert lobby.sweep() == 2


@pytest.mark.parametrize("processes", [1, 3])
def test_each_process_may_see_the_end_of_the_outage_first(processes: int) -> None:
    lobby = Lobby(lost=20)
    others = [uuid4() for _ in range(processes)]
    for other in others:
        lobby.beat(other)
    lobby.pass_time(40)
    for other in others:
        lobby.beat(other)
        assert lobby.sweep() == 2
    assert 19 <= lobby.lost_since < 23  # counted once
    assert lobby.is_host_connected


def test_without_redis_the_grace_period_stands_still_and_processes_live() -> None:
    lobby = Lobby(lost=20)
    for _ in range(10):
        lobby.pass_time(4, redis_only=True)
        lobby.beat(is_available=False)
        assert lobby.sweep() == 2
    lobby.beat()
    assert 19 <= lobby.lost_since < 23
    assert lobby.sweep() == 2


def test_without_redis_a_dead_process_is_found() -> None:
    lobby = Lobby(lost=0)
    other = uuid4()
    execute("UPDATE lobby_servers SET seen_at = seen_at - interval '16 seconds'")
    lobby.beat(other, is_available=False)
    lobby.sweep()
    assert not lobby.is_host_connected
    assert len(lobby.table.now.seats) == 2


def test_a_process_that_died_in_an_outage_is_found_later() -> None:
    lobby = Lobby(lost=0)
    other = uuid4()
    lobby.beat(other)
    lobby.pass_time(40)
    lobby.beat(other)
    assert lobby.sweep() == 2
    assert lobby.is_host_connected
    execute("UPDATE lobby_servers SET seen_at = seen_at - interval '16 seconds'")
    lobby.beat(other)
    lobby.sweep()
    assert not lobby.is_host_connected


def test_a_late_heartbeat_is_no_outage() -> None:
    lobby = Lobby(lost=28)
    lobby.pass_time(clock.OUTAGE.total_seconds() - 1)
    lobby.beat()
    assert lobby.sweep() == 1


def test_seats_of_games_that_are_over_and_of_players_who_left_are_not_changed() -> None:
    lobby = Lobby(lost=20)
    execute("UPDATE session_players SET left_at = now() WHERE lost_at IS NOT NULL")
    before = lobby.lost_since
    lobby.pass_time(40)
    lobby.beat()
    assert lobby.lost_since >= before + 40
    execute("UPDATE session_players SET left_at = NULL")
    execute("UPDATE game_sessions SET status = 'Completed'")
    lobby.pass_time(40)
    lobby.beat()
    assert lobby.lost_since >= before + 80


def test_the_clock_has_one_row_and_never_goes_back() -> None:
    lobby = Lobby(lost=0)
    execute("UPDATE lobby_clock SET written_at = now() + interval '1 hour'")
    before = LobbyClock.objects.get()
    lobby.beat()
    after = LobbyClock.objects.get()
    assert after.written_at == before.written_at
    assert after.available_at >= before.available_at
    assert LobbyServer.objects.filter(pk=lobby.server).exists()


# ---- With the real server -----------------------------------------------------------------------


@pytest.fixture
def frequent_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Request it before `site`."""
    monkeypatch.setattr(reconciliation, "SWEEP_SECONDS", 0.1)
    monkeypatch.setattr(clock, "OUTAGE", timedelta(seconds=0.5))


def test_the_server_keeps_lost_seats_while_redis_does_not_respond(
    frequent_heartbeats: None, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, is_away = Table(2), [True]
    with seated(site, table) as (host, guest):
        until(lambda: LobbyClock.objects.exists())
        ping = redis.asyncio.Redis.ping

        async def fail(self: Any, **options: Any) -> Any:
            if is_away[0]:
                raise RedisTimeout
            return await ping(self, **options)

        monkeypatch.setattr(redis.asyncio.Redis, "ping", fail)
        guest.socket.close()
        host.until(lambda frame: not frame["data"]["players"][1]["is_connected"])
        before = LobbyClock.objects.get().available_at
        execute(
            "UPDATE session_players SET lost_at = lost_at - interval '31 seconds'"
            " WHERE lost_at IS NOT NULL"
        )
        execute("UPDATE lobby_clock SET available_at = available_at - interval '35 seconds'")
        assert host.frames_within(1) == []
        assert len(table.now.seats) == 2
        is_away[0] = False
        until(lambda: LobbyClock.objects.get().available_at > before)
        assert host.frames_within(0.5) == []
        assert len(table.now.seats) == 2
        execute("UPDATE session_players SET lost_at = lost_at - interval '31 seconds'")
        assert host.until(lambda frame: len(frame["data"]["players"]) == 1)
