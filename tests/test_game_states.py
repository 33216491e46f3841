"""The state of a running game: one writer at a time, nothing that breaks further in, nothing lost."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import redis.asyncio
from django.conf import settings
from django.test import Client

from config.pools import make_pool
from config.redis import durable
from sessions_app import seating, states, store
from sessions_app.models import GameSession
from tests.conftest import Site
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


def test_what_is_written_behind_by_two_processes_ends_with_the_newest(
    table: Table, game: UUID
) -> None:
    """One has read a state; before it writes it, another writes one that is newer."""
    fence = states.claim(game, table.players[0])
    states.write(game, table.players[0], fence=fence, state={"wave": 1})

    async def drill() -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_URL, decode_responses=True)
        async with make_pool(1) as pool, client:

            async def ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                async with pool.connection() as database:
                    cursor = await database.execute(sql, values)
                    rows: list[tuple[Any, ...]] = await cursor.fetchall()
                    return rows

            async def ask_late(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                if sql == states.BEHIND:
                    states._write(game, fence, '{"wave": 2}')
                    assert await states.write_behind(client, ask) == 1
                return await ask(sql, *values)

            assert await states.write_behind(client, ask_late) == 1
            await states.write_behind(client, ask)  # the next round, of either
            assert await states.write_behind(client, ask) == 0

    asyncio.run(drill())
    assert GameSession.objects.get(pk=game).game_state == {"wave": 2}


def test_the_end_by_the_page_writes_the_last_state_too(table: Table, game: UUID) -> None:
    fence = states.claim(game, table.players[0])
    states.write(game, table.players[0], fence=fence, state={"wave": 7})
    browser = Client()
    browser.force_login(table.players[0])
    browser.post(f"/lobbies/{game}/act", {"act": "end"})
    ended = GameSession.objects.get(pk=game)
    assert (ended.status, ended.game_state) == ("Completed", {"wave": 7})
    assert durable().keys("game*") == []


def until(holds: Callable[[], bool]) -> None:
    """Wait for what comes by itself, soon."""
    deadline = time.monotonic() + 8
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_game_that_is_abandoned_leaves_no_key(site: Site, table: Table, game: UUID) -> None:
    fence = states.claim(game, table.players[0])
    states.write(game, table.players[0], fence=fence, state={"wave": 7})
    until(lambda: not durable().exists(states.UNWRITTEN))
    store.run(seating.leave, game, table.players[0].pk)
    until(lambda: not durable().exists(f"game:{game}:state"))
    ended = GameSession.objects.get(pk=game)
    assert (ended.status, ended.game_state) == ("Abandoned", {"wave": 7})
