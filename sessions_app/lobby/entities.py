"""A lobby and its seats, for the rules. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sessions_app.kernel.limits import MAX_SEATS
from sessions_app.kernel.statuses import OVER_STATUSES, Status


@dataclass(frozen=True)
class Seat:
    """A player in a lobby or game.

    `lost_at` is the time since which no socket holds the seat; None while one does. `is_orphaned` says that
    the process with the socket has ended without disconnecting the seat.
    """

    player_id: UUID
    username: str
    level: int
    tribe: dict[str, Any]  # id, name, archetype, color_theme and the three bonuses
    joined_at: datetime
    is_host: bool = False
    is_ready: bool = False
    lost_at: datetime | None = None
    connection: UUID | None = None
    server: UUID | None = None
    is_orphaned: bool = False

    @property
    def is_connected(self) -> bool:
        """Whether a socket holds the seat."""
        return self.lost_at is None


@dataclass(frozen=True)
class Lobby:
    """A lobby or game with its seats, in the order in which players joined.

    `absent` are the seats of players who are gone from a running game, and may come back. `available_at` is
    the last time at which players could reconnect; None if nothing has measured it.
    """

    id: UUID
    status: Status
    game_map: dict[str, Any]  # id, name, width, height, version, is_playable
    seats: tuple[Seat, ...]
    code: str | None
    version: int
    created_at: datetime
    touched_at: datetime
    is_public: bool = True
    seat_limit: int = MAX_SEATS
    kicked: frozenset[UUID] = frozenset()
    countdown_ends_at: datetime | None = None
    started_at: datetime | None = None
    departed: tuple[UUID, ...] = ()  # who left by themselves, the newest last
    is_map_published: bool = True
    available_at: datetime | None = field(default=None, compare=False)
    absent: tuple[Seat, ...] = ()

    @property
    def is_listed(self) -> bool:
        """Whether everybody may see and join the lobby: both the lobby and the map are public."""
        return self.is_public and self.is_map_published

    @property
    def is_over(self) -> bool:
        """Whether the game is completed or abandoned."""
        return self.status in OVER_STATUSES

    @property
    def host(self) -> Seat | None:
        """The seat of the host; None without seats."""
        return next((seat for seat in self.seats if seat.is_host), None)

    def seat_of(self, player_id: UUID) -> Seat | None:
        """Returns the seat of a player, or None."""
        return next((seat for seat in self.seats if seat.player_id == player_id), None)

    def absent_seat_of(self, player_id: UUID) -> Seat | None:
        """Returns the seat that a player had in this running game, or None."""
        return next((seat for seat in self.absent if seat.player_id == player_id), None)


@dataclass(frozen=True)
class LobbyChange:
    """A lobby before and after an action. Both are the same if nothing changed."""

    before: Lobby
    after: Lobby

    @property
    def has_new_version(self) -> bool:
        """Whether the version changed."""
        return self.before.version != self.after.version
