"""Writes the states of running games from Redis to PostgreSQL, in batches, and deletes old ones."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection

from sessions_app.games.state_store import MARK_UNWRITTEN, UNWRITTEN, keys, state_key
from sessions_app.kernel.statuses import OVER_STATUSES, Status, to_sql

if TYPE_CHECKING:
    import redis.asyncio

Query = Callable[..., Awaitable[list[tuple[Any, ...]]]]  # a statement and its values → its rows
BATCH_SIZE = 50
MAX_BATCHES = 100  # of one call; the next call continues with the rest
# KEYS: state, unwritten. ARGV: the sequence that was written, id, whether the game is over. If the state has
# changed meanwhile, the game is marked again: another process may have written the newer state first, and
# this one has overwritten it.
MARK_WRITTEN = f"""{MARK_UNWRITTEN}
if (redis.call('HGET', KEYS[1], 'sequence') or ARGV[1]) ~= ARGV[1] then
    redis.call('ZREM', KEYS[2], ARGV[2])
    return mark_unwritten(ARGV[2])
end
redis.call('ZREM', KEYS[2], ARGV[2])
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
"""
# Rows are locked in one order, because otherwise two processes could deadlock.
WRITE_STATES = f"""
WITH locked AS (SELECT id FROM game_sessions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)
UPDATE game_sessions AS g SET game_state = written.state::jsonb
FROM unnest(%s::uuid[], %s::int[], %s::text[]) AS written (id, fence, state) JOIN locked USING (id)
WHERE g.id = written.id AND g.fence <= written.fence AND g.status <> '{Status.COMPLETED}'
RETURNING g.id"""  # noqa: S608 - constants only
# The result of a game is in its columns. Clients may read its last state for an hour.
DELETE_OLD_STATES = f"""
UPDATE game_sessions SET game_state = NULL WHERE id IN (
    SELECT id FROM game_sessions
    WHERE status IN {to_sql(OVER_STATUSES)} AND game_state IS NOT NULL
        AND (completed_at IS NULL OR completed_at < statement_timestamp() - interval '1 hour')
    LIMIT {BATCH_SIZE} FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id"""  # noqa: S608 - constants only
FIND_OVER = f"SELECT id FROM game_sessions WHERE id = ANY(%s) AND status IN {to_sql(OVER_STATUSES)}"  # noqa: S608


async def mark_abandoned(client: "redis.asyncio.Redis", game_id: UUID) -> None:
    """Marks an abandoned game as unwritten, so that the next batch writes its state and deletes the key."""
    await client.zadd(UNWRITTEN, {str(game_id): 0})


async def write_states(client: "redis.asyncio.Redis", query: Query) -> int:
    """Writes all unwritten states, the oldest first. Returns how many.

    The mark of a game is removed after its state is written, so that nothing is lost in between. If two
    processes write the same state, the one with the older state marks it again. Raises RedisError,
    psycopg.Error.
    """
    seconds, microseconds = await client.time()
    now = seconds * 1000 + microseconds // 1000
    written = 0
    for _ in range(MAX_BATCHES):
        ids: Any = await client.zrange(UNWRITTEN, 0, now, byscore=True, offset=0, num=BATCH_SIZE)
        if not ids:
            break
        written += await _write_batch(client, query, ids)
    return written


async def _write_batch(client: "redis.asyncio.Redis", query: Query, ids: list[str]) -> int:
    async with client.pipeline(transaction=False) as pipe:
        for game_id in ids:
            pipe.hmget(state_key(game_id), ["fence", "sequence", "state"])
        states = await pipe.execute()
    found = [(i, *s) for i, s in zip(ids, states, strict=True) if s[2] is not None]
    if found:
        found_ids, fences, _, texts = (list(column) for column in zip(*found, strict=True))
        await query(WRITE_STATES, found_ids, found_ids, list(map(int, fences)), texts)
    over = {str(game_id) for (game_id,) in await query(FIND_OVER, ids)}
    async with client.pipeline(transaction=False) as pipe:
        for game_id, (_, sequence, _) in zip(ids, states, strict=True):
            is_over = str(int(game_id in over))
            pipe.eval(MARK_WRITTEN, 2, *keys(game_id), sequence or "", game_id, is_over)
        await pipe.execute()
    return len(found)


async def delete_old_states_async(query: Query) -> None:
    """Deletes the states of games that ended more than an hour ago, in batches. Raises psycopg.Error."""
    while await query(DELETE_OLD_STATES):
        pass


def delete_old_states() -> int:
    """Deletes the states of games that ended more than an hour ago, by Django. Returns how many."""
    deleted = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(DELETE_OLD_STATES)
            if not cursor.rowcount:
                return deleted
            deleted += cursor.rowcount
