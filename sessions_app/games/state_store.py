"""The state of running games, in Redis. It is written to PostgreSQL later, in batches (`write_behind`).

A writer first claims a fence, which the database counts, and sends it with each write. Writes with an older
fence are refused, however late they arrive.

    game:{session_id}:state   hash: fence, sequence (counts the writes), state (JSON)    2 hours
    games:unwritten           sorted set: games with writes that the database lacks, by time of the first one
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import close_old_connections
from redis.exceptions import RedisError

from config.limits.rate_limits import RateLimitUnavailable
from config.redis.clients import CircuitBreaker, durable
from sessions_app.kernel.statuses import RUNNING_STATUSES
from sessions_app.models import GameSession

STATE_SECONDS = 2 * 3600
UNWRITTEN = "games:unwritten"

# Adds a game to the unwritten ones, with the time in milliseconds. Does not change an earlier time.
MARK_UNWRITTEN = """
local function mark_unwritten(id)
    local now = redis.call('TIME')
    return redis.call('ZADD', KEYS[2], 'NX', now[1] * 1000 + math.floor(now[2] / 1000), id)
end
"""
STALE_FENCE, MISSING_KEY = -1, -2  # results of WRITE if it did not write
# KEYS: state, unwritten. ARGV: fence, state or '' to raise only the fence, seconds, id, and a condition:
# 'any', 'existing' to write only if the key exists, 'first' to write only if there is no state. Returns the
# number of writes, or one of the results above. A raised fence is marked as unwritten, too: if its game ends
# at the same moment, the next batch deletes the key.
WRITE = f"""{MARK_UNWRITTEN}
local stored = redis.call('HGET', KEYS[1], 'fence')
if ARGV[5] == 'existing' and not stored then return {MISSING_KEY} end
if ARGV[5] == 'first' and redis.call('HEXISTS', KEYS[1], 'state') == 1 then return 0 end
if tonumber(ARGV[1]) < tonumber(stored or '0') then return {STALE_FENCE} end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
mark_unwritten(ARGV[4])
if ARGV[2] == '' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
return redis.call('HINCRBY', KEYS[1], 'sequence', 1)
"""


@dataclass(frozen=True)
class State:
    """The last state of a game. `sequence` counts the writes to Redis."""

    fence: int
    sequence: int
    state: Any


def write_initial_state(game_id: UUID) -> None:
    """Writes the initial state of a game, unless there is a state. Raises RateLimitUnavailable."""
    close_old_connections()
    games = GameSession.objects.filter(pk=game_id, status__in=RUNNING_STATUSES)
    for fence, state in games.values_list("fence", "game_state"):
        write(game_id, fence, encode(restore_floats(state)), condition="first")


def read(game_id: UUID) -> State | None:
    """Returns the state in Redis, or None. Raises RedisError."""
    with CircuitBreaker():
        content: Any = durable().hgetall(state_key(game_id))
    if "state" not in content:
        return None
    return State(int(content["fence"]), int(content["sequence"]), orjson.loads(content["state"]))


def read_json(game_id: UUID) -> str | None:
    """Returns the state in Redis as JSON, or None. Raises RedisError."""
    text: Any = durable().hget(state_key(game_id), "state")
    return text if text is None else str(text)


def write(game_id: UUID, fence: int, text: str, *, condition: str = "any") -> int:
    """Runs WRITE, and returns its result. Raises RateLimitUnavailable."""
    arguments = (fence, text, STATE_SECONDS, str(game_id), condition)
    try:
        with CircuitBreaker():
            result: Any = durable().eval(WRITE, 2, *keys(game_id), *arguments)
    except RedisError as error:
        raise RateLimitUnavailable from error
    return int(result)


def delete(game_id: UUID) -> None:
    """Deletes the state of a game. Raises RedisError."""
    # In one transaction: otherwise a claim between the two commands would lose its mark, but not its key.
    with durable().pipeline(transaction=True) as pipe:
        pipe.delete(state_key(game_id))
        pipe.zrem(UNWRITTEN, str(game_id))
        pipe.execute()


def restore_floats(state: Mapping[str, Any] | None) -> Any:
    """Returns a state from the database with its original floats.

    jsonb returns 1e25 as an integer, which is too large for `encode`.
    """
    return orjson.loads(json.dumps(state))


def encode(state: Any) -> str:
    """Returns a state as JSON. Raises orjson.JSONEncodeError for integers beyond 64 bits."""
    return orjson.dumps(state).decode()


def state_key(game_id: "UUID | str") -> str:
    """Returns the key of a game's state."""
    return f"game:{game_id}:state"


def keys(game_id: "UUID | str") -> tuple[str, str]:
    """Returns the KEYS of the scripts."""
    return state_key(game_id), UNWRITTEN
