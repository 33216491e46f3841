"""Lobbies for tests: seats and lobbies without a database, and lobbies with players in the database."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from maps.models import GameMap
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.entities import Lobby, Seat
from sessions_app.lobby.store import read_lobby
from sessions_app.lobby.transactions import run
from sessions_app.models import LobbyServer
from tests.support.factories import make_map, make_tribe, make_user

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
# Names for players who only hold a seat.
PLAYERS = tuple(UUID(int=n) for n in range(1, 7))
_numbers = itertools.count()


def make_seat(player: UUID, **more: Any) -> Seat:
    """Returns a seat, by default held by a socket."""
    facts: dict[str, Any] = {
        "username": f"Player{player.int}",
        "level": 1,
        "tribe": {"id": player},
        "joined_at": NOON,
        "connection": UUID(int=100 + player.int),
        "server": UUID(int=1000),
    }
    return Seat(player, **(facts | more))


def make_lobby(*seats: Seat, **more: Any) -> Lobby:
    """Returns a lobby. By default the first seat is the host's."""
    facts: dict[str, Any] = {
        "id": UUID(int=99),
        "status": Status.LOBBY,
        "game_map": {"is_playable": True},
        "seats": tuple(replace(seat, is_host=n == 0) for n, seat in enumerate(seats)),
        "code": "ABC234",
        "version": 1,
        "created_at": NOON,
        "touched_at": NOON,
    }
    return Lobby(**(facts | more))


class Table:
    """A lobby in the database with some players, of whom the first is host. No player has a socket."""

    def __init__(
        self, players: int = 2, *, game_map: GameMap | None = None, **options: Any
    ) -> None:
        number = next(_numbers)
        self.users = [make_user(f"Seat{number}x{n}") for n in range(players)]
        self.tribes = [make_tribe(user) for user in self.users]
        self.map = game_map or make_map(make_user(f"Mapper{number}"))
        self.id: UUID = run(
            lobby_actions.create,
            self.users[0].pk,
            map_id=self.map.pk,
            tribe_id=self.tribes[0].pk,
            **options,
        ).after.id
        for user, tribe in list(zip(self.users, self.tribes, strict=True))[1:]:
            run(lobby_actions.join, self.id, user.pk, tribe_id=tribe.pk, code=self.now.code)

    @property
    def now(self) -> Lobby:
        """The lobby as the database has it."""
        found = run(read_lobby, self.id)
        assert found
        return found[0]

    @property
    def version(self) -> int:
        """Of the lobby."""
        return self.now.version

    def all_ready(self) -> None:
        """Everybody has a socket of a living process, and is ready."""
        server = LobbyServer.objects.create(pk=uuid4())
        for user in self.users:
            run(lobby_actions.connect, self.id, user.pk, connection=uuid4(), server=server.pk)
            run(lobby_actions.set_ready, self.id, user.pk, is_ready=True)


EXAMPLE = Lobby(
    id=UUID(int=1),
    status=Status.LOBBY,
    game_map={
        "id": str(UUID(int=2)),
        "name": "Ford",
        "width": 20,
        "height": 20,
        "version": 1,
        "is_playable": True,
    },
    seats=(
        Seat(UUID(int=3), "Mira", 2, {"id": str(UUID(int=4))}, NOON, is_host=True, lost_at=NOON),
    ),
    code="ABC234",
    version=7,
    created_at=NOON,
    touched_at=NOON,
)
