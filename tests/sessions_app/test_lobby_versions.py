"""What the database guarantees for a lobby: versions, erasure, and concurrent actions."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError

from config.kernel.errors import DomainError
from maps.models import GameMap
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import invite_codes, statements
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.transactions import run
from sessions_app.models import GameSession
from tests.support.concurrency import at_once
from tests.support.factories import make_tribe, make_user
from tests.support.lobbies import Table

pytestmark = pytest.mark.django_db(transaction=True)


def execute(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


# ---- Versions -----------------------------------------------------------------------------------

TYPED: dict[str, tuple[str, int]] = {
    "a seat is ready": ("UPDATE session_players SET is_ready = true WHERE is_host", 1),
    "all seats": ("UPDATE session_players SET is_ready = true", 1),
    "a seat is deleted": ("DELETE FROM session_players WHERE NOT is_host", 1),
    "all seats are": ("DELETE FROM session_players", 1),
    "a player is erased": ("DELETE FROM users WHERE username LIKE 'Seat%%x1'", 1),
    "a tribe is renamed": ("UPDATE tribes SET name = 'Wolves'", 1),
    "the map is renamed": ("UPDATE maps SET name = 'New Ford'", 1),
    "the map is changed": (
        "UPDATE maps SET description = 'Deeper'",
        1,
    ),  # lobbies show the version of their map
    "stars and plays": ("UPDATE maps SET play_count = play_count + 1", 0),
    "settings": ("UPDATE game_sessions SET seat_limit = 2, is_public = false", 1),
    "a kick": ("UPDATE game_sessions SET kicked = ARRAY[gen_random_uuid()]", 1),
    "a socket": ("UPDATE session_players SET connection = gen_random_uuid()", 1),
    "gold is no matter of a lobby": ("UPDATE session_players SET gold = 7", 0),
    "nor are times": ("UPDATE session_players SET lost_at = now()", 0),
    "nor is being touched": ("UPDATE game_sessions SET touched_at = now()", 0),
    "a version can't be typed": ("UPDATE game_sessions SET version = 70000", 1),
    "nor lowered": ("UPDATE game_sessions SET version = 0, changed_in = 0", 1),
}


@pytest.mark.parametrize(("sql", "risen"), TYPED.values(), ids=TYPED)
def test_changes_typed_in_psql_raise_the_version(sql: str, risen: int) -> None:
    table = Table(3)
    before = table.version
    execute(sql)
    assert table.version == before + risen


def test_a_changed_map_raises_the_version_of_open_lobbies_only() -> None:
    """A game has its map as it was at the start. A countdown ends in a new version anyway."""
    counting, begun = Table(1), Table(1)
    counting.all_ready()
    run(lobby_actions.start, counting.id, counting.users[0].pk, solo=True)
    start(begun, solo=True)
    before = counting.version, begun.version
    execute("UPDATE maps SET name = 'New Ford'")
    assert (counting.version, begun.version) == before


def test_one_transaction_raises_the_version_by_one() -> None:
    table, other = Table(3), Table(1)
    before, untouched = table.version, other.version
    with transaction.atomic():
        execute("UPDATE session_players SET is_ready = true WHERE session_id = %s", table.id)
        execute("UPDATE game_sessions SET seat_limit = 3 WHERE id = %s", table.id)
        with transaction.atomic():  # a savepoint is not a transaction
            execute("UPDATE session_players SET is_ready = false WHERE session_id = %s", table.id)
    assert table.version == before + 1
    assert other.version == untouched
    execute("UPDATE game_sessions SET seat_limit = 4 WHERE id = %s", table.id)
    assert table.version == before + 2


def test_a_rollback_raises_no_version() -> None:
    table = Table(2)
    before = table.version
    with transaction.atomic():
        execute("UPDATE session_players SET is_ready = true")
        transaction.set_rollback(True)
    assert table.version == before


@pytest.mark.parametrize("n", [0, 1], ids=["the host", "a guest"])
@pytest.mark.parametrize("by_sql", [True, False], ids=["in psql", "by the site"])
@pytest.mark.parametrize("has_begun", [True, False], ids=["in a game", "in a lobby"])
def test_a_player_with_a_seat_can_be_erased(n: int, by_sql: bool, has_begun: bool) -> None:
    table = Table(2)
    if has_begun:
        start(table)
    if by_sql:
        execute("DELETE FROM users WHERE id = %s", table.users[n].pk)
    else:
        table.users[n].delete()
    assert [seat.player_id for seat in table.now.seats] == [table.users[1 - n].pk]
    run(lobby_actions.apply_due_changes, table.id)  # as each sweep does
    assert table.now.seats[0].is_host


def test_a_tribe_with_a_seat_can_not_be_deleted() -> None:
    with pytest.raises(RestrictedError):
        Table(1).tribes[0].delete()


# ---- Many at once -------------------------------------------------------------------------------


def start(table: Table, *, solo: bool = False) -> None:
    table.all_ready()
    run(lobby_actions.start, table.id, table.users[0].pk, solo=solo)
    end_countdown(table)
    run(lobby_actions.apply_due_changes, table.id)
    assert table.now.status == Status.IN_PROGRESS


def end_countdown(table: Table) -> None:
    execute(
        "UPDATE game_sessions SET countdown_ends_at = now() - interval '1 second' WHERE id = %s",
        table.id,
    )


def counts(table: Table) -> tuple[int, list[int]]:
    """Returns how often the map was played, and how many games each player has played."""
    table.map.refresh_from_db()
    for user in table.users:
        user.refresh_from_db()
    return table.map.play_count, [user.total_games_played for user in table.users]


def tidy(table: Table, _: int) -> None:
    run(lobby_actions.apply_due_changes, table.id)


def do_one(steps: list[tuple[Any, ...]], n: int) -> str | None:
    return try_to(*steps[n])


def due() -> Table:
    table = Table(2)
    table.all_ready()
    run(lobby_actions.start, table.id, table.users[0].pk)
    end_countdown(table)
    return table


def test_twenty_concurrent_starts_are_counted_once() -> None:
    table = due()
    before = table.version
    changes = at_once(20, lambda _: run(lobby_actions.apply_due_changes, table.id))
    assert [change.has_new_version for change in changes].count(True) == 1
    assert counts(table) == (1, [1, 1])
    assert table.version == before + 1


def test_without_the_lock_concurrent_starts_are_counted_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Shows that the test above can fail."""
    monkeypatch.setattr(statements, "LOCK", "SELECT 1 FROM game_sessions WHERE id = %s")
    for _ in range(10):
        table = due()
        at_once(20, partial(tidy, table))
        if counts(table) != (1, [1, 1]):
            return
    pytest.fail("the lock is not what keeps this right")


def try_to(steps: Callable[..., Any], *arguments: Any, **named: Any) -> str | None:
    """Runs an action. Returns the code of its error, or None."""
    try:
        run(steps, *arguments, **named)
    except DomainError as refusal:
        return refusal.code
    return None


def test_of_fifty_concurrent_joins_one_gets_the_last_seat(game_map: GameMap) -> None:
    table = Table(3, game_map=game_map)
    users = [make_user(f"Racer{n}") for n in range(50)]
    tribes = [make_tribe(user) for user in users]

    def join(n: int) -> str | None:
        return try_to(lobby_actions.join, table.id, users[n].pk, tribe_id=tribes[n].pk)

    codes = at_once(50, join)
    assert (codes.count(None), codes.count("full")) == (1, 49)
    assert len(table.now.seats) == 4


def check(lobby: Lobby) -> None:
    """Checks the invariants."""
    hosts = [seat for seat in lobby.seats if seat.is_host]
    assert len(hosts) == (1 if lobby.seats and not lobby.is_over else 0)
    if not lobby.is_over:
        assert (not lobby.seats) == (lobby.status == Status.ABANDONED)
    if lobby.countdown_ends_at:
        assert all(seat.is_ready and seat.is_connected for seat in lobby.seats)
    assert not lobby.kicked & {seat.player_id for seat in lobby.seats}


PAIRS: dict[str, Callable[[Table], list[tuple[Any, ...]]]] = {
    "both leave": lambda t: [(lobby_actions.leave, t.id, user.pk) for user in t.users],
    "the host starts and leaves": lambda t: [
        (lobby_actions.start, t.id, t.users[0].pk),
        (lobby_actions.leave, t.id, t.users[0].pk),
    ],
    "the host starts, the guest leaves": lambda t: [
        (lobby_actions.start, t.id, t.users[0].pk),
        (lobby_actions.leave, t.id, t.users[1].pk),
    ],
    "the host kicks who leaves": lambda t: [
        (partial(lobby_actions.kick, player_id=t.users[1].pk), t.id, t.users[0].pk),
        (lobby_actions.leave, t.id, t.users[1].pk),
    ],
    "the host kicks and leaves": lambda t: [
        (partial(lobby_actions.kick, player_id=t.users[1].pk), t.id, t.users[0].pk),
        (lobby_actions.leave, t.id, t.users[0].pk),
    ],
    "the host leaves, the guest is lost": lambda t: [
        (lobby_actions.leave, t.id, t.users[0].pk),
        (
            partial(lobby_actions.disconnect, connection=t.now.seats[1].connection or uuid4()),
            t.id,
            t.users[1].pk,
        ),
    ],
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_two_concurrent_actions_leave_a_valid_lobby(
    pair: Callable[[Table], list[tuple[Any, ...]]],
) -> None:
    for turn in range(5):
        table = Table(2 + turn % 2)
        table.all_ready()
        both = pair(table)
        before = table.version
        codes = at_once(2, partial(do_one, both))
        check(table.now)
        assert table.version == before + codes.count(None)


def test_a_player_can_not_open_two_lobbies_at_once(game_map: GameMap) -> None:
    user = make_user("Racer")
    tribe = make_tribe(user)
    codes = at_once(
        8, lambda _: try_to(lobby_actions.create, user.pk, map_id=game_map.pk, tribe_id=tribe.pk)
    )
    assert (codes.count(None), codes.count("already_seated")) == (1, 7)
    assert GameSession.objects.count() == 1  # the refused ones left nothing behind


def test_a_code_that_is_taken_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(1)
    codes = iter([table.now.code, "ABC234"])
    monkeypatch.setattr(invite_codes, "generate_code", lambda: next(codes))
    assert Table(1, game_map=table.map).now.code == "ABC234"


def test_an_unknown_process_can_not_hold_a_seat() -> None:
    table = Table(1)
    with pytest.raises(IntegrityError):
        run(lobby_actions.connect, table.id, table.users[0].pk, connection=uuid4(), server=uuid4())
