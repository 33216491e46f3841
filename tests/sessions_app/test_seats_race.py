"""Many concurrent players want the last seat. The trigger gives it to one of them."""

from typing import Any

import pytest
from django.db import IntegrityError, connection

from config.kernel.errors import DomainError
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import rules
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.transactions import run
from sessions_app.models import GameSession, SessionPlayer
from tests.support.concurrency import at_once
from tests.support.factories import make_map, make_tribe, make_user
from tests.support.lobbies import Table
from tribes.models import Tribe

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 12


def sit_at_once(seats: list[dict[str, Any]]) -> int:
    """Takes all of these seats at the same moment. Returns how many succeeded."""

    def take_seat(number: int) -> bool:
        try:
            SessionPlayer.objects.create(**seats[number])
        except IntegrityError:
            return False
        return True

    return at_once(len(seats), take_seat).count(True)


@pytest.fixture
def tribes(transactional_db: None) -> list[Tribe]:
    return [make_tribe(make_user(f"Racer{n}")) for n in range(THREADS)]


def test_one_of_many_concurrent_players_gets_the_last_seat(tribes: list[Tribe]) -> None:
    game = GameSession.objects.create(map=make_map(make_user("Author")))
    for tribe in tribes[:3]:
        SessionPlayer.objects.create(session=game, user=tribe.user, tribe=tribe)
    got = sit_at_once([{"session": game, "user": t.user, "tribe": t} for t in tribes[3:]])
    assert got == 1
    assert game.seats.count() == 4


def test_without_the_trigger_too_many_players_get_a_seat(tribes: list[Tribe]) -> None:
    """Shows that the test above can fail."""
    game = GameSession.objects.create(map=make_map(make_user("Author")))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE session_players DISABLE TRIGGER session_players_check_seat")
    try:
        got = sit_at_once([{"session": game, "user": t.user, "tribe": t} for t in tribes])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE session_players ENABLE TRIGGER session_players_check_seat")
    assert got > 4


def test_a_player_gets_a_seat_in_only_one_of_many_games(tribes: list[Tribe]) -> None:
    game_map = make_map(make_user("Author"))
    games = [GameSession.objects.create(map=game_map) for _ in range(THREADS)]
    tribe = tribes[0]
    assert sit_at_once([{"session": g, "user": tribe.user, "tribe": tribe} for g in games]) == 1


def test_a_tribe_that_is_deleted_while_its_player_joins_is_an_error(
    tribes: list[Tribe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tribe exists when the newcomer is read, and not when the seat is taken."""
    table, tribe = Table(1), tribes[0]
    by_the_rules = rules.join

    def join(*arguments: Any, **named: Any) -> Lobby:
        at_once(1, lambda _: Tribe.objects.filter(pk=tribe.pk).delete())
        return by_the_rules(*arguments, **named)

    monkeypatch.setattr(rules, "join", join)
    with pytest.raises(DomainError, match="This tribe no longer exists") as refused:
        run(lobby_actions.join, table.id, tribe.user.pk, tribe_id=tribe.pk)
    assert refused.value.code == "unknown_tribe"
