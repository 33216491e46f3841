"""Reads a lobby from the database, and writes the changes of a rule."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import SerializationFailure

from config.kernel.errors import DomainError
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import statements
from sessions_app.lobby.entities import Lobby, LobbyChange, Seat
from sessions_app.lobby.transactions import Rows, Statement, Steps

Rule = Callable[[Lobby, datetime], Lobby]
LOBBY_COLUMNS = (
    "status is_public seat_limit code kicked countdown_ends_at started_at departed".split()
)
SEAT_COLUMNS: dict[str, Callable[[Seat], Any]] = {
    "tribe_id": lambda seat: seat.tribe["id"],
    "is_host": lambda seat: seat.is_host,
    "is_ready": lambda seat: seat.is_ready,
    "is_connected": lambda seat: seat.is_connected,
    "lost_at": lambda seat: seat.lost_at,
    "connection": lambda seat: seat.connection,
    "server_id": lambda seat: seat.server,
}


def read_lobby(game_id: UUID) -> Steps[tuple[Lobby, datetime] | None]:
    """Reads a lobby and the database's time, without a lock. Returns None if there is no such game."""
    return _parse((yield [(statements.READ, [game_id])]))


def change_lobby(
    game_id: UUID, rule: Rule, *, touches: bool = True, then: Sequence[Statement] = ()
) -> Steps[LobbyChange]:
    """Applies a rule under the lock of the game's row.

    `touches` says whether the change counts as activity of a player: lobbies without activity are closed.
    `then` is executed after the statements of the change, in the same round trip.
    Raises DomainError: `not_found` if there is no such game, and the errors of the rule.
    """
    found = _parse((yield [(statements.LOCK, [game_id]), (statements.READ, [game_id])]))
    if found is None:
        raise DomainError("not_found", "There is no such game.")
    before, now = found
    after = rule(before, now)
    changes = list(_changes(before, after, now, touches=touches))
    if not changes:
        return LobbyChange(before, before)
    is_start = _is_start(before, after)
    read_version = statements.READ_STARTED_VERSION if is_start else statements.READ_VERSION
    rows = yield [*changes, *then, (read_version, [game_id])]
    if not rows:  # the next attempt uses the new version of the map
        raise SerializationFailure("The map changed during the start of the game.")
    return LobbyChange(before, replace(after, version=rows[0][0]))


def _is_start(before: Lobby, after: Lobby) -> bool:
    return before.status == Status.LOBBY and after.status == Status.IN_PROGRESS


def _changes(before: Lobby, after: Lobby, now: datetime, *, touches: bool) -> Iterator[Statement]:
    """Yields the statements that turn one lobby into the other."""
    seats = list(_seat_changes(before, after, now))
    yield from seats
    changed = {
        name: getattr(after, name)
        for name in LOBBY_COLUMNS
        if getattr(after, name) != getattr(before, name)
    }
    if "kicked" in changed:
        changed["kicked"] = sorted(changed["kicked"])
    if "departed" in changed:
        changed["departed"] = list(changed["departed"])
    if after.is_over and not before.is_over:
        changed["completed_at"] = now
        yield statements.DELETE_RESUME_TOKENS, [before.id]
    if _is_start(before, after):
        changed["map_version"] = before.game_map["version"]
    if touches and (changed or seats):
        changed["touched_at"] = now
    if changed:
        yield _update("game_sessions", changed, "id = %s", before.id)
    if _is_start(before, after):
        yield from ((statement, [before.id]) for statement in statements.START)


def _seat_changes(before: Lobby, after: Lobby, now: datetime) -> Iterator[Statement]:
    old, new = ({seat.player_id: seat for seat in lobby.seats} for lobby in (before, after))
    for player_id in old.keys() - new.keys():
        if before.status == Status.LOBBY:
            yield statements.DELETE_SEAT, [before.id, player_id]
        else:
            yield statements.LEAVE_SEAT, [now, before.id, player_id]
    # The old host is written before the new one, because a constraint allows only one host.
    for seat in sorted(new.values(), key=lambda seat: seat.is_host):
        values = {name: read(seat) for name, read in SEAT_COLUMNS.items()}
        if seat.player_id not in old:
            row = [before.id, seat.player_id, *values.values(), seat.joined_at]
            yield statements.INSERT_SEAT, row
            continue
        old_seat = old[seat.player_id]
        changed = {n: value for n, value in values.items() if value != SEAT_COLUMNS[n](old_seat)}
        if changed:
            where = "session_id = %s AND user_id = %s"
            yield _update("session_players", changed, where, before.id, seat.player_id)


def _update(table: str, changed: dict[str, Any], where: str, *keys: UUID) -> Statement:
    columns = ", ".join(f"{name} = %s" for name in changed)
    return f"UPDATE {table} SET {columns} WHERE {where}", [*changed.values(), *keys]  # noqa: S608


def _parse(rows: Rows) -> tuple[Lobby, datetime] | None:
    """Returns the lobby and the time from the rows of READ, whose columns have the order of the fields."""
    if not rows:
        return None
    now, game_id, status, game_map, *rest = rows[0][:16]
    found = [(row[16], Seat(*row[17:])) for row in rows if row[17]]
    seats = tuple(seat for is_absent, seat in found if not is_absent)
    lobby = Lobby(game_id, Status(status), game_map, seats, *rest)
    lobby = replace(lobby, kicked=frozenset(lobby.kicked), departed=tuple(lobby.departed))
    return replace(lobby, absent=tuple(seat for is_absent, seat in found if is_absent)), now
