"""The rules of a lobby: who may do what, and what follows. Pure: no database, no clock, no sockets.

Each rule takes a lobby and returns the changed lobby, or raises DomainError. A rule does not know whether
it is called for the API, a page, a socket or a timer. `store.change_lobby` calls it under the lock of the
game's row, so the lobby is the current one.

Most rules end with `enforce_invariants`, which has all invariants.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from config.kernel.errors import DomainError, InvalidInput
from sessions_app.kernel.limits import MAX_KICKED_PLAYERS
from sessions_app.kernel.statuses import RUNNING_STATUSES, Status
from sessions_app.lobby.entities import Lobby, Seat

COUNTDOWN = timedelta(seconds=3)
GRACE_PERIOD = timedelta(seconds=30)
IDLE_LIMIT = timedelta(hours=1)  # after which an unused lobby is closed
MAX_KICKED_ABSENT_PLAYERS = 100  # players without a seat: a host may kick anybody by id
MAX_DEPARTED_PLAYERS = 100  # of whom a game knows that they left; the newest

# ---- Changes by players -------------------------------------------------------------------------


def join(lobby: Lobby, newcomer: Seat, *, code: str | None = None) -> Lobby:
    """Adds a seat. Changes nothing for a player who has one already.

    A player who was in a running game gets the seat back, also after leaving.

    Raises DomainError: `not_found` for a private lobby without its code, `kicked`, `started`, `over`, `full`.
    """
    if lobby.seat_of(newcomer.player_id):
        _require_not_over(lobby)
        return lobby
    if lobby.absent_seat_of(newcomer.player_id) and lobby.status in RUNNING_STATUSES:
        return _with_returned(lobby, newcomer.player_id, newcomer.joined_at)
    if not lobby.is_listed and (code is None or code != lobby.code):
        raise DomainError("not_found", "There is no such open lobby.")
    if newcomer.player_id in lobby.kicked:
        raise DomainError("kicked", "The host has removed you from this lobby.")
    _require_not_started(lobby)
    if len(lobby.seats) >= lobby.seat_limit:
        raise DomainError("full", "All seats of this lobby are taken.")
    departed = _without_departure(lobby, newcomer.player_id)
    return enforce_invariants(replace(lobby, seats=(*lobby.seats, newcomer), departed=departed))


def leave(lobby: Lobby, player_id: UUID) -> Lobby:
    """Removes the player's own seat. Changes nothing for a player who has left already.

    A client whose response was lost sends the message again. Raises DomainError: `not_seated`, `over`.
    """
    if player_id in lobby.departed and lobby.seat_of(player_id) is None:
        return lobby
    _require_seat(lobby, player_id)
    _require_not_over(lobby)
    departed = (*_without_departure(lobby, player_id), player_id)[-MAX_DEPARTED_PLAYERS:]
    return _without_seat(replace(lobby, departed=departed), player_id)


def set_ready(lobby: Lobby, player_id: UUID, *, is_ready: bool) -> Lobby:
    """Marks a player as ready or not. Raises DomainError: `not_seated`, `started`, `over`."""
    seat = _require_seat(lobby, player_id)
    _require_not_started(lobby)
    return enforce_invariants(_with_seat(lobby, replace(seat, is_ready=is_ready)))


def choose_tribe(lobby: Lobby, player_id: UUID, tribe: dict[str, Any]) -> Lobby:
    """Gives a player another tribe. Raises DomainError: `not_seated`, `started`, `over`."""
    seat = _require_seat(lobby, player_id)
    _require_not_started(lobby)
    return enforce_invariants(_with_seat(lobby, replace(seat, tribe=tribe)))


def kick(lobby: Lobby, host_id: UUID, player_id: UUID) -> Lobby:
    """Removes another player, who cannot join again.

    A player without a seat can be kicked, too, since that player may have left at the same moment and could
    join again. The number of such players is limited.

    Raises DomainError: `not_seated`, `not_host`, `started`, `over`, `not_found` for a player without a seat
    beyond MAX_KICKED_ABSENT_PLAYERS, `quota_reached` beyond MAX_KICKED_PLAYERS; InvalidInput for oneself.
    """
    _require_host(lobby, host_id)
    _require_not_started(lobby)
    if player_id == host_id:
        raise InvalidInput(
            "invalid", "You can't remove yourself: leave instead.", field="player_id"
        )
    after = replace(lobby, kicked=lobby.kicked | {player_id})
    if len(after.kicked) > MAX_KICKED_PLAYERS:
        detail = f"You have removed {MAX_KICKED_PLAYERS:,} players from this lobby, the maximum."
        raise DomainError("quota_reached", f"{detail} Open another lobby.")
    if lobby.seat_of(player_id):
        return _without_seat(after, player_id)
    if len(after.kicked) > MAX_KICKED_ABSENT_PLAYERS:
        raise DomainError("not_found", "This player has no seat in this lobby.", field="player_id")
    return after


def change_settings(
    lobby: Lobby, host_id: UUID, *, is_public: bool | None = None, seats: int | None = None
) -> Lobby:
    """Changes the settings that are not None.

    Raises DomainError: `not_seated`, `not_host`, `started`, `over`; InvalidInput for fewer seats than
    players.
    """
    _require_host(lobby, host_id)
    _require_not_started(lobby)
    if seats is not None and seats < len(lobby.seats):
        detail = f"{len(lobby.seats)} players have a seat already. Choose at least as many seats."
        raise InvalidInput("too_few_seats", detail, field="seats")
    return enforce_invariants(
        replace(
            lobby,
            is_public=lobby.is_public if is_public is None else is_public,
            seat_limit=lobby.seat_limit if seats is None else seats,
        )
    )


def start(lobby: Lobby, host_id: UUID, now: datetime, *, solo: bool = False) -> Lobby:
    """Starts the countdown. Changes nothing while one is running.

    Raises DomainError: `not_seated`, `not_host`, `started`, `over`, `map_not_playable`, `alone` unless solo,
    `not_ready`, `not_connected` if a player is ready but has no socket.
    """
    _require_host(lobby, host_id)
    _require_not_started(lobby)
    if lobby.countdown_ends_at:
        return lobby
    if not lobby.game_map["is_playable"]:
        reason = "it has errors, or a moderator has hidden it"
        raise DomainError("map_not_playable", f"The map can't be played right now: {reason}.")
    if len(lobby.seats) == 1 and not solo:
        raise DomainError(
            "alone", "Nobody else is here. Wait for friends, or choose to play alone."
        )
    if waiting := [seat.username for seat in lobby.seats if not seat.is_ready]:
        raise DomainError("not_ready", f"Not ready yet: {', '.join(waiting)}.")
    if disconnected := [seat.username for seat in lobby.seats if not seat.is_connected]:
        raise DomainError("not_connected", f"Not connected: {', '.join(disconnected)}.")
    return replace(lobby, countdown_ends_at=now + COUNTDOWN)


def end(lobby: Lobby, host_id: UUID) -> Lobby:
    """Ends a game that has started. Raises DomainError: `not_seated`, `not_host`, `not_started`, `over`."""
    _require_host(lobby, host_id)
    if lobby.status == Status.LOBBY:
        raise DomainError("not_started", "The game has not started. Leave the lobby instead.")
    _require_not_over(lobby)
    return replace(lobby, status=Status.COMPLETED, code=None)


# ---- Changes by sockets and by time -------------------------------------------------------------


def connect(
    lobby: Lobby, player_id: UUID, connection: UUID, server: UUID | None, now: datetime
) -> Lobby:
    """Gives the player's seat to a socket. An older socket of the same player loses it.

    A player whose seat was lost in a running game gets it back. One who has left does not: the client may
    have reconnected only because the response was lost.

    Raises DomainError: `kicked`, `left`, `not_seated`, `over`.
    """
    if player_id in lobby.kicked:
        raise DomainError("kicked", "The host has removed you from this lobby.")
    if lobby.seat_of(player_id) is None and player_id in lobby.departed:
        raise DomainError("left", "You have left this lobby or game.")
    if lobby.absent_seat_of(player_id) and lobby.status in RUNNING_STATUSES:
        lobby = _with_returned(lobby, player_id, now)
    seat = _require_seat(lobby, player_id)
    _require_not_over(lobby)
    return _with_seat(lobby, replace(seat, connection=connection, server=server, lost_at=None))


def disconnect(lobby: Lobby, player_id: UUID, connection: UUID, now: datetime) -> Lobby:
    """Starts the grace period of a lost socket's seat. Changes nothing if a newer socket has the seat."""
    seat = lobby.seat_of(player_id)
    if seat is None or seat.connection != connection or lobby.is_over:
        return lobby
    return enforce_invariants(_with_seat(lobby, _disconnected(lobby, seat, now)))


def renew_grace_period(lobby: Lobby, player_id: UUID, now: datetime) -> Lobby:
    """Restarts the grace period of a player without a socket, who is active on the page."""
    seat = lobby.seat_of(player_id)
    if seat is None or seat.is_connected:
        return lobby
    return _with_seat(lobby, replace(seat, lost_at=now))


def apply_due_changes(lobby: Lobby, now: datetime) -> Lobby:
    """Applies what is due by time alone: lost sockets, ended grace periods, the start, idle lobbies.

    `statements.FIND_DUE_LOBBIES` finds the lobbies that this changes; a test compares the two.
    """
    if lobby.is_over:
        return lobby
    for seat in lobby.seats:
        if seat.is_connected and seat.is_orphaned:
            lobby = _with_seat(lobby, _disconnected(lobby, seat, now))
    # The grace period counts only the time in which players can reconnect.
    expiry = min(now, lobby.available_at or now) - GRACE_PERIOD
    expired = tuple(s for s in lobby.seats if s.lost_at is not None and s.lost_at <= expiry)
    lobby = enforce_invariants(_without_seats(lobby, expired))
    if lobby.status == Status.LOBBY and lobby.touched_at <= now - IDLE_LIMIT:
        return enforce_invariants(replace(lobby, seats=()))
    if lobby.countdown_ends_at and lobby.countdown_ends_at <= now:
        if not lobby.game_map["is_playable"]:  # broken or hidden since the countdown began
            return replace(lobby, countdown_ends_at=None)
        return replace(lobby, status=Status.IN_PROGRESS, countdown_ends_at=None, started_at=now)
    return lobby


# ---- Invariants ---------------------------------------------------------------------------------


def enforce_invariants(lobby: Lobby) -> Lobby:
    """Returns the lobby with the consequences of its seats.

    Without seats it is abandoned. If seats have no host, the connected player who joined first becomes host.
    A countdown stops as soon as a player is not connected or not ready.
    """
    if lobby.is_over:
        return lobby
    if not lobby.seats:
        return replace(lobby, status=Status.ABANDONED, code=None, countdown_ends_at=None)
    if lobby.host is None:
        next_host = min(lobby.seats, key=lambda s: (not s.is_connected, s.joined_at, s.player_id))
        lobby = _with_seat(lobby, replace(next_host, is_host=True))
    if lobby.countdown_ends_at and not all(s.is_ready and s.is_connected for s in lobby.seats):
        lobby = replace(lobby, countdown_ends_at=None)
    return lobby


def _disconnected(lobby: Lobby, seat: Seat, now: datetime) -> Seat:
    """Returns a seat without its socket. In a running game `is_ready` has no meaning and does not change."""
    is_ready = seat.is_ready and lobby.status != Status.LOBBY
    return replace(seat, connection=None, server=None, lost_at=now, is_ready=is_ready)


def _with_seat(lobby: Lobby, seat: Seat) -> Lobby:
    """Returns the lobby with a player's seat replaced."""
    seats = tuple(seat if s.player_id == seat.player_id else s for s in lobby.seats)
    return replace(lobby, seats=seats)


def _without_seat(lobby: Lobby, player_id: UUID) -> Lobby:
    """Returns the lobby without a player.

    The countdown stops, because a lobby of two would otherwise start with one player alone.
    """
    gone = tuple(seat for seat in lobby.seats if seat.player_id == player_id)
    return enforce_invariants(replace(_without_seats(lobby, gone), countdown_ends_at=None))


def _without_seats(lobby: Lobby, gone: tuple[Seat, ...]) -> Lobby:
    """Returns the lobby without some seats. A running game keeps them as absent ones."""
    seats = tuple(seat for seat in lobby.seats if seat not in gone)
    absent = (*lobby.absent, *gone) if lobby.status in RUNNING_STATUSES else lobby.absent
    return replace(lobby, seats=seats, absent=absent)


def _with_returned(lobby: Lobby, player_id: UUID, now: datetime) -> Lobby:
    """Returns a running game in which a player has the former seat again, without a socket."""
    seat = lobby.absent_seat_of(player_id)
    assert seat
    back = replace(seat, is_host=False, connection=None, server=None, lost_at=now)
    back = replace(back, is_orphaned=False)
    seats = sorted((*lobby.seats, back), key=lambda each: (each.joined_at, each.player_id))
    absent = tuple(each for each in lobby.absent if each.player_id != player_id)
    departed = _without_departure(lobby, player_id)
    return enforce_invariants(replace(lobby, seats=tuple(seats), absent=absent, departed=departed))


def _without_departure(lobby: Lobby, player_id: UUID) -> tuple[UUID, ...]:
    return tuple(player for player in lobby.departed if player != player_id)


def _require_seat(lobby: Lobby, player_id: UUID) -> Seat:
    seat = lobby.seat_of(player_id)
    if seat is None:
        raise DomainError("not_seated", "You have no seat in this lobby or game.")
    return seat


def _require_host(lobby: Lobby, player_id: UUID) -> None:
    if not _require_seat(lobby, player_id).is_host:
        raise DomainError("not_host", "Only the host may do this.")


def _require_not_over(lobby: Lobby) -> None:
    if lobby.is_over:
        raise DomainError("over", "This game is over.")


def _require_not_started(lobby: Lobby) -> None:
    _require_not_over(lobby)
    if lobby.status != Status.LOBBY:
        raise DomainError("started", "The game has started already.")
