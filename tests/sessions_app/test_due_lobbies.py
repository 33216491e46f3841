"""The statement that finds due lobbies agrees with the rule that changes them."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from maps.models import GameMap
from sessions_app.kernel.limits import MAX_SEATS
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import rules
from sessions_app.lobby.statements import (
    COUNTDOWN_MARGIN_SECONDS,
    FIND_DUE_LOBBIES,
)
from sessions_app.lobby.statements import SERVER_TIMEOUT_SECONDS as SERVER_TIMEOUT
from sessions_app.lobby.store import read_lobby
from sessions_app.lobby.transactions import run_query
from sessions_app.models import GameSession, LobbyServer, SessionPlayer
from tests.support.factories import make_tribe, make_user
from tribes.models import Tribe

pytestmark = pytest.mark.django_db(transaction=True)


def around(limit: float) -> list[int]:
    """Seconds ago: before and after a limit, but not so close that the test's own time decides."""
    return [int(limit) - 5, int(limit) + 5, int(limit) + 60]


# A lobby in which nothing is due while its host has a seat, and what may be different in it.
SERVING, SILENT = 0, 1
HEALTHY_SEAT = {"lost_at": None, "server": SERVING, "is_ready": True, "has_left": False}
HEALTHY = {"status": Status.LOBBY, "touched_at": 0, "countdown_ends_at": None, "host": 0}
LOBBY_VALUES: dict[str, list[Any]] = {
    "status": list(Status),
    "touched_at": around(rules.IDLE_LIMIT.total_seconds()),
    "countdown_ends_at": [-60, *around(COUNTDOWN_MARGIN_SECONDS + 5)],
    "host": [None, 1, 2],
}
SEAT_VALUES: dict[str, list[Any]] = {
    "lost_at": [0, *around(rules.GRACE_PERIOD.total_seconds())],
    "server": [SILENT, None],
    "is_ready": [False],
    "has_left": [True],
}
Difference = tuple[int | None, str, Any]  # a seat or the lobby, what is different, and its value
DIFFERENCES: list[Difference] = [
    (None, name, value) for name, values in LOBBY_VALUES.items() for value in values
]
DIFFERENCES += [
    (seat, name, value)
    for seat in range(MAX_SEATS)
    for name, values in SEAT_VALUES.items()
    for value in values
]


def ago(seconds: int | None) -> Any:
    """A time by the clock of the database."""
    return None if seconds is None else Now() - timedelta(seconds=seconds)


class SharedRows:
    """The rows that all examples share."""

    game_map: ClassVar[GameMap]
    players: ClassVar[list[tuple[User, Tribe]]]


def create_lobby(seat_count: int, differences: list[Difference], frames_within: int) -> UUID:
    facts: dict[str, Any] = dict(HEALTHY)
    seats: list[dict[str, Any]] = [dict(HEALTHY_SEAT) for _ in range(seat_count)]
    for seat_number, name, value in differences:
        if seat_number is None:
            facts[name] = value
        elif seat_number < seat_count:
            seats[seat_number][name] = value
    servers = [
        LobbyServer.objects.create(pk=uuid4(), seen_at=ago(seconds))
        for seconds in (0, frames_within)
    ]
    game = GameSession.objects.create(
        map=SharedRows.game_map,
        status=facts["status"],
        touched_at=ago(facts["touched_at"]),
        countdown_ends_at=ago(facts["countdown_ends_at"]),
    )
    for n, seat in enumerate(seats):
        user, tribe = SharedRows.players[n]
        SessionPlayer.objects.create(
            session=game,
            user=user,
            tribe=tribe,
            is_host=n == facts["host"],
            is_ready=seat["is_ready"],
            lost_at=ago(seat["lost_at"]),
            server=None if seat["server"] is None else servers[seat["server"]],
            left_at=ago(0) if seat["has_left"] else None,
        )
    return UUID(str(game.pk))


def is_found(game_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(FIND_DUE_LOBBIES)
        return (game_id,) in cursor.fetchall()


def is_changed_by_the_rule(game_id: UUID) -> bool:
    found = run_query(read_lobby, game_id)
    assert found
    lobby, now = found
    return rules.apply_due_changes(lobby, now) != lobby


def compare(seat_count: int, differences: list[Difference], frames_within: int) -> None:
    game_id = create_lobby(seat_count, differences, frames_within)
    try:
        assert is_found(game_id) == is_changed_by_the_rule(game_id)
    finally:
        SessionPlayer.objects.all().delete()
        GameSession.objects.all().delete()
        LobbyServer.objects.all().delete()


@pytest.fixture(autouse=True)
def _world(game_map: GameMap) -> None:
    SharedRows.game_map = game_map
    users = [make_user(f"Player{n}") for n in range(MAX_SEATS)]
    SharedRows.players = [(user, make_tribe(user)) for user in users]


def test_the_statement_finds_each_single_reason_of_the_rule() -> None:
    for difference in DIFFERENCES:
        for countdown in ([], [(None, "countdown_ends_at", -60)]):
            compare(2, [*countdown, difference], frames_within=SERVER_TIMEOUT + 5)
    compare(0, [], frames_within=0)


@settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.integers(0, MAX_SEATS),
    st.lists(st.sampled_from(DIFFERENCES), max_size=4),
    st.sampled_from(around(SERVER_TIMEOUT)),
)
def test_the_statement_finds_exactly_the_lobbies_that_the_rule_changes(
    seat_count: int, differences: list[Difference], frames_within: int
) -> None:
    compare(seat_count, differences, frames_within)
