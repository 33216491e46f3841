"""Runs lobby actions, on Django's connection or on the event loop of the sockets.

An action is written once, as a generator that yields batches of SQL statements and receives the rows of
each batch's last statement. `run` and `run_async` execute it in one transaction, so that the API, pages,
sockets and timers share all rules and locks. psycopg sends each batch in one round trip. After the commit
the hubs of this process are called with the change (`add_listener`).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import DatabaseError, connection, transaction
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg_pool import AsyncConnectionPool

from config.db.pools import pool_connection
from config.kernel.errors import DomainError
from sessions_app.lobby.entities import Lobby, LobbyChange

P = ParamSpec("P")
T = TypeVar("T")
Statement = tuple[str, Sequence[Any]]
Rows = list[tuple[Any, ...]]
Steps = Generator[list[Statement], Rows, T]

MAX_ATTEMPTS = 3
RETRIED_ERRORS = (DeadlockDetected, SerializationFailure)
# Two equal random codes; the next attempt has another one.
CODE_CONSTRAINT = "game_sessions_code_key"
CONSTRAINT_ERRORS = {
    "four_seats": ("full", "All seats of this lobby are taken."),
    "one_open_game_per_player": (
        "already_seated",
        "You have a seat in another lobby or game. Leave it first.",
    ),
    "one_seat_per_player": ("already_seated", "You have a seat in this game already."),
    # The row was deleted after it was read.
    "session_players_tribe_id_fdd91c21_fk_tribes_id": (
        "unknown_tribe",
        "This tribe no longer exists. Choose another one.",
    ),
    "session_players_user_id_ca251bc2_fk_users_id": ("not_found", "This player no longer exists."),
    "game_sessions_map_id_d67a980a_fk_maps_id": (
        "not_found",
        "This map no longer exists. Choose another one.",
    ),
}

Listener = Callable[[Lobby], None]
_listeners: list[Listener] = []


def add_listener(listener: Listener) -> None:
    """Registers a function that is called with each changed lobby after the commit, in any thread.

    It must not raise. Reconciliation finds the changes of processes without listeners.
    """
    _listeners.append(listener)


def remove_listener(listener: Listener) -> None:
    """Removes a listener."""
    _listeners.remove(listener)


def run(make_steps: Callable[P, Steps[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs an action on Django's connection.

    Raises the errors of the action, and DomainError for violated constraints.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with _translate_errors(is_last=attempt == MAX_ATTEMPTS):
            with transaction.atomic():
                result = _execute(make_steps(*args, **kwargs))
                transaction.on_commit(partial(_notify, result))
            return result
    raise AssertionError


def run_query(make_steps: Callable[P, Steps[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs steps that only read, on Django's connection. Raises their errors.

    There is no transaction, which would add two round trips without benefit.
    """
    return _execute(make_steps(*args, **kwargs))


async def run_async(
    pool: "AsyncConnectionPool[Any]",
    make_steps: Callable[P, Steps[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Runs an action on the event loop.

    Raises the errors of the action, DomainError for violated constraints, psycopg.Error.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with _translate_errors(is_last=attempt == MAX_ATTEMPTS):
            async with (
                pool_connection(pool) as database,
                database.pipeline(),
                database.transaction(),
            ):
                result = await _execute_async(database, make_steps(*args, **kwargs))
            _notify(result)
            return result
    raise AssertionError


def _execute(steps: Steps[T]) -> T:
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


async def _execute_async(database: "psycopg.AsyncConnection[Any]", steps: Steps[T]) -> T:
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


def _notify(result: Any) -> None:
    if isinstance(result, LobbyChange) and result.has_new_version:
        for listener in _listeners:
            listener(result.after)


@contextmanager
def _translate_errors(*, is_last: bool) -> Iterator[None]:
    """Suppresses an error if another attempt may succeed, and turns violated constraints into DomainError.

    On the event loop, errors of psycopg are not wrapped by Django.
    """
    try:
        yield
    except (DatabaseError, psycopg.Error) as error:
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        constraint = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
        can_retry = isinstance(cause, RETRIED_ERRORS) or constraint == CODE_CONSTRAINT
        if can_retry and not is_last:
            return
        if constraint not in CONSTRAINT_ERRORS:
            raise
        raise DomainError(*CONSTRAINT_ERRORS[constraint]) from error
