"""The hot state of a running game: in Redis at once, in PostgreSQL behind it, in batches.

Until the game itself runs here, the host's client or a game server of ours writes it. Whoever wants to
write takes a number first, a fence: the database counts it, and every write bears it. A writer whose
number is no longer the last, because another took over, is refused, however late its writes arrive.

    game:{session_id}:state   hash: fence, sequence (counts the writes), state (JSON)    2 hours
    games:unwritten           sorted set of the games whose key was written since the database had its state,
                              by the moment since when
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.db import close_old_connections, connection, transaction
from django.db.models import F
from redis.exceptions import RedisError

from accounts.models import User
from config.kernel.errors import DomainError, InvalidInput
from config.limits.rate_limits import RateLimitUnavailable
from config.redis.clients import circuit_breaker, durable
from sessions_app.games.access import game_for, is_game_server
from sessions_app.kernel.statuses import OVER_STATUSES, RUNNING_STATUSES, Status, to_sql
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import store
from sessions_app.lobby.store import Change
from sessions_app.models import GameSession

if TYPE_CHECKING:
    import redis.asyncio

Ask = Callable[..., Awaitable[list[tuple[Any, ...]]]]  # a statement and its values → its rows
SECONDS = 2 * 3600
LARGEST = 256 * 1024  # bytes of JSON
BATCH = 50
MOST_BATCHES = 100  # of one round; what is left then is first in the next
UNWRITTEN = "games:unwritten"

# A game's mark bears the milliseconds since when it is unwritten. An older mark stays.
MARK = """
local function mark(id)
    local now = redis.call('TIME')
    return redis.call('ZADD', KEYS[2], 'NX', now[1] * 1000 + math.floor(now[2] / 1000), id)
end
"""
STALE, GONE = -1, -2  # what WRITE answers where it does not write
# KEYS: state, unwritten. ARGV: fence, state or '' to raise the fence alone, seconds, id, and what may be
# there: 'any', only a key that is 'kept', or no state but a 'first' one. Answers the count of writes, STALE
# for an old fence, GONE for a key that is missing. A fence alone is marked too: one that comes as its game
# ends would leave a key that nobody drops.
WRITE = f"""{MARK}
local known = redis.call('HGET', KEYS[1], 'fence')
if ARGV[5] == 'kept' and not known then return -2 end
if ARGV[5] == 'first' and redis.call('HEXISTS', KEYS[1], 'state') == 1 then return 0 end
if tonumber(ARGV[1]) < tonumber(known or '0') then return -1 end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
mark(ARGV[4])
if ARGV[2] == '' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
return redis.call('HINCRBY', KEYS[1], 'sequence', 1)
"""
# KEYS: state, unwritten. ARGV: sequence that was written, id, whether the game is over. What was put
# meanwhile is marked anew: a quicker process may have written it, and we something older over it.
WRITTEN = f"""{MARK}
if (redis.call('HGET', KEYS[1], 'sequence') or ARGV[1]) ~= ARGV[1] then
    redis.call('ZREM', KEYS[2], ARGV[2])
    return mark(ARGV[2])
end
redis.call('ZREM', KEYS[2], ARGV[2])
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
"""
# Locked in one order, or two processes that write at once might wait for each other.
BEHIND = f"""
WITH locked AS (SELECT id FROM game_sessions WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)
UPDATE game_sessions AS g SET game_state = written.state::jsonb
FROM unnest(%s::uuid[], %s::int[], %s::text[]) AS written (id, fence, state) JOIN locked USING (id)
WHERE g.id = written.id AND g.fence <= written.fence AND g.status <> '{Status.COMPLETED}'
RETURNING g.id"""  # noqa: S608
# A game's result is in its columns. Clients may read the state that it ended with for an hour.
DROP_OLD = f"""
UPDATE game_sessions SET game_state = NULL WHERE id IN (
    SELECT id FROM game_sessions
    WHERE status IN {to_sql(OVER_STATUSES)} AND game_state IS NOT NULL
        AND (completed_at IS NULL OR completed_at < statement_timestamp() - interval '1 hour')
    LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id"""  # noqa: S608 - nothing from outside
OVER = f"SELECT id FROM game_sessions WHERE id = ANY(%s) AND status IN {to_sql(OVER_STATUSES)}"  # noqa: S608


@dataclass(frozen=True)
class State:
    """A game's state as last written; `sequence` counts the writes that Redis remembers."""

    fence: int
    sequence: int
    state: Any


def begin(session_id: UUID) -> None:
    """Write the state that a game begins with, unless something is written. Raises RateLimitUnavailable."""
    close_old_connections()
    games = GameSession.objects.filter(pk=session_id, status__in=RUNNING_STATUSES)
    for fence, state in games.values_list("fence", "game_state"):
        _write(session_id, fence, _json(_known(state)), over="first")


def read(session_id: UUID, player: User) -> State:
    """The state of a game that the player sits in. Raises DomainError: 404, 409 before the start."""
    game = _game(session_id, player)
    try:
        with circuit_breaker() as redis:
            kept: Any = redis.hgetall(_key(session_id))
    except RedisError:
        kept = {}  # the database knows what was some seconds ago
    if "state" in kept:
        return State(int(kept["fence"]), int(kept["sequence"]), orjson.loads(kept["state"]))
    return State(game.fence, 0, _known(game.game_state))


def claim(session_id: UUID, player: User) -> int:
    """Become the writer of a game's state; answers the fence to write with.

    Raises DomainError: as `read_body` does, 403 for all but the host and game servers;
    RateLimitUnavailable (503).
    """
    _demand_writer(_game(session_id, player), player)
    game = GameSession.objects.filter(pk=session_id)
    with transaction.atomic():  # until its end nobody else counts: two claims never get one number
        game.update(fence=F("fence") + 1)
        fence: int = game.values_list("fence", flat=True).get()
    _write(session_id, fence, "")
    return fence


def write(session_id: UUID, player: User, *, fence: int, state: Any) -> int:
    """Put the state; answers how many writes there were.

    Raises DomainError: as `claim` does, 409 `stale_fence` for a writer that another one has replaced, 413,
    400 for whole numbers beyond 64 bits; RateLimitUnavailable (503).
    """
    game = _game(session_id, player)
    _demand_writer(game, player)
    try:
        text = _json(state)
    except orjson.JSONEncodeError as error:
        words = "Whole numbers in a state have up to 64 bits."
        raise InvalidInput("invalid", words, field="state") from error
    if len(text.encode()) > LARGEST:
        raise DomainError("state_too_large", "A state has up to 256 KiB.", field="state")
    sequence = _write(session_id, fence, text, over="kept") if fence == game.fence else STALE
    if sequence == GONE:  # Redis was emptied, or the game has ended since we looked
        game = _game(session_id, player)
        _demand_writer(game, player)
        sequence = _write(session_id, fence, text) if fence == game.fence else STALE
    if sequence != STALE:
        return sequence
    raise DomainError(
        "stale_fence", "Another writer has taken over. Claim the state to write again."
    )


def finish(session_id: UUID, host: User) -> Change:
    """End a game: its last state goes to the database, then its key goes. Raises as `lobby.actions.end`."""
    try:
        claim(session_id, host)  # nobody writes any more what would be lost with the key
        last: Any = durable().hget(_key(session_id), "state")
    except (RedisError, DomainError):  # the database has what was some seconds ago, or refuses too
        last = None
    change = store.run(lobby_actions.end, session_id, host.pk, last)
    try:
        # Both or neither: another's claim between the two would lose its mark, and leave its key.
        with durable().pipeline(transaction=True) as pipe:
            pipe.delete(_key(session_id))
            pipe.zrem(UNWRITTEN, str(session_id))
            pipe.execute()
    except RedisError:
        pass  # it dies by itself
    return change


async def retire(client: "redis.asyncio.Redis", session_id: UUID) -> None:
    """A game was abandoned, which nobody finishes: the next batch writes it, and drops its key."""
    await client.zadd(UNWRITTEN, {str(session_id): 0})


async def drop_old(ask: Ask) -> None:
    """Delete the states of games that have been over for an hour, in batches. Raises psycopg.Error."""
    while await ask(DROP_OLD):
        pass


def drop_all_old() -> int:
    """The same from a command; returns how many."""
    dropped = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(DROP_OLD)
            if not cursor.rowcount:
                return dropped
            dropped += cursor.rowcount


async def write_behind(client: "redis.asyncio.Redis", ask: Ask) -> int:
    """Bring all states to the database that are marked by now, the oldest first; how many.

    A game's mark goes only after its state is written, so that nothing is lost in between; of two
    processes that write the same one at once the one with the older state marks it anew. Raises
    RedisError, psycopg.Error.
    """
    seconds, microseconds = await client.time()
    now = seconds * 1000 + microseconds // 1000
    written = 0
    for _ in range(MOST_BATCHES):
        ids: Any = await client.zrange(UNWRITTEN, 0, now, byscore=True, offset=0, num=BATCH)
        if not ids:
            break
        written += await _write_batch(client, ask, ids)
    return written


async def _write_batch(client: "redis.asyncio.Redis", ask: Ask, ids: list[str]) -> int:
    async with client.pipeline(transaction=False) as pipe:
        for game_id in ids:
            pipe.hmget(_key(game_id), ["fence", "sequence", "state"])
        states = await pipe.execute()
    known = [(i, *s) for i, s in zip(ids, states, strict=True) if s[2] is not None]
    if known:
        names, fences, _, texts = (list(column) for column in zip(*known, strict=True))
        await ask(BEHIND, names, names, list(map(int, fences)), texts)
    over = {str(row[0]) for row in await ask(OVER, ids)}
    async with client.pipeline(transaction=False) as pipe:
        for game_id, (_, sequence, _) in zip(ids, states, strict=True):
            is_over = str(int(game_id in over))
            pipe.eval(WRITTEN, 2, *_keys(game_id), sequence or "", game_id, is_over)
        await pipe.execute()
    return len(known)


def _game(session_id: UUID, player: User) -> GameSession:
    game = game_for(session_id, player)
    if game.started_at is None:
        raise DomainError("not_started", "The game has not begun.")
    return game


def _demand_writer(game: GameSession, player: User) -> None:
    if game.status not in RUNNING_STATUSES:
        raise DomainError("over", "This game is over.")
    is_host = game.seats.filter(user=player, is_host=True).exists()
    if not (is_host or is_game_server(player)):
        raise DomainError("not_host", "Only the host's client writes the state.")


def _write(session_id: UUID, fence: int, text: str, *, over: str = "any") -> int:
    facts = (fence, text, SECONDS, str(session_id), over)
    try:
        with circuit_breaker() as redis:
            answer: Any = redis.eval(WRITE, 2, *_keys(session_id), *facts)
    except RedisError as error:
        raise RateLimitUnavailable from error
    return int(answer)


def _known(state: Any) -> Any:
    """A state of the database as it was put: jsonb writes 1e25 as a whole number, too long for `_json`."""
    return orjson.loads(json.dumps(state))


def _json(state: Any) -> str:
    return orjson.dumps(state).decode()


def _key(session_id: "UUID | str") -> str:
    return f"game:{session_id}:state"


def _keys(session_id: "UUID | str") -> tuple[str, str]:
    return _key(session_id), UNWRITTEN
