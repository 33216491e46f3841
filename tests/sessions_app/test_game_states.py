"""The state of a running game: it has one writer at a time, is valid, and is not lost."""

import asyncio
import contextlib
import datetime
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone

from config.db.pools import create_pool
from config.kernel.errors import DomainError
from config.redis.clients import durable, durable_async
from maps.models import GameMap
from sessions_app.games import actions as game_actions
from sessions_app.games import played_maps, state_store, write_behind
from sessions_app.games import queries as game_queries
from sessions_app.kernel.statuses import Status
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import transactions
from sessions_app.models import GameSession, PlayedMap
from tests.support.concurrency import at_once
from tests.support.game_api import Table, code_of
from tests.support.live_site import Site
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def table(transactional_db: None) -> Table:
    return Table()


@pytest.fixture
def game(table: Table) -> UUID:
    """A game that has started, with its host as the only player."""
    lobby = table.open()
    table.start(lobby, 0)
    return UUID(lobby["id"])


def asking(pool: Any) -> write_behind.Query:
    """Returns a function for queries, as reconciliation has one."""

    async def ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        async with pool.connection() as database:
            cursor = await database.execute(sql, values)
            rows: list[tuple[Any, ...]] = await cursor.fetchall()
            return rows

    return ask


def running(game_map: GameMap, number: int) -> list[GameSession]:
    """Creates games that have started. Their codes are consecutive numbers."""
    facts = {"map": game_map, "status": Status.IN_PROGRESS}
    games = [GameSession(pk=uuid4(), code=f"{n:06}", **facts) for n in range(number)]
    return GameSession.objects.bulk_create(games)


def test_concurrent_claims_get_different_numbers(table: Table, game: UUID) -> None:
    claimed = at_once(12, lambda _: game_actions.claim_state(game, table.players[0]))
    assert sorted(claimed) == list(range(1, 13))


def test_of_two_concurrent_write_behinds_the_newer_state_stays(table: Table, game: UUID) -> None:
    """One has read a state. Before it writes that state, another writes a newer one."""
    fence = game_actions.claim_state(game, table.players[0])
    game_actions.write_state(game, table.players[0], fence=fence, state={"wave": 1})

    async def drill() -> None:
        client = durable_async()
        async with create_pool(1) as pool, client:
            ask = asking(pool)

            async def ask_late(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                if sql == write_behind.WRITE_STATES:
                    state_store.write(game, fence, '{"wave": 2}')
                    assert await write_behind.write_states(client, ask) == 1
                return await ask(sql, *values)

            assert await write_behind.write_states(client, ask_late) == 1
            await write_behind.write_states(client, ask)  # the next round of either process
            assert await write_behind.write_states(client, ask) == 0

    asyncio.run(drill())
    assert GameSession.objects.get(pk=game).game_state == {"wave": 2}


def test_one_round_writes_what_was_marked_when_it_started(game_map: GameMap) -> None:
    """Three hundred games, one of which is written to during the round."""
    games = running(game_map, 300)

    async def drill() -> tuple[int, int]:
        async with create_pool(1) as pool, durable_async() as client:
            ask = asking(pool)

            async def ask_late(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                if sql == write_behind.WRITE_STATES:
                    state_store.write(games[0].pk, 0, '{"wave": 2}')
                return await ask(sql, *values)

            first = await write_behind.write_states(client, ask_late)
            return first, await write_behind.write_states(client, ask)

    for game in games:
        state_store.write(game.pk, 0, '{"wave": 1}')
    assert asyncio.run(drill()) == (300, 1)  # later writes are part of the next round
    waves = GameSession.objects.values_list("game_state__wave", flat=True)
    assert Counter(waves) == {1: 299, 2: 1}


def now_of_redis() -> int:
    """Its clock, in the milliseconds that marks have."""
    seconds, micros = durable().time()
    return int(seconds) * 1000 + int(micros) // 1000


def test_the_oldest_marks_are_written_first(
    game_map: GameMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_behind, "BATCH_SIZE", 2)
    monkeypatch.setattr(write_behind, "MAX_BATCHES", 1)
    games = running(game_map, 4)
    for turn in range(2):  # a second write does not change the order
        for game in games:
            state_store.write(game.pk, 0, f'{{"wave": {turn}}}')
            marked = now_of_redis()
            until(lambda before=marked: now_of_redis() > before)  # type: ignore[misc]

    async def drill() -> None:
        async with create_pool(1) as pool, durable_async() as client:
            assert await write_behind.write_states(client, asking(pool)) == 2

    asyncio.run(drill())
    written = GameSession.objects.filter(game_state__wave=1)
    assert {game.code for game in written} == {"000000", "000001"}


def test_the_end_through_the_page_writes_the_last_state(table: Table, game: UUID) -> None:
    fence = game_actions.claim_state(game, table.players[0])
    game_actions.write_state(game, table.players[0], fence=fence, state={"wave": 7})
    browser = Client()
    browser.force_login(table.players[0])
    browser.post(f"/lobbies/{game}/act", {"act": "end"})
    ended = GameSession.objects.get(pk=game)
    assert (ended.status, ended.game_state) == ("Completed", {"wave": 7})
    assert durable().keys("game*") == []


def test_a_start_writes_the_first_state(site: Site, table: Table, game: UUID) -> None:
    until(lambda: durable().hexists(f"game:{game}:state", "state"))
    player = table.players[0]
    assert game_queries.read_state(game, player).sequence == 1
    fence = game_actions.claim_state(game, player)
    game_actions.write_state(game, player, fence=fence, state={"wave": 7})
    state_store.write_initial_state(game)  # as each change of the seats of a running game does
    assert game_queries.read_state(game, player).state == {"wave": 7}


def test_a_game_that_is_over_gets_no_state(table: Table, game: UUID) -> None:
    game_actions.end_game(game, table.players[0])
    state_store.write_initial_state(game)
    assert durable().keys("game*") == []


def test_a_game_that_is_abandoned_leaves_no_key(site: Site, table: Table, game: UUID) -> None:
    fence = game_actions.claim_state(game, table.players[0])
    game_actions.write_state(game, table.players[0], fence=fence, state={"wave": 7})
    until(lambda: not durable().exists(state_store.UNWRITTEN))
    transactions.run(lobby_actions.leave, game, table.players[0].pk)
    until(lambda: not durable().exists(f"game:{game}:state"))
    ended = GameSession.objects.get(pk=game)
    assert (ended.status, ended.game_state) == ("Abandoned", {"wave": 7})


# ---- By the API -----------------------------------------------------------------------------------


def test_the_state_has_one_writer(table: Table) -> None:
    lobby = table.open()
    table.join(1, lobby)
    path = f"/{lobby['id']}/state"
    assert code_of(table.ask(0, "GET", path)) == (409, "not_started")
    table.start(lobby, 0, 1)
    _, first = table.ask(1, "GET", path)
    assert first["state"]["towers"] == []
    assert first["state"]["resources"] == {str(p.pk): 500 for p in table.players[:2]}
    claim = f"/{lobby['id']}/fence"
    assert code_of(table.ask(1, "POST", claim)) == (403, "not_host")
    _, old = table.ask(0, "POST", claim)
    assert table.ask(0, "PUT", path, old | {"state": {"wave": 1}}) == (200, {"sequence": 1})
    _, new = table.ask(0, "POST", claim)
    assert new["fence"] == old["fence"] + 1
    assert code_of(table.ask(0, "PUT", path, old | {"state": {"wave": 9}})) == (409, "stale_fence")
    assert table.ask(0, "PUT", path, new | {"state": {"wave": 2}}) == (200, {"sequence": 2})
    assert table.ask(1, "GET", path)[1] == new | {"sequence": 2, "state": {"wave": 2}}
    assert table.ask(2, "GET", path)[0] == 404
    assert code_of(table.ask(1, "PUT", path, new | {"state": {}})) == (403, "not_host")


def test_a_late_write_is_refused_even_if_only_redis_has_the_new_fence(table: Table) -> None:
    """The database was read before another claim. The script refuses the write."""
    lobby = table.open()
    table.start(lobby, 0)
    session_id = UUID(lobby["id"])
    old = game_actions.claim_state(session_id, table.players[0])
    game_actions.claim_state(session_id, table.players[0])
    assert state_store.write(session_id, old, '{"wave": 9}') == -1


def test_the_end_writes_the_last_state(table: Table) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    _, fence = table.ask(0, "POST", f"/{lobby['id']}/fence")
    table.ask(0, "PUT", f"/{lobby['id']}/state", fence | {"state": {"wave": 7}})
    status, after = table.ask(0, "POST", f"/{lobby['id']}/end")
    assert (status, after["status"], after["code"]) == (200, "Completed", None)
    game = GameSession.objects.get()
    assert game.game_state == {"wave": 7}
    assert game.completed_at is not None
    assert durable().keys("game*") == []
    assert table.ask(0, "GET", "/active")[0] == 404
    assert table.ask(0, "GET", f"/{lobby['id']}/state")[1]["state"] == {"wave": 7}
    assert code_of(table.ask(0, "PUT", f"/{lobby['id']}/state", fence | {"state": {}})) == (
        409,
        "over",
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"fence": 1},
        {"fence": "1", "state": {}},
        {"fence": True, "state": {}},
        {"fence": -1, "state": {}},
        {"fence": 0, "state": {}},
        {"fence": 1, "state": {"wave": 2**64}},
        {"fence": 2**31, "state": {}},
        {"fence": 1, "state": []},
        {"fence": 1, "state": "x"},
        {"fence": 1, "state": None},
    ],
)
def test_invalid_states_are_refused(table: Table, body: Any) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    assert table.ask(0, "PUT", f"/{lobby['id']}/state", body)[0] == 400


def test_a_state_that_is_too_large_is_refused(table: Table) -> None:
    lobby = table.open()
    table.start(lobby, 0)
    _, fence = table.ask(0, "POST", f"/{lobby['id']}/fence")
    for text in (
        "y" * game_actions.MAX_STATE_BYTES,
        "é" * (game_actions.MAX_STATE_BYTES // 2),
    ):  # bytes, not characters
        large = fence | {"state": {"x": text}}
        response = table.ask(0, "PUT", f"/{lobby['id']}/state", large)
        assert code_of(response) == (413, "state_too_large")


def test_a_write_during_the_end_is_refused(
    table: Table, game: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id, host = game, table.players[0]
    fence = game_actions.claim_state(session_id, host)
    game_actions.write_state(session_id, host, fence=fence, state={"wave": 1})
    write = state_store.write

    def end_first(*arguments: Any, **named: Any) -> int:
        monkeypatch.undo()
        game_actions.end_game(session_id, host)
        return write(*arguments, **named)

    monkeypatch.setattr(state_store, "write", end_first)
    with pytest.raises(DomainError) as refused:
        game_actions.write_state(session_id, host, fence=fence, state={"wave": 2})
    assert refused.value.code == "over"
    assert GameSession.objects.get().game_state == {"wave": 1}
    assert durable().keys("game*") == []


@pytest.mark.parametrize("late", [game_actions.end_game, game_actions.claim_state])
def test_concurrent_ends_leave_no_key(
    table: Table, game: UUID, monkeypatch: pytest.MonkeyPatch, late: Callable[..., Any]
) -> None:
    """The late one has a new fence in the database. Before Redis gets it, the game ends."""
    host, write = table.players[0], state_store.write
    game_actions.write_state(
        game, host, fence=game_actions.claim_state(game, host), state={"wave": 1}
    )

    def end_first(*arguments: Any, **named: Any) -> int:
        monkeypatch.undo()
        game_actions.end_game(game, host)
        assert durable().keys("game*") == []
        return write(*arguments, **named)

    monkeypatch.setattr(state_store, "write", end_first)
    with contextlib.suppress(DomainError):
        late(game, host)
    write_states_once()
    assert durable().keys("game*") == []
    assert GameSession.objects.get().game_state == {"wave": 1}


def write_states_once() -> None:
    async def drill() -> None:
        async with create_pool(1) as pool, durable_async() as client:
            await write_behind.write_states(client, asking(pool))

    asyncio.run(drill())


def test_a_claim_without_a_write_keeps_the_key_of_a_running_game(table: Table, game: UUID) -> None:
    fence = game_actions.claim_state(game, table.players[0])
    write_states_once()
    assert not durable().exists(state_store.UNWRITTEN)
    assert durable().hgetall(f"game:{game}:state") == {"fence": str(fence)}


def test_numbers_are_read_as_they_were_written(table: Table, game: UUID) -> None:
    """PostgreSQL writes 1e25 as an integer that is longer than the parser accepts."""
    host, state = table.players[0], {"far": 1e25, "near": 1e-7, "whole": 2**63}
    game_actions.write_state(game, host, fence=game_actions.claim_state(game, host), state=state)
    write_states_once()
    durable().delete(f"game:{game}:state")
    for begun in (False, True):
        if begun:
            state_store.write_initial_state(game)
        assert game_queries.read_state(game, host) == state_store.State(1, int(begun), state)
        assert table.ask(0, "GET", f"/{game}/state")[1]["state"] == state


def test_an_emptied_redis_accepts_the_next_write(table: Table, game: UUID) -> None:
    session_id, host = game, table.players[0]
    fence = game_actions.claim_state(session_id, host)
    durable().flushdb()
    assert game_actions.write_state(session_id, host, fence=fence, state={"wave": 3}) == 1
    assert game_queries.read_state(session_id, host).state == {"wave": 3}


# ---- Size, and what remains of it ---------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [{"x": [0] * 130_000}, {"x": [1e308] * 37_000}, {"x": [[]] * 87_000}]
)
def test_the_largest_state_fits_as_jsonb(table: Table, game: UUID, state: Any) -> None:
    """A number of two bytes takes twelve there, and 1e308 has 309 digits as text."""
    host = table.players[0]
    game_actions.write_state(game, host, fence=game_actions.claim_state(game, host), state=state)
    game_actions.end_game(game, host)
    assert GameSession.objects.filter(pk=game, game_state__isnull=False).exists()


def test_the_database_refuses_a_larger_state(game: UUID) -> None:
    with pytest.raises(IntegrityError, match="game_state_size"):
        GameSession.objects.filter(pk=game).update(game_state={"x": "y" * (2 * 1024 * 1024)})
    with pytest.raises(IntegrityError, match="kicked_size"):
        GameSession.objects.filter(pk=game).update(kicked=[uuid4() for _ in range(1001)])


def drop_old() -> None:
    async def drill() -> None:
        async with create_pool(1) as pool:
            await write_behind.delete_old_states_async(asking(pool))

    asyncio.run(drill())


@pytest.mark.parametrize("drop", [drop_old, write_behind.delete_old_states])
def test_states_are_deleted_an_hour_after_any_end(
    game_map: GameMap, monkeypatch: pytest.MonkeyPatch, drop: Callable[[], Any]
) -> None:
    now = timezone.now()
    minutes = {name: now - datetime.timedelta(minutes=n) for name, n in (("new", 59), ("old", 61))}
    running = dict.fromkeys(("InProgress", "Paused"), ("InProgress", None))
    ended: dict[str, tuple[str, Any]] = {
        f"{status} {name}": (status, ended_at)
        for status in ("Completed", "Abandoned")
        for name, ended_at in minutes.items()
    }
    by_hand = {"by hand": ("Completed", None)}  # as in psql, without a time
    rows = {
        name: GameSession.objects.create(
            map=game_map, status=status, completed_at=at, game_state={"wave": 7}, current_wave=7
        )
        for name, (status, at) in (running | ended | by_hand).items()
    }
    many = [
        GameSession(pk=uuid4(), map=game_map, status="Completed", completed_at=minutes["old"])
        for _ in range(2 * write_behind.BATCH_SIZE + 1)
    ]
    for row in many:
        row.game_state = {}
    GameSession.objects.bulk_create(many)
    drop()
    stored = GameSession.objects.filter(game_state__isnull=False).values_list("pk", flat=True)
    names = {name for name, row in rows.items() if row.pk in set(stored)}
    assert names == {"InProgress", "Paused", "Completed new", "Abandoned new"}
    assert len(stored) == 4
    assert set(GameSession.objects.filter(pk=rows["by hand"].pk).values_list("current_wave")) == {
        (7,)
    }


def test_the_last_state_is_read_after_the_end(table: Table, game: UUID) -> None:
    host = table.players[0]
    game_actions.write_state(
        game, host, fence=game_actions.claim_state(game, host), state={"wave": 7}
    )
    game_actions.end_game(game, host)
    first = table.ask(0, "GET", f"/{game}/state")
    assert (first[0], first[1]["state"]) == (200, {"wave": 7})
    GameSession.objects.update(completed_at=timezone.now() - datetime.timedelta(hours=2))
    version = GameSession.objects.get(pk=game).version
    drop_old()
    later = table.ask(0, "GET", f"/{game}/state")
    assert (later[0], later[1]["state"]) == (200, None)
    assert GameSession.objects.get(pk=game).version == version
    assert table.ask(0, "GET", f"/{game}")[1]["status"] == "Completed"


def test_a_played_map_has_the_size_of_its_document(table: Table, game: UUID) -> None:
    played = PlayedMap.objects.get(map_id=table.game_map.pk)
    assert (
        played.document_bytes == GameMap.objects.get(pk=table.game_map.pk).document_bytes > 30_000
    )
    facts = {"map_id": uuid4(), "version": 1, "name": "Ford", "width": 20, "height": 20}
    parts: dict[str, Any] = {"terrain_data": [], "wave_config": {}}
    parts |= {"spawn_point": {}, "goal_point": {}}
    by_hand = PlayedMap.objects.create(**facts, **parts)
    by_hand.refresh_from_db()
    assert by_hand.document_bytes == len("[]" + "{}" * 3)


def test_an_unused_map_is_not_deleted_while_a_game_on_it_starts(
    table: Table, game: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was found without a game. Before it is deleted, a game on it starts."""
    GameSession.objects.filter(pk=game).update(map_version=None)
    lock = played_maps.LOCK_MAPS

    def start_first(cursor: Any, sql: str, values: Any) -> Any:
        if sql == lock:
            GameSession.objects.filter(pk=game).update(map_version=1)
        return execute(cursor, sql, values)

    execute = CursorWrapper.execute
    monkeypatch.setattr(CursorWrapper, "execute", start_first)
    assert played_maps.delete_unused_maps() == 0
    monkeypatch.undo()
    assert PlayedMap.objects.count() == 1
    GameSession.objects.filter(pk=game).update(map_version=None)
    assert played_maps.delete_unused_maps() == 1
