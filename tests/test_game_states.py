"""The state of a running game: one writer at a time, nothing that breaks further in, nothing lost."""

from uuid import UUID

import pytest

from sessions_app import states
from tests.races import at_once
from tests.test_game_sessions import Table

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def table(transactional_db: None) -> Table:
    return Table()


@pytest.fixture
def game(table: Table) -> UUID:
    """One that has begun, played by its host alone."""
    lobby = table.open()
    table.start(lobby, 0)
    return UUID(lobby["id"])


def test_claims_at_once_get_a_number_each(table: Table, game: UUID) -> None:
    claimed = at_once(12, lambda _: states.claim(game, table.players[0]))
    assert sorted(claimed) == list(range(1, 13))
