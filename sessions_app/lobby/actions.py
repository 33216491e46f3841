"""Actions on lobbies. Each is a generator of SQL for `transactions.run` and `run_async`.

The rules are in `rules.py`; the actions add the access to the database. The first arguments are the lobby
and the acting player; all others are keyword arguments.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from config.kernel.errors import InvalidInput
from sessions_app.kernel.limits import MAX_SEATS
from sessions_app.lobby import invite_codes, rules, statements
from sessions_app.lobby.entities import LobbyChange, Seat
from sessions_app.lobby.store import change_lobby
from sessions_app.lobby.transactions import Statement, Steps


def create(
    player_id: UUID, *, map_id: UUID, tribe_id: UUID, is_public: bool = True, seats: int = MAX_SEATS
) -> Steps[LobbyChange]:
    """Creates a lobby with the player as host.

    The caller has checked that the player may play on the map (`limited_actions.open_lobby`). Raises
    InvalidInput for another player's tribe, DomainError `already_seated`.
    """
    newcomer = yield from _read_newcomer(player_id, tribe_id)
    values = [map_id, is_public, seats, invite_codes.generate_code()]
    [[game_id]] = yield [(statements.INSERT_LOBBY, values)]

    return (
        yield from change_lobby(
            game_id, lambda lobby, _: rules.join(lobby, newcomer, code=lobby.code)
        )
    )


def join(
    game_id: UUID, player_id: UUID, *, tribe_id: UUID, code: str | None = None
) -> Steps[LobbyChange]:
    """Takes a seat. Raises like `rules.join`, and InvalidInput for another player's tribe."""
    newcomer = yield from _read_newcomer(player_id, tribe_id)
    return (
        yield from change_lobby(game_id, lambda lobby, _: rules.join(lobby, newcomer, code=code))
    )


def leave(game_id: UUID, player_id: UUID) -> Steps[LobbyChange]:
    """Gives up a seat."""
    return change_lobby(game_id, lambda lobby, _: rules.leave(lobby, player_id))


def set_ready(game_id: UUID, player_id: UUID, *, is_ready: bool) -> Steps[LobbyChange]:
    """Marks a player as ready or not."""
    return change_lobby(
        game_id, lambda lobby, _: rules.set_ready(lobby, player_id, is_ready=is_ready)
    )


def choose_tribe(game_id: UUID, player_id: UUID, *, tribe_id: UUID) -> Steps[LobbyChange]:
    """Changes a player's tribe to another one of the player's own."""
    tribe = (yield from _read_newcomer(player_id, tribe_id)).tribe
    return (
        yield from change_lobby(
            game_id, lambda lobby, _: rules.choose_tribe(lobby, player_id, tribe)
        )
    )


def kick(game_id: UUID, host_id: UUID, *, player_id: UUID) -> Steps[LobbyChange]:
    """Removes a player permanently."""
    return change_lobby(game_id, lambda lobby, _: rules.kick(lobby, host_id, player_id))


def change_settings(
    game_id: UUID, host_id: UUID, *, is_public: bool | None = None, seats: int | None = None
) -> Steps[LobbyChange]:
    """Changes who sees the lobby, and how many seats it has."""
    return change_lobby(
        game_id,
        lambda lobby, _: rules.change_settings(lobby, host_id, is_public=is_public, seats=seats),
    )


def start(game_id: UUID, host_id: UUID, *, solo: bool = False) -> Steps[LobbyChange]:
    """Starts the countdown."""
    return change_lobby(game_id, lambda lobby, now: rules.start(lobby, host_id, now, solo=solo))


def end(game_id: UUID, host_id: UUID, *, last_state: str | None = None) -> Steps[LobbyChange]:
    """Ends a game that has started, and writes its last state, which is JSON, in the same transaction."""
    change = yield from change_lobby(game_id, lambda lobby, _: rules.end(lobby, host_id))
    if last_state is not None:
        yield [(statements.WRITE_LAST_STATE, [last_state, game_id])]
    return change


def connect(
    game_id: UUID,
    player_id: UUID,
    *,
    connection: UUID,
    server: UUID | None,
    then: Sequence[Statement] = (),
) -> Steps[LobbyChange]:
    """Assigns the player's seat to a socket, and executes `then` if the socket is new."""
    return change_lobby(
        game_id,
        lambda lobby, now: rules.connect(lobby, player_id, connection, server, now),
        touches=False,
        then=then,
    )


def disconnect(game_id: UUID, player_id: UUID, *, connection: UUID) -> Steps[LobbyChange]:
    """Disconnects the player's seat from a lost socket."""
    return change_lobby(
        game_id,
        lambda lobby, now: rules.disconnect(lobby, player_id, connection, now),
        touches=False,
    )


def renew_grace_period(game_id: UUID, player_id: UUID) -> Steps[LobbyChange]:
    """Restarts the grace period of a player without a socket."""
    return change_lobby(
        game_id, lambda lobby, now: rules.renew_grace_period(lobby, player_id, now), touches=False
    )


def apply_due_changes(game_id: UUID) -> Steps[LobbyChange]:
    """Applies what is due by time alone."""
    return change_lobby(game_id, rules.apply_due_changes, touches=False)


def _read_newcomer(player_id: UUID, tribe_id: UUID) -> Steps[Seat]:
    """Returns a new seat for a player with one of the player's own tribes, without a socket."""
    rows: list[tuple[Any, ...]] = yield [(statements.READ_NEWCOMER, [tribe_id, player_id])]
    if not rows:
        raise InvalidInput("unknown_tribe", "Choose one of your own tribes.", field="tribe_id")
    username, level, tribe, now = rows[0]
    return Seat(player_id, username, level, tribe, joined_at=now, lost_at=now)
