"""Whatever players do, in any order, a lobby keeps its invariants, in the rules and in the database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from config.kernel.errors import DomainError
from maps.models import GameMap
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import invite_codes, rules
from sessions_app.lobby.entities import Lobby, LobbyChange, Seat
from sessions_app.lobby.store import read_lobby
from sessions_app.lobby.transactions import Steps, run
from sessions_app.models import GameSession, LobbyServer, SessionPlayer
from tests.support.factories import make_tribe, make_user
from tests.support.lobbies import PLAYERS, make_lobby

Rule = Callable[[Lobby, datetime], Lobby]
number = st.integers(0, len(PLAYERS) - 1)  # of a player
SERVERS = 2


def shape(lobby: Lobby) -> dict[str, Any]:
    """Returns what players see of a lobby, without exact times."""
    return {
        "status": lobby.status,
        "seats": [
            (s.player_id, s.is_host, s.is_ready, s.is_connected, s.connection, str(s.tribe["id"]))
            for s in lobby.seats
        ],
        "kicked": lobby.kicked,
        "departed": lobby.departed,
        "absent": {s.player_id for s in lobby.absent} if not lobby.is_over else None,
        "settings": (lobby.is_public, lobby.seat_limit),
        "counts": lobby.countdown_ends_at is not None,
        "has_code": lobby.code is not None,
        "has_started": lobby.started_at is not None,
    }


class LobbyMachine(RuleBasedStateMachine):
    """Players in one lobby who may do anything at any moment."""

    players: ClassVar[list[UUID]] = list(PLAYERS)
    tribes: ClassVar[list[list[UUID]]] = [[uuid4(), uuid4()] for _ in PLAYERS]

    def __init__(self) -> None:
        super().__init__()
        self.offset = timedelta()
        self.lobby = make_lobby(created_at=self.now(), touched_at=self.now(), version=0)
        self.sockets: list[list[UUID]] = [[uuid4()] for _ in PLAYERS]
        self.servers = [uuid4() for _ in range(SERVERS)]
        self.dead: set[UUID] = set()
        self.had_players = False

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def seat(self, n: int, tribe: int) -> Seat:
        """Returns the seat of a newcomer."""
        chosen, now = {"id": self.tribes[n][tribe]}, self.now()
        return Seat(self.players[n], f"Player{n}", 1, chosen, joined_at=now, lost_at=now)

    def apply(self, change: Rule, steps: Callable[[UUID], Steps[LobbyChange]], *, by: str) -> None:
        """Applies a step to the model. `by` is "player", or "time" for what does not touch the lobby."""
        before, now = self.lobby, self.now()
        seen = replace(
            before,
            seats=tuple(
                replace(s, is_orphaned=s.server is None or s.server in self.dead)
                for s in before.seats
            ),
        )
        code = None
        try:
            after = change(seen, now)
        except DomainError as refusal:
            after, code = seen, refusal.code
        is_change = shape(after) != shape(seen)
        if by == "player" and (is_change or after != seen):
            after = replace(after, touched_at=now)
        self.lobby, self.had_players = after, self.had_players or bool(after.seats)
        self.check_step(before, after)
        self.apply_to_database(steps, code, is_change=is_change)

    def apply_to_database(
        self, steps: Callable[[UUID], Steps[LobbyChange]], code: str | None, *, is_change: bool
    ) -> None:
        """Does nothing here. The machine with a database does the same step there."""

    def check_step(self, before: Lobby, after: Lobby) -> None:
        if before.is_over:
            assert after.status == before.status
        if before.status != Status.LOBBY:
            assert after.status != Status.LOBBY
        stored = [s.player_id for s in before.seats if after.seat_of(s.player_id)]
        new = [s.player_id for s in after.seats if not before.seat_of(s.player_id)]
        if before.status == Status.LOBBY:
            assert [s.player_id for s in after.seats] == stored + new
        else:  # only a former player comes back
            assert all(before.absent_seat_of(player) for player in new)
            assert not {s.player_id for s in after.seats} & {s.player_id for s in after.absent}

    # ---- What is done ---------------------------------------------------------------------------

    @rule(n=number, tribe=st.integers(0, 1), code=st.booleans())
    def join(self, n: int, tribe: int, code: bool) -> None:
        seat, given = self.seat(n, tribe), self.lobby.code if code else None
        self.apply(
            lambda lobby, _: rules.join(lobby, seat, code=given),
            lambda game: lobby_actions.join(
                game,
                self.players[n],
                tribe_id=self.tribes[n][tribe],
                code=self.code() if code else None,
            ),
            by="player",
        )

    def code(self) -> str | None:
        """Returns the code of the real lobby, where there is one."""
        return self.lobby.code

    @rule(n=number)
    def leave(self, n: int) -> None:
        player = self.players[n]
        self.apply(
            lambda lobby, _: rules.leave(lobby, player),
            lambda game: lobby_actions.leave(game, player),
            by="player",
        )

    @rule(n=number, is_ready=st.booleans())
    def ready(self, n: int, is_ready: bool) -> None:
        player = self.players[n]
        self.apply(
            lambda lobby, _: rules.set_ready(lobby, player, is_ready=is_ready),
            lambda game: lobby_actions.set_ready(game, player, is_ready=is_ready),
            by="player",
        )

    @rule(n=number, tribe=st.integers(0, 1))
    def choose_tribe(self, n: int, tribe: int) -> None:
        player, chosen = self.players[n], self.tribes[n][tribe]
        self.apply(
            lambda lobby, _: rules.choose_tribe(lobby, player, {"id": chosen}),
            lambda game: lobby_actions.choose_tribe(game, player, tribe_id=chosen),
            by="player",
        )

    @rule(n=number, other=number)
    def kick(self, n: int, other: int) -> None:
        host, player = self.players[n], self.players[other]
        self.apply(
            lambda lobby, _: rules.kick(lobby, host, player),
            lambda game: lobby_actions.kick(game, host, player_id=player),
            by="player",
        )

    @rule(n=number, is_public=st.none() | st.booleans(), seats=st.none() | st.integers(2, 4))
    def change_settings(self, n: int, is_public: bool | None, seats: int | None) -> None:
        host, wish = self.players[n], {"is_public": is_public, "seats": seats}
        self.apply(
            lambda lobby, _: rules.change_settings(lobby, host, **wish),  # type: ignore[arg-type]
            lambda game: lobby_actions.change_settings(game, host, **wish),  # type: ignore[arg-type]
            by="player",
        )

    @rule(n=number, solo=st.booleans())
    def start(self, n: int, solo: bool) -> None:
        host = self.players[n]
        self.apply(
            lambda lobby, now: rules.start(lobby, host, now, solo=solo),
            lambda game: lobby_actions.start(game, host, solo=solo),
            by="player",
        )

    @rule(solo=st.booleans())
    def all_ready_and_start(self, solo: bool) -> None:
        """Does what random steps would seldom do."""
        for seat in self.lobby.seats:
            n = self.players.index(seat.player_id)
            self.connect(n, server=0)
            self.ready(n, is_ready=True)
        if self.lobby.host:
            self.start(self.players.index(self.lobby.host.player_id), solo=solo)

    @rule(n=number)
    def end(self, n: int) -> None:
        host = self.players[n]
        self.apply(
            lambda lobby, _: rules.end(lobby, host),
            lambda game: lobby_actions.end(game, host),
            by="player",
        )

    @rule(n=number, server=st.integers(0, SERVERS - 1))
    def connect(self, n: int, server: int) -> None:
        """Connects a socket of a live process. A process that was considered dead has sent a heartbeat."""
        player, process = self.players[n], self.servers[server]
        self.revive(process)
        self.sockets[n].append(uuid4())
        self._take_seat(player, self.sockets[n][-1], process)

    @rule(n=number, age=st.integers(1, 2), server=st.integers(0, SERVERS - 1))
    def take_again(self, n: int, age: int, server: int) -> None:
        """Takes the seat again with a socket that its process still has, new or old."""
        process = self.servers[server]
        self.revive(process)
        self._take_seat(self.players[n], self.sockets[n][-age:][0], process)

    def _take_seat(self, player: UUID, socket: UUID, process: UUID) -> None:
        self.apply(
            lambda lobby, now: rules.connect(lobby, player, socket, process, now),
            lambda game: lobby_actions.connect(game, player, connection=socket, server=process),
            by="time",
        )

    @rule(n=number, age=st.integers(1, 2))
    def disconnect(self, n: int, age: int) -> None:
        """Loses the newest socket, or an older one."""
        player, socket = self.players[n], self.sockets[n][-age:][0]
        self.apply(
            lambda lobby, now: rules.disconnect(lobby, player, socket, now),
            lambda game: lobby_actions.disconnect(game, player, connection=socket),
            by="time",
        )

    @rule(n=number)
    def renew_grace_period(self, n: int) -> None:
        player = self.players[n]
        self.apply(
            lambda lobby, now: rules.renew_grace_period(lobby, player, now),
            lambda game: lobby_actions.renew_grace_period(game, player),
            by="time",
        )

    @rule(seconds=st.sampled_from([4, 20, 31, 3601]))
    def time_passes(self, seconds: int) -> None:
        self.offset += timedelta(seconds=seconds)

    @rule(server=st.integers(0, SERVERS - 1))
    def server_dies(self, server: int) -> None:
        self.dead.add(self.servers[server])

    def revive(self, process: UUID) -> None:
        self.dead.discard(process)

    @rule()
    def apply_due_changes(self) -> None:
        self.apply(rules.apply_due_changes, lobby_actions.apply_due_changes, by="time")

    # ---- What always holds ----------------------------------------------------------------------

    @invariant()
    def has_one_host_while_anyone_is_seated(self) -> None:
        if not self.lobby.is_over:
            assert sum(s.is_host for s in self.lobby.seats) == (1 if self.lobby.seats else 0)

    @invariant()
    def has_no_more_seats_than_it_may(self) -> None:
        assert len(self.lobby.seats) <= self.lobby.seat_limit <= 4

    @invariant()
    def seats_nobody_who_was_kicked(self) -> None:
        assert not self.lobby.kicked & {s.player_id for s in self.lobby.seats}

    @invariant()
    def counts_down_only_while_all_are_ready(self) -> None:
        if self.lobby.countdown_ends_at:
            assert self.lobby.status == Status.LOBBY
            assert all(s.is_ready and s.is_connected for s in self.lobby.seats)

    @invariant()
    def is_abandoned_exactly_when_nobody_sits(self) -> None:
        if self.had_players or self.lobby.is_over:
            assert (not self.lobby.seats) == (self.lobby.status == Status.ABANDONED)
        assert (self.lobby.code is None) == self.lobby.is_over

    @invariant()
    def holds_a_seat_by_a_socket_or_a_time(self) -> None:
        for seat in self.lobby.seats:
            assert (seat.connection is None) == (seat.lost_at is not None)


QUICK = settings(
    deadline=None, suppress_health_check=list(HealthCheck), database=None, stateful_step_count=40
)


def test_the_rules_preserve_the_invariants() -> None:
    run_state_machine_as_test(LobbyMachine, settings=settings(QUICK, max_examples=300))


class DatabaseLobbyMachine(LobbyMachine):
    """The same steps on a real lobby, which must equal the model after each step."""

    game_map: ClassVar[GameMap]

    def __init__(self) -> None:
        super().__init__()
        for server in self.servers:
            LobbyServer.objects.create(pk=server)
        self.game = GameSession.objects.create(map=self.game_map, code=invite_codes.generate_code())
        self.version = 0

    def code(self) -> str | None:
        return self.game.code if self.lobby.code else None

    def apply_to_database(
        self, steps: Callable[[UUID], Steps[LobbyChange]], code: str | None, *, is_change: bool
    ) -> None:
        refused = None
        try:
            run(steps, self.game.pk)
        except DomainError as refusal:
            refused = refusal.code
        assert refused == code
        found = run(read_lobby, self.game.pk)
        assert found
        assert shape(found[0]) == shape(self.lobby)
        assert found[0].version == self.version + is_change
        self.version = found[0].version

    @rule(seconds=st.sampled_from([4, 20, 31, 3601]))
    def time_passes(self, seconds: int) -> None:
        """Moves the times in the database back, because its clock can not be set."""
        super().time_passes(seconds)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE game_sessions SET touched_at = touched_at - %(by)s * interval '1 second',"
                " countdown_ends_at = countdown_ends_at - %(by)s * interval '1 second'"
                " WHERE id = %(game)s",
                {"by": seconds, "game": self.game.pk},
            )
            cursor.execute(
                "UPDATE session_players SET lost_at = lost_at - %(by)s * interval '1 second'"
                " WHERE session_id = %(game)s",
                {"by": seconds, "game": self.game.pk},
            )
        self.version = GameSession.objects.get(pk=self.game.pk).version

    @rule(server=st.integers(0, SERVERS - 1))
    def server_dies(self, server: int) -> None:
        super().server_dies(server)
        long_ago = datetime.now(UTC) - timedelta(minutes=1)
        LobbyServer.objects.filter(pk=self.servers[server]).update(seen_at=long_ago)

    def revive(self, process: UUID) -> None:
        super().revive(process)
        LobbyServer.objects.filter(pk=process).update(seen_at=datetime.now(UTC))

    def teardown(self) -> None:
        SessionPlayer.objects.all().delete()
        GameSession.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_the_database_does_the_same_as_the_rules(game_map: GameMap) -> None:
    users = [make_user(f"Player{n}") for n in range(len(PLAYERS))]
    DatabaseLobbyMachine.players = [user.pk for user in users]
    DatabaseLobbyMachine.tribes = [
        [make_tribe(user, name).pk for name in ("Ravens", "Wolves")] for user in users
    ]
    DatabaseLobbyMachine.game_map = game_map
    run_state_machine_as_test(DatabaseLobbyMachine, settings=settings(QUICK, max_examples=20))
