"""Lobbies in the database: read under the lock of their game, saved by what differs, and announced.

What is done to a lobby is written once, as *steps*: a generator that yields SQL statements and is sent
the rows of the last of them, which always has some to tell. The same steps run in a thread of Django
(`run`) and on the event loop of the sockets (`run_async`), in one transaction either way; psycopg sends
what is yielded together in one round trip. Steps that only read need no transaction (`look`). So REST,
pages, sockets and timers share every rule and lock.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import psycopg
from django.db import DatabaseError, connection, transaction
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg_pool import AsyncConnectionPool

from config.db.pools import pool_connection
from config.kernel.errors import DomainError
from maps.search.conditions import PLAYABLE, PUBLISHED
from maps.search.sql import PLAYABLE, PUBLISHED
from sessions_app.kernel.statuses import Status
from sessions_app.live import announcements
from sessions_app.lobby.rules import Lobby, Seat

P = ParamSpec("P")
T = TypeVar("T")
Statement = tuple[str, Sequence[Any]]
Rows = list[tuple[Any, ...]]
Steps = Generator[list[Statement], Rows, T]
TRIES = 3  # a deadlock ends one of its transactions, which then begins anew
CODE_TAKEN = "game_sessions_code_key"  # by chance; another try draws another code
COLLISIONS = (DeadlockDetected, SerializationFailure)
SERVER_SILENT = "15 seconds"  # after which a process that holds sockets is taken for dead

TRIBE = """json_build_object('id', t.id, 'name', t.name, 'archetype', t.archetype,
    'color_theme', t.color_theme, 'damage_bonus', t.damage_bonus::float,
    'attack_speed_bonus', t.attack_speed_bonus::float, 'range_bonus', t.range_bonus::float)"""
LOCK = "SELECT 1 FROM game_sessions WHERE id = %s FOR NO KEY UPDATE"
# A statement of its own: only then does it see what was committed while LOCK waited. The map is the one
# that is played (p), once that is fixed.
READ = f"""
SELECT statement_timestamp(), g.id, g.status,
    json_build_object('id', m.id, 'name', coalesce(p.name, m.name),
        'width', coalesce(p.width, m.width), 'height', coalesce(p.height, m.height),
        'version', coalesce(g.map_version, m.version),
        'is_playable', g.map_version IS NOT NULL OR {PLAYABLE}),
    g.code, g.version, g.created_at, g.touched_at, g.is_public, g.seat_limit, g.kicked,
    g.countdown_ends_at, g.started_at, {PUBLISHED},
    s.user_id, u.username, u.level, coalesce(s.tribe_config::json, {TRIBE}), s.joined_at, s.is_host,
    s.is_ready, s.lost_at, s.connection, s.server_id,
    v.seen_at IS NULL OR v.seen_at < statement_timestamp() - interval '{SERVER_SILENT}'
FROM game_sessions AS g JOIN maps AS m ON m.id = g.map_id
LEFT JOIN played_maps AS p ON p.map_id = g.map_id AND p.version = g.map_version
LEFT JOIN (session_players AS s JOIN users AS u ON u.id = s.user_id
        JOIN tribes AS t ON t.id = s.tribe_id LEFT JOIN lobby_servers AS v ON v.id = s.server_id)
    ON s.session_id = g.id AND s.left_at IS NULL
WHERE g.id = %s ORDER BY s.joined_at, s.user_id"""  # noqa: S608 - nothing from outside
VERSION = "SELECT version FROM game_sessions WHERE id = %s"
# None for a game whose map was saved between READ and START.
STARTED = """
SELECT g.version FROM game_sessions AS g
JOIN played_maps AS p ON p.map_id = g.map_id AND p.version = g.map_version WHERE g.id = %s"""
ADD_SEAT = """
INSERT INTO session_players (session_id, user_id, tribe_id, is_host, is_ready, is_connected, lost_at,
    connection, server_id, joined_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
FREE_SEAT = "DELETE FROM session_players WHERE session_id = %s AND user_id = %s"
LEAVE_SEAT = """
UPDATE session_players SET left_at = %s, is_host = false, is_connected = false, connection = NULL,
    server_id = NULL WHERE session_id = %s AND user_id = %s"""
MAP_COLUMNS = (
    "version name width height terrain_data spawn_point goal_point wave_config document_bytes"
).split()
# What a start fixes, and counts: once, since only one transaction finds the game still in its lobby.
START = (
    "UPDATE game_sessions AS g SET game_state = jsonb_build_object("
    "'towers', '[]'::jsonb, 'enemies', '[]'::jsonb, 'resources', (SELECT jsonb_object_agg(user_id, gold)"
    " FROM session_players WHERE session_id = g.id AND left_at IS NULL)) WHERE id = %s",
    f"UPDATE session_players AS s SET tribe_config = {TRIBE} FROM tribes AS t"  # noqa: S608
    " WHERE t.id = s.tribe_id AND s.session_id = %s",
    "UPDATE users SET total_games_played = total_games_played + 1 WHERE id IN"
    " (SELECT user_id FROM session_players WHERE session_id = %s AND left_at IS NULL ORDER BY 1)",
    # Counting locks the map: what is kept of it is the version that the game has, or nothing.
    f"""
    WITH game AS (SELECT map_id, map_version FROM game_sessions WHERE id = %s),
    counted AS (
        UPDATE maps AS m SET play_count = play_count + 1 FROM game WHERE m.id = game.map_id
        RETURNING m.id AS map_id, {", ".join(f"m.{name}" for name in MAP_COLUMNS)})
    INSERT INTO played_maps (map_id, {", ".join(MAP_COLUMNS)})
    SELECT * FROM counted WHERE version = (SELECT map_version FROM game)
    ON CONFLICT DO NOTHING""",  # noqa: S608
)
GAME_COLUMNS = "status is_public seat_limit code kicked countdown_ends_at started_at".split()
SEAT_COLUMNS: dict[str, Callable[[Seat], Any]] = {
    "tribe_id": lambda seat: seat.tribe["id"],
    "is_host": lambda seat: seat.is_host,
    "is_ready": lambda seat: seat.is_ready,
    "is_connected": lambda seat: seat.is_connected,
    "lost_at": lambda seat: seat.lost_at,
    "connection": lambda seat: seat.connection,
    "server_id": lambda seat: seat.server,
}
REFUSALS = {
    "four_seats": ("full", "All seats of this lobby are taken."),
    "one_open_game_per_player": (
        "already_seated",
        "You sit in another lobby or game. Leave it first.",
    ),
    "one_seat_per_player": ("already_seated", "You sit in this game already."),
    # What was there when it was looked at may be deleted before the end of the transaction.
    "session_players_tribe_id_fdd91c21_fk_tribes_id": ("unknown_tribe", "This tribe is gone."),
    "session_players_user_id_ca251bc2_fk_users_id": ("not_found", "This player is gone."),
    "game_sessions_map_id_d67a980a_fk_maps_id": ("not_found", "This map is gone."),
}


@dataclass(frozen=True)
class Change:
    """A lobby before and after; both are the same where nothing changed."""

    before: Lobby
    after: Lobby

    @property
    def is_change(self) -> bool:
        """Whether anything did change that others should hear of."""
        return self.before.version != self.after.version


# ---- Steps --------------------------------------------------------------------------------------


def reading(session_id: UUID) -> Steps[tuple[Lobby, datetime] | None]:
    """A lobby and the database's time, without a lock; None where there is no such game."""
    return lobby_of((yield [(READ, [session_id])]))


def changing(
    session_id: UUID, rule: Callable[[Lobby, datetime], Lobby], *, touches: bool = True
) -> Steps[Change]:
    """Carry a rule out under the lock of its game. Raises DomainError, 404 where there is no such game.

    `touches` tells that a player did it: a lobby that nobody touches for long is closed.
    """
    found = lobby_of((yield [(LOCK, [session_id]), (READ, [session_id])]))
    if found is None:
        raise DomainError("not_found", "There is no such game.")
    before, now = found
    after = rule(before, now)
    statements = list(differences(before, after, now, touches=touches))
    if not statements:
        return Change(before, before)
    rows = yield [*statements, (STARTED if begins(before, after) else VERSION, [session_id])]
    if not rows:
        raise SerializationFailure("The map was saved at this moment.")  # another try plays that
    return Change(before, replace(after, version=rows[0][0]))


def begins(before: Lobby, after: Lobby) -> bool:
    """Whether a lobby becomes a game."""
    return before.status == Status.LOBBY and after.status == Status.IN_PROGRESS


def lobby_of(rows: Rows) -> tuple[Lobby, datetime] | None:
    """The lobby that the rows of READ tell of, and the time."""
    if not rows:
        return None
    now, game_id, status, game_map, code, version, created, touched, *rest = rows[0]
    is_public, limit, kicked, countdown, started, is_published = rest[:6]
    lobby = Lobby(
        id=game_id,
        status=Status(status),
        game_map=game_map,
        seats=tuple(_seat(row[14:]) for row in rows if row[14]),
        code=code,
        version=version,
        created_at=created,
        touched_at=touched,
        is_public=is_public,
        seat_limit=limit,
        kicked=frozenset(kicked),
        countdown_ends_at=countdown,
        started_at=started,
        is_map_published=is_published,
    )
    return lobby, now


def differences(
    before: Lobby, after: Lobby, now: datetime, *, touches: bool
) -> Iterator[Statement]:
    """The statements that make one lobby into the other."""
    seats = list(_seats_differences(before, after, now))
    yield from seats
    changed = {
        n: getattr(after, n) for n in GAME_COLUMNS if getattr(after, n) != getattr(before, n)
    }
    if "kicked" in changed:
        changed["kicked"] = sorted(changed["kicked"])
    if after.is_over and not before.is_over:
        changed["completed_at"] = now
    if begins(before, after):
        changed["map_version"] = before.game_map["version"]
    if touches and (changed or seats):
        changed["touched_at"] = now
    if changed:
        yield _update("game_sessions", changed, "id = %s", before.id)
    if begins(before, after):
        yield from ((statement, [before.id]) for statement in START)


def _seats_differences(before: Lobby, after: Lobby, now: datetime) -> Iterator[Statement]:
    old, new = ({seat.player_id: seat for seat in lobby.seats} for lobby in (before, after))
    for player_id in old.keys() - new.keys():
        if before.status == Status.LOBBY:
            yield FREE_SEAT, [before.id, player_id]
        else:
            yield LEAVE_SEAT, [now, before.id, player_id]
    # One host at any moment: the old one goes before the new one comes.
    for seat in sorted(new.values(), key=lambda seat: seat.is_host):
        values = {name: read(seat) for name, read in SEAT_COLUMNS.items()}
        if seat.player_id not in old:
            yield ADD_SEAT, [before.id, seat.player_id, *values.values(), seat.joined_at]
            continue
        was = old[seat.player_id]
        changed = {n: value for n, value in values.items() if value != SEAT_COLUMNS[n](was)}
        if changed:
            where = "session_id = %s AND user_id = %s"
            yield _update("session_players", changed, where, before.id, seat.player_id)


def _update(table: str, changed: dict[str, Any], where: str, *keys: UUID) -> Statement:
    columns = ", ".join(f"{name} = %s" for name in changed)
    return f"UPDATE {table} SET {columns} WHERE {where}", [*changed.values(), *keys]  # noqa: S608


def _seat(columns: Sequence[Any]) -> Seat:
    player, name, level, tribe, joined, host, ready, lost, socket, server, orphan = columns
    return Seat(
        player_id=player,
        username=name,
        level=level,
        tribe=tribe,
        joined_at=joined,
        is_host=host,
        is_ready=ready,
        lost_at=lost,
        connection=socket,
        server=server,
        is_orphan=orphan,
    )


# ---- Running them -------------------------------------------------------------------------------


def run(make: Callable[P, Steps[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run steps in Django's own connection. Raises what they raise, and DomainError for broken rules."""
    for attempt in range(1, TRIES + 1):
        with _one_try(is_last=attempt == TRIES):
            with transaction.atomic():
                result = _drive(make(*args, **kwargs))
                transaction.on_commit(partial(_announce, result))
            return result
    raise AssertionError


def look(make: Callable[P, Steps[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run steps that only read, in Django's own connection. Raises what they raise.

    Each statement sees what is committed by then, so that a transaction would add two round trips alone.
    """
    return _drive(make(*args, **kwargs))


def _drive(steps: Steps[T]) -> T:
    rows: Rows | None = None
    with connection.cursor() as cursor:
        while True:
            try:
                statements = next(steps) if rows is None else steps.send(rows)
            except StopIteration as done:
                result: T = done.value
                return result
            for sql, values in statements:
                cursor.execute(sql, list(values))
            rows = cursor.fetchall()


async def run_async(
    pool: "AsyncConnectionPool[Any]",
    make: Callable[P, Steps[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run steps on the event loop. Raises what they raise, DomainError for broken rules, psycopg.Error."""
    for attempt in range(1, TRIES + 1):
        with _one_try(is_last=attempt == TRIES):
            async with (
                pool_connection(pool) as database,
                database.pipeline(),
                database.transaction(),
            ):
                result = await _drive_async(database, make(*args, **kwargs))
            _announce(result)
            return result
    raise AssertionError


async def _drive_async(database: "psycopg.AsyncConnection[Any]", steps: Steps[T]) -> T:
    rows: Rows | None = None
    while True:
        try:
            statements = next(steps) if rows is None else steps.send(rows)
        except StopIteration as done:
            result: T = done.value
            return result
        for sql, values in statements:
            cursor = await database.execute(sql, values)
        rows = await cursor.fetchall()


def _announce(result: Any) -> None:
    if isinstance(result, Change) and result.is_change:
        announcements.announce(result.after)


@contextmanager
def _one_try(*, is_last: bool) -> Iterator[None]:
    """Pass over what another try may mend. Raises DomainError for a rule that was broken, and all else as
    it is.

    psycopg's errors come bare on the event loop, wrapped from Django.
    """
    try:
        yield
    except (DatabaseError, psycopg.Error) as error:
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        rule = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
        if not is_last and (isinstance(cause, COLLISIONS) or rule == CODE_TAKEN):
            return
        if rule not in REFUSALS:
            raise
        raise DomainError(*REFUSALS[rule]) from error
