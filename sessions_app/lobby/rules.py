"""The rules of a lobby: who may do what, and what follows. Pure: no database, no clock, no sockets.

Each rule takes a lobby as it is and answers it as it becomes, or raises DomainError. Nothing here knows
whether the wish came by REST, by socket, from a page or from a timer; `seating` carries the rules out
under the lock of the game's row, so that the lobby which a rule is given is the one in force.

What must always hold is said once, in `settled`, which each rule ends with.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from config.kernel.errors import DomainError, InvalidInput
from sessions_app.kernel.limits import MAX_KICKED_PLAYERS, MAX_SEATS
from sessions_app.kernel.statuses import OVER_STATUSES, Status

COUNTDOWN = timedelta(seconds=3)
GRACE = timedelta(seconds=30)  # how long a lost socket keeps its seat
UNTOUCHED = timedelta(hours=1)  # after that a lobby is closed
MOST_KICKED = 100  # players who are remembered though they had no seat: a host may name anybody


@dataclass(frozen=True)
class Seat:
    """A player at the table. `lost_at` is since when no socket holds the seat; None while one does."""

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
    is_orphan: bool = False  # its socket's process is gone, without a word

    @property
    def is_connected(self) -> bool:
        """Whether a socket holds the seat."""
        return self.lost_at is None


@dataclass(frozen=True)
class Lobby:
    """A game with its seats, those who joined first before the others."""

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
    is_map_published: bool = True

    @property
    def is_listed(self) -> bool:
        """Whether everybody may see it and join: the host's choice, where the map is for everybody too."""
        return self.is_public and self.is_map_published

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen."""
        return self.status in OVER_STATUSES

    @property
    def host(self) -> Seat | None:
        """Who may start; None with nobody seated."""
        return next((seat for seat in self.seats if seat.is_host), None)

    def seat_of(self, player_id: UUID) -> Seat | None:
        """A player's seat, if there is one."""
        return next((seat for seat in self.seats if seat.player_id == player_id), None)


Rule = Callable[[Lobby], Lobby]

# ---- What players do ----------------------------------------------------------------------------


def join(lobby: Lobby, newcomer: Seat, *, code: str | None = None) -> Lobby:
    """Take a free seat. Whoever sits there already stays as before.

    Raises DomainError: 404 for a private lobby without its code, 409 `kicked`, `started`, `over`, `full`.
    """
    if lobby.seat_of(newcomer.player_id):
        _demand_not_over(lobby)
        return lobby
    if not lobby.is_listed and (code is None or code != lobby.code):
        raise DomainError("not_found", "There is no such open lobby.")
    if newcomer.player_id in lobby.kicked:
        raise DomainError("kicked", "The host has removed you from this lobby.")
    _demand_lobby(lobby)
    if len(lobby.seats) >= lobby.seat_limit:
        raise DomainError("full", "All seats of this lobby are taken.")
    return settled(replace(lobby, seats=(*lobby.seats, newcomer)))


def leave(lobby: Lobby, player_id: UUID) -> Lobby:
    """Give up one's seat. Raises DomainError: 404 without one, 409 once the game is over."""
    _own_seat(lobby, player_id)
    _demand_not_over(lobby)
    return _without(lobby, player_id)


def ready(lobby: Lobby, player_id: UUID, *, is_ready: bool) -> Lobby:
    """Say whether one is ready. Raises DomainError: not seated, not a lobby any more."""
    seat = _own_seat(lobby, player_id)
    _demand_lobby(lobby)
    return settled(_with(lobby, replace(seat, is_ready=is_ready)))


def take_tribe(lobby: Lobby, player_id: UUID, tribe: dict[str, Any]) -> Lobby:
    """Play with another of one's tribes. Raises DomainError: not seated, not a lobby any more."""
    seat = _own_seat(lobby, player_id)
    _demand_lobby(lobby)
    return settled(_with(lobby, replace(seat, tribe=tribe)))


def kick(lobby: Lobby, host_id: UUID, player_id: UUID) -> Lobby:
    """Remove another player for good; also one who has left at this very moment, and would come back.

    Raises DomainError: 403 for all but the host, 409 `started`, 400 for oneself, 404 for who isn't seated
    once MOST_KICKED are remembered, 409 `quota_reached` beyond MAX_KICKED_PLAYERS.
    """
    _demand_host(lobby, host_id)
    _demand_lobby(lobby)
    if player_id == host_id:
        raise InvalidInput(
            "invalid", "You can't remove yourself: leave instead.", field="player_id"
        )
    after = replace(lobby, kicked=lobby.kicked | {player_id})
    if len(after.kicked) > MAX_KICKED_PLAYERS:
        words = f"You have removed {MAX_KICKED_PLAYERS:,} players from this lobby, the maximum."
        raise DomainError("quota_reached", f"{words} Open another lobby.")
    if lobby.seat_of(player_id):
        return _without(after, player_id)
    if len(after.kicked) > MOST_KICKED:
        raise DomainError("not_found", "No such player sits here.", field="player_id")
    return after


def change_settings(
    lobby: Lobby, host_id: UUID, *, is_public: bool | None = None, seats: int | None = None
) -> Lobby:
    """Change what was given.

    Raises DomainError: 403 for all but the host, 409 `started`, 400 for fewer seats than players.
    """
    _demand_host(lobby, host_id)
    _demand_lobby(lobby)
    if seats is not None and seats < len(lobby.seats):
        words = f"{len(lobby.seats)} players sit here already."
        raise InvalidInput("too_few_seats", words, field="seats")
    return settled(
        replace(
            lobby,
            is_public=lobby.is_public if is_public is None else is_public,
            seat_limit=lobby.seat_limit if seats is None else seats,
        )
    )


def start(lobby: Lobby, host_id: UUID, now: datetime, *, solo: bool = False) -> Lobby:
    """Begin the countdown; one that runs already runs on.

    Raises DomainError: 403 for all but the host, 409 `started`, `map_not_playable`, `alone` unless solo,
    `not_ready`, `not_connected` where somebody is ready but has no socket.
    """
    _demand_host(lobby, host_id)
    _demand_lobby(lobby)
    if lobby.countdown_ends_at:
        return lobby
    if not lobby.game_map["is_playable"]:
        why = "its author has broken it, or a moderator has hidden it"
        raise DomainError("map_not_playable", f"The map can't be played right now: {why}.")
    if len(lobby.seats) == 1 and not solo:
        raise DomainError(
            "alone", "Nobody else is here. Wait for friends, or choose to play alone."
        )
    if waiting := [seat.username for seat in lobby.seats if not seat.is_ready]:
        raise DomainError("not_ready", f"Not ready yet: {', '.join(waiting)}.")
    if lost := [seat.username for seat in lobby.seats if not seat.is_connected]:
        raise DomainError("not_connected", f"Not connected: {', '.join(lost)}.")
    return replace(lobby, countdown_ends_at=now + COUNTDOWN)


def end(lobby: Lobby, host_id: UUID) -> Lobby:
    """End a game that has begun. Raises DomainError: 403 for all but the host, 409 before and after it."""
    _demand_host(lobby, host_id)
    if lobby.status == Status.LOBBY:
        raise DomainError("not_started", "The game has not begun. Leave the lobby instead.")
    _demand_not_over(lobby)
    return replace(lobby, status=Status.COMPLETED, code=None)


# ---- What sockets and time do -------------------------------------------------------------------


def connect(lobby: Lobby, player_id: UUID, connection: UUID, server: UUID | None) -> Lobby:
    """A socket takes its player's seat; an older one of the same player loses it.

    Raises DomainError: 403 `kicked`, 404 for whoever isn't seated, 409 once the game is over.
    """
    if player_id in lobby.kicked:
        raise DomainError("kicked", "The host has removed you from this lobby.")
    seat = _own_seat(lobby, player_id)
    _demand_not_over(lobby)
    return _with(lobby, replace(seat, connection=connection, server=server, lost_at=None))


def disconnect(lobby: Lobby, player_id: UUID, connection: UUID, now: datetime) -> Lobby:
    """A socket is lost: its seat is kept for GRACE. Nothing happens if a newer one has the seat."""
    seat = lobby.seat_of(player_id)
    if seat is None or seat.connection != connection or lobby.is_over:
        return lobby
    return settled(_with(lobby, _lost(lobby, seat, now)))


def stay(lobby: Lobby, player_id: UUID, now: datetime) -> Lobby:
    """A player without a socket shows signs of life: the time that the seat is kept begins anew."""
    seat = lobby.seat_of(player_id)
    if seat is None or seat.is_connected:
        return lobby
    return _with(lobby, replace(seat, lost_at=now))


def tidy(lobby: Lobby, now: datetime) -> Lobby:
    """What is due by time alone: lost sockets, seats kept long enough, the start, the end."""
    if lobby.is_over:
        return lobby
    for seat in lobby.seats:
        if seat.is_connected and seat.is_orphan:
            lobby = _with(lobby, _lost(lobby, seat, now))
    kept = tuple(s for s in lobby.seats if s.lost_at is None or s.lost_at > now - GRACE)
    lobby = settled(replace(lobby, seats=kept))
    if lobby.status == Status.LOBBY and lobby.touched_at <= now - UNTOUCHED:
        return settled(replace(lobby, seats=()))
    if lobby.countdown_ends_at and lobby.countdown_ends_at <= now:
        if not lobby.game_map["is_playable"]:  # broken or hidden since
            return replace(lobby, countdown_ends_at=None)
        return replace(lobby, status=Status.IN_PROGRESS, countdown_ends_at=None, started_at=now)
    return lobby


# ---- What always holds --------------------------------------------------------------------------


def settled(lobby: Lobby) -> Lobby:
    """The lobby with all that follows from who sits there, and how.

    Nobody there: abandoned. Somebody, but no host: the connected player who joined first is host. A
    countdown runs only while everybody is connected and ready.
    """
    if lobby.is_over:
        return lobby
    if not lobby.seats:
        return replace(lobby, status=Status.ABANDONED, code=None, countdown_ends_at=None)
    if lobby.host is None:
        heir = min(lobby.seats, key=lambda s: (not s.is_connected, s.joined_at, s.player_id))
        lobby = _with(lobby, replace(heir, is_host=True))
    if lobby.countdown_ends_at and not all(map(_is_set, lobby.seats)):
        lobby = replace(lobby, countdown_ends_at=None)
    return lobby


def _is_set(seat: Seat) -> bool:
    return seat.is_ready and seat.is_connected


def _lost(lobby: Lobby, seat: Seat, now: datetime) -> Seat:
    """A seat without its socket. In a running game readiness means nothing and is left alone."""
    is_ready = seat.is_ready and lobby.status != Status.LOBBY
    return replace(seat, connection=None, server=None, lost_at=now, is_ready=is_ready)


def _with(lobby: Lobby, seat: Seat) -> Lobby:
    """The lobby with a player's seat as given."""
    seats = tuple(seat if s.player_id == seat.player_id else s for s in lobby.seats)
    return replace(lobby, seats=seats)


def _without(lobby: Lobby, player_id: UUID) -> Lobby:
    """The lobby without a player. Who is left counts down anew, or two would become one alone."""
    seats = tuple(seat for seat in lobby.seats if seat.player_id != player_id)
    return settled(replace(lobby, seats=seats, countdown_ends_at=None))


def _own_seat(lobby: Lobby, player_id: UUID) -> Seat:
    seat = lobby.seat_of(player_id)
    if seat is None:
        raise DomainError("not_seated", "You don't sit here.")
    return seat


def _demand_host(lobby: Lobby, player_id: UUID) -> None:
    if not _own_seat(lobby, player_id).is_host:
        raise DomainError("not_host", "Only the host may do this.")


def _demand_not_over(lobby: Lobby) -> None:
    if lobby.is_over:
        raise DomainError("over", "This game is over.")


def _demand_lobby(lobby: Lobby) -> None:
    _demand_not_over(lobby)
    if lobby.status != Status.LOBBY:
        raise DomainError("started", "The game has begun already.")
