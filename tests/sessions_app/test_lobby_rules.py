"""Each rule of a lobby, without a database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from config.http.error_statuses import status_of
from config.kernel.errors import DomainError
from sessions_app.kernel.limits import MAX_KICKED_PLAYERS
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import rules
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.rules import (
    COUNTDOWN,
    GRACE_PERIOD,
    IDLE_LIMIT,
    MAX_KICKED_ABSENT_PLAYERS,
)
from tests.support.lobbies import NOON, PLAYERS, make_lobby, make_seat

HOST, GUEST, THIRD, FOURTH, STRANGER, _ = PLAYERS
SECOND = timedelta(seconds=1)
SOCKET = UUID(int=500)
Rule = Callable[[Lobby], Lobby]


def of(*players: UUID, **more: object) -> Lobby:
    return make_lobby(*map(make_seat, players), **more)


PAIR = of(HOST, GUEST)
READY = make_lobby(make_seat(HOST, is_ready=True), make_seat(GUEST, is_ready=True))
COUNTING = replace(READY, countdown_ends_at=NOON + COUNTDOWN)
RUNNING = replace(READY, status=Status.IN_PROGRESS)
OVER = replace(READY, status=Status.COMPLETED)
FULL = of(HOST, GUEST, THIRD, FOURTH)
TOO_MANY_KICKED = replace(
    PAIR, kicked=frozenset(UUID(int=1000 + n) for n in range(MAX_KICKED_PLAYERS))
)
MANY_KICKED = replace(
    PAIR, kicked=frozenset(UUID(int=1000 + n) for n in range(MAX_KICKED_ABSENT_PLAYERS))
)


def join(player: UUID, code: str | None = None) -> Rule:
    return lambda lobby: rules.join(lobby, make_seat(player, lost_at=NOON), code=code)


def leave(player: UUID) -> Rule:
    return lambda lobby: rules.leave(lobby, player)


def ready(player: UUID, *, is_ready: bool = True) -> Rule:
    return lambda lobby: rules.set_ready(lobby, player, is_ready=is_ready)


def tribe(player: UUID) -> Rule:
    return lambda lobby: rules.choose_tribe(lobby, player, {"id": STRANGER})


def kick(host: UUID, player: UUID) -> Rule:
    return lambda lobby: rules.kick(lobby, host, player)


def settings(host: UUID, seats: int | None = None, *, is_public: bool | None = None) -> Rule:
    return lambda lobby: rules.change_settings(lobby, host, seats=seats, is_public=is_public)


def start(host: UUID, *, solo: bool = False) -> Rule:
    return lambda lobby: rules.start(lobby, host, NOON, solo=solo)


def end(host: UUID) -> Rule:
    return lambda lobby: rules.end(lobby, host)


def connect(player: UUID) -> Rule:
    return lambda lobby: rules.connect(lobby, player, SOCKET, None, NOON)


LEFT_GAME = leave(GUEST)(RUNNING)
REFUSED: list[tuple[str, Lobby, Rule, str, int]] = [
    ("join when full", FULL, join(STRANGER), "full", 409),
    ("join two seats", replace(PAIR, seat_limit=2), join(THIRD), "full", 409),
    ("join after the start", RUNNING, join(THIRD), "started", 409),
    ("join after the end", OVER, join(THIRD), "over", 409),
    ("join again after the end", OVER, join(GUEST), "over", 409),
    ("join when kicked", replace(PAIR, kicked=frozenset({THIRD})), join(THIRD), "kicked", 409),
    ("join without the code", replace(PAIR, is_public=False), join(THIRD), "not_found", 404),
    ("join by a wrong code", replace(PAIR, is_public=False), join(THIRD, "X"), "not_found", 404),
    (
        "no code is no key",
        replace(PAIR, is_public=False, code=None),
        join(THIRD, None),
        "not_found",
        404,
    ),
    ("leave unseated", PAIR, leave(STRANGER), "not_seated", 404),
    ("leave after the end", OVER, leave(HOST), "over", 409),
    ("ready unseated", PAIR, ready(STRANGER), "not_seated", 404),
    ("ready after the start", RUNNING, ready(HOST), "started", 409),
    ("ready after the end", OVER, ready(HOST), "over", 409),
    ("tribe unseated", PAIR, tribe(STRANGER), "not_seated", 404),
    ("tribe after the start", RUNNING, tribe(HOST), "started", 409),
    ("kick by a guest", PAIR, kick(GUEST, HOST), "not_host", 403),
    ("kick by a stranger", PAIR, kick(STRANGER, HOST), "not_seated", 404),
    ("kick oneself", PAIR, kick(HOST, HOST), "invalid", 400),
    ("kick one more stranger", MANY_KICKED, kick(HOST, STRANGER), "not_found", 404),
    ("kick one of too many", TOO_MANY_KICKED, kick(HOST, GUEST), "quota_reached", 409),
    ("kick after the start", RUNNING, kick(HOST, GUEST), "started", 409),
    ("settings by a guest", PAIR, settings(GUEST, 3), "not_host", 403),
    ("settings after the start", RUNNING, settings(HOST, 3), "started", 409),
    ("fewer seats than players", FULL, settings(HOST, 3), "too_few_seats", 400),
    ("start by a guest", READY, start(GUEST), "not_host", 403),
    ("start unready", PAIR, start(HOST), "not_ready", 409),
    ("start alone", of(HOST), start(HOST), "alone", 409),
    ("start alone, unready", of(HOST), start(HOST, solo=True), "not_ready", 409),
    (
        "start with somebody lost",
        make_lobby(make_seat(HOST, is_ready=True), make_seat(GUEST, is_ready=True, lost_at=NOON)),
        start(HOST),
        "not_connected",
        409,
    ),
    ("start twice", RUNNING, start(HOST), "started", 409),
    ("end by a guest", RUNNING, end(GUEST), "not_host", 403),
    ("end a lobby", READY, end(HOST), "not_started", 409),
    ("end twice", OVER, end(HOST), "over", 409),
    ("connect unseated", PAIR, connect(STRANGER), "not_seated", 404),
    (
        "connect when kicked",
        replace(PAIR, kicked=frozenset({THIRD})),
        connect(THIRD),
        "kicked",
        409,
    ),
    ("connect after the end", OVER, connect(HOST), "over", 409),
    ("connect after leaving", leave(GUEST)(PAIR), connect(GUEST), "left", 409),
    ("connect after leaving a game", LEFT_GAME, connect(GUEST), "left", 409),
    ("join a game of others", LEFT_GAME, join(THIRD), "started", 409),
    ("return after the end", replace(LEFT_GAME, status=Status.COMPLETED), join(GUEST), "over", 409),
    ("ready after leaving", leave(GUEST)(PAIR), ready(GUEST), "not_seated", 404),
]


@pytest.mark.parametrize(
    ("lobby", "rule", "code", "status"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_each_forbidden_step_has_its_error(
    lobby: Lobby, rule: Rule, code: str, status: int
) -> None:
    with pytest.raises(DomainError) as refusal:
        rule(lobby)
    assert (refusal.value.code, status_of(refusal.value)) == (code, status)


def test_a_new_player_is_last_and_not_host() -> None:
    after = join(THIRD)(PAIR)
    assert [seat.player_id for seat in after.seats] == [HOST, GUEST, THIRD]
    assert after.host
    assert after.host.player_id == HOST
    assert after.seats[2].is_host is False


def test_the_first_to_join_is_host() -> None:
    after = join(HOST)(make_lobby())
    assert after.host
    assert after.host.player_id == HOST


@pytest.mark.parametrize(
    "lobby", [FULL, RUNNING, replace(PAIR, is_public=False)], ids=lambda lobby: lobby.status
)
def test_joining_again_changes_nothing(lobby: Lobby) -> None:
    assert join(GUEST)(lobby) is lobby


def test_a_private_lobby_is_joined_by_its_code() -> None:
    assert join(THIRD, "ABC234")(replace(PAIR, is_public=False)).seat_of(THIRD)


# What stops a countdown, and what does not.
STOPS: dict[str, tuple[Rule, bool]] = {
    "a guest is unready": (ready(GUEST, is_ready=False), True),
    "a guest leaves": (leave(GUEST), True),
    "the host leaves": (leave(HOST), True),
    "a guest is kicked": (kick(HOST, GUEST), True),
    "a guest's socket is lost": (
        lambda lobby: rules.disconnect(lobby, GUEST, UUID(int=102), NOON),
        True,
    ),
    "an older socket is lost": (lambda lobby: rules.disconnect(lobby, GUEST, SOCKET, NOON), False),
    "somebody joins": (join(THIRD), True),
    "ready once more": (ready(GUEST), False),
    "start once more": (start(HOST), False),
    "another tribe": (tribe(GUEST), False),
    "settings": (settings(HOST, 3, is_public=False), False),
    "a newer socket": (connect(GUEST), False),
    "time, but not enough": (
        lambda lobby: rules.apply_due_changes(lobby, NOON + COUNTDOWN - SECOND),
        False,
    ),
}


@pytest.mark.parametrize(("rule", "stops"), STOPS.values(), ids=STOPS)
def test_a_countdown_stops_when_a_player_is_not_ready_or_leaves(rule: Rule, stops: bool) -> None:
    after = rule(COUNTING)
    assert (after.countdown_ends_at is None) == stops
    assert after.countdown_ends_at in (None, NOON + COUNTDOWN)


def test_the_game_starts_when_the_countdown_ends() -> None:
    assert start(HOST)(READY).countdown_ends_at == NOON + COUNTDOWN
    assert rules.apply_due_changes(COUNTING, NOON + COUNTDOWN - SECOND) == COUNTING
    after = rules.apply_due_changes(COUNTING, NOON + COUNTDOWN)
    assert (after.status, after.countdown_ends_at) == (Status.IN_PROGRESS, None)
    assert after.started_at == NOON + COUNTDOWN


def test_a_single_player_may_choose_to_start_alone() -> None:
    alone = make_lobby(make_seat(HOST, is_ready=True))
    assert start(HOST, solo=True)(alone).countdown_ends_at


def test_a_ready_player_without_a_socket_prevents_the_start() -> None:
    lost = make_seat(GUEST, is_ready=True, lost_at=NOON)
    with pytest.raises(DomainError, match="Player2"):
        start(HOST)(make_lobby(make_seat(HOST, is_ready=True), lost))


HEIRS: dict[str, tuple[list[dict[str, object]], UUID]] = {
    "who joined first": ([{"joined_at": NOON + SECOND}, {"joined_at": NOON}], THIRD),
    "the connected one": ([{"lost_at": NOON}, {"joined_at": NOON + SECOND}], THIRD),
    "at the same moment": ([{}, {}], GUEST),
    "nobody is connected": ([{"lost_at": NOON}, {"lost_at": NOON}], GUEST),
}


@pytest.mark.parametrize(("facts", "heir"), HEIRS.values(), ids=HEIRS)
def test_the_connected_player_who_joined_first_is_the_next_host(
    facts: list[dict[str, object]], heir: UUID
) -> None:
    others = [make_seat(p, **f) for p, f in zip((GUEST, THIRD), facts, strict=True)]
    for status in (Status.LOBBY, Status.IN_PROGRESS):
        after = leave(HOST)(make_lobby(make_seat(HOST), *others, status=status))
        assert after.host
        assert after.host.player_id == heir


@pytest.mark.parametrize("status", [Status.LOBBY, Status.IN_PROGRESS, Status.PAUSED])
def test_the_last_player_who_leaves_abandons_the_game(status: Status) -> None:
    after = leave(HOST)(of(HOST, status=status))
    assert (after.status, after.code, after.seats) == (Status.ABANDONED, None, ())


def test_leaving_again_changes_nothing() -> None:
    """The response may have been lost."""
    for lobby in (PAIR, RUNNING, of(HOST), replace(RUNNING, seats=RUNNING.seats[:1])):
        after = leave(HOST)(lobby)
        assert leave(HOST)(after) is after
        assert after.departed == (HOST,)
    back = join(GUEST)(leave(GUEST)(PAIR))
    assert back.departed == ()
    assert leave(GUEST)(back).seat_of(GUEST) is None


def test_only_the_newest_departures_are_kept() -> None:
    lobby = PAIR
    for n in range(rules.MAX_DEPARTED_PLAYERS + 5):
        lobby = leave(UUID(int=5000 + n))(join(UUID(int=5000 + n))(lobby))
    assert len(lobby.departed) == rules.MAX_DEPARTED_PLAYERS
    assert lobby.departed[-1] == UUID(int=5000 + rules.MAX_DEPARTED_PLAYERS + 4)


def test_a_player_comes_back_to_a_running_game() -> None:
    """By joining, also after leaving; by a socket, if the seat was only lost."""
    gone = rules.disconnect(RUNNING, HOST, UUID(int=101), NOON)
    gone = rules.apply_due_changes(gone, NOON + GRACE_PERIOD)
    assert [seat.player_id for seat in gone.seats] == [GUEST]
    for after in (join(HOST)(gone), connect(HOST)(gone), join(HOST)(leave(HOST)(RUNNING))):
        assert [seat.player_id for seat in after.seats] == [HOST, GUEST]  # as they joined
        assert after.absent == ()
        assert after.departed == ()
        assert after.host
        assert after.host.player_id == GUEST
    back = join(HOST)(gone).seat_of(HOST)
    assert back
    assert (back.tribe, back.connection, back.lost_at) == ({"id": HOST}, None, NOON)
    connected = connect(HOST)(gone).seat_of(HOST)
    assert connected
    assert (connected.connection, connected.lost_at) == (SOCKET, None)


def test_the_grace_period_stands_still_while_nobody_can_reconnect() -> None:
    lost = rules.disconnect(PAIR, GUEST, UUID(int=102), NOON)
    later = NOON + 10 * GRACE_PERIOD
    stopped = replace(lost, available_at=NOON + GRACE_PERIOD - SECOND)
    assert rules.apply_due_changes(stopped, later).seat_of(GUEST)
    goes_on = replace(lost, available_at=NOON + GRACE_PERIOD)
    assert rules.apply_due_changes(goes_on, later).seat_of(GUEST) is None
    ahead = replace(lost, available_at=later)  # of the clock of this statement
    assert rules.apply_due_changes(ahead, NOON + GRACE_PERIOD - SECOND).seat_of(GUEST)


def test_a_kicked_player_can_not_return() -> None:
    after = kick(HOST, GUEST)(PAIR)
    assert after.seat_of(GUEST) is None
    with pytest.raises(DomainError):
        join(GUEST)(after)


def test_a_player_who_has_just_left_can_be_kicked() -> None:
    counting = leave(THIRD)(of(HOST, GUEST, THIRD))
    after = kick(HOST, THIRD)(counting)
    assert after == replace(counting, kicked=frozenset({THIRD}))
    with pytest.raises(DomainError):
        join(THIRD)(after)
    assert kick(HOST, STRANGER)(COUNTING).countdown_ends_at
    assert (
        kick(HOST, GUEST)(MANY_KICKED).seat_of(GUEST) is None
    )  # a player with a seat can be kicked
    known = next(iter(MANY_KICKED.kicked))
    assert kick(HOST, known)(MANY_KICKED) == MANY_KICKED


def test_settings_change_only_what_is_given() -> None:
    assert settings(HOST, 2)(PAIR) == replace(PAIR, seat_limit=2)
    assert settings(HOST, is_public=False)(PAIR) == replace(PAIR, is_public=False)


def test_a_newer_socket_takes_the_seat() -> None:
    after = connect(GUEST)(COUNTING)
    assert rules.disconnect(after, GUEST, UUID(int=102), NOON) is after
    lost = rules.disconnect(after, GUEST, SOCKET, NOON).seat_of(GUEST)
    assert lost
    assert (lost.is_connected, lost.is_ready, lost.connection) == (False, False, None)


def test_in_a_game_a_lost_socket_keeps_readiness() -> None:
    seat = rules.disconnect(RUNNING, GUEST, UUID(int=102), NOON).seat_of(GUEST)
    assert seat
    assert (seat.is_connected, seat.is_ready) == (False, True)


def test_a_player_who_returns_in_time_has_the_same_seat() -> None:
    lost = rules.disconnect(RUNNING, HOST, UUID(int=101), NOON)
    stored = rules.apply_due_changes(lost, NOON + GRACE_PERIOD - SECOND)
    assert connect(HOST)(stored) == connect(HOST)(RUNNING)
    assert rules.apply_due_changes(lost, NOON + GRACE_PERIOD).seat_of(HOST) is None


def test_a_renewed_grace_period_keeps_the_seat() -> None:
    lost = rules.disconnect(PAIR, GUEST, UUID(int=102), NOON)
    later = rules.renew_grace_period(lost, GUEST, NOON + GRACE_PERIOD - SECOND)
    assert rules.apply_due_changes(later, NOON + GRACE_PERIOD).seat_of(GUEST)
    assert rules.renew_grace_period(PAIR, GUEST, NOON) is PAIR
    assert rules.renew_grace_period(PAIR, STRANGER, NOON) is PAIR


def test_the_grace_period_of_an_orphaned_seat_starts_when_it_is_found() -> None:
    """It does not start when the process was last seen."""
    lobby = make_lobby(make_seat(HOST), make_seat(GUEST, is_orphaned=True, is_ready=True))
    seat = rules.apply_due_changes(lobby, NOON).seat_of(GUEST)
    assert seat
    assert (seat.lost_at, seat.is_ready, seat.connection) == (NOON, False, None)


def test_an_idle_lobby_is_closed_and_an_idle_game_is_not() -> None:
    assert rules.apply_due_changes(PAIR, NOON + IDLE_LIMIT - SECOND) == PAIR
    assert rules.apply_due_changes(PAIR, NOON + IDLE_LIMIT).status == Status.ABANDONED
    assert rules.apply_due_changes(RUNNING, NOON + IDLE_LIMIT).status == Status.IN_PROGRESS


def test_a_game_that_is_over_does_not_change() -> None:
    for rule in (
        rules.enforce_invariants,
        lambda it: rules.apply_due_changes(it, NOON + IDLE_LIMIT),
    ):
        assert rule(OVER) is OVER
    assert rules.disconnect(OVER, HOST, UUID(int=101), NOON) is OVER
    assert end(HOST)(RUNNING).status == Status.COMPLETED
