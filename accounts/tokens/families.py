"""Which tokens of the API are active: token families, in Redis.

A family is one sign-in on one device. It has one valid refresh token at any moment, and the access tokens
that were issued with it. Keys and lifetimes are a contract:

    session:{user_id}:access_token    hash: access token's id → "family expiry"     15 minutes
    session:{user_id}:refresh_token   hash: family → {"jti", "device", "since", "expires"}   7 days

Each step is one script, so exactly one of several simultaneous uses of a refresh token succeeds.

Other applications may store what ends with a family (`on_revocation`). They are called before a family is
revoked here, so that it ends even while Redis is unavailable.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from redis.exceptions import RedisError

from config.kernel.errors import DomainError
from config.redis.clients import CircuitBreaker, durable

if TYPE_CHECKING:
    import redis.asyncio

FAMILY_PATTERN = re.compile("[0-9a-f]{32}")  # of an id
MAX_FAMILIES = 20  # of a player; a new one replaces the least recently used

# KEYS: access, refresh. ARGV: family, presented id or '', new refresh id, new access id, device, now,
# seconds of an access and of a refresh token, maximum of families. Returns 'unknown', 'replayed', or 'ok' and
# the family that was replaced, if any.
ISSUE = """
local family, presented, now = ARGV[1], ARGV[2], tonumber(ARGV[6])
local known = redis.call('HGETALL', KEYS[2])
local records, count, oldest = {}, 0, nil
for i = 1, #known, 2 do
    local record = cjson.decode(known[i + 1])
    if record.expires < now then
        redis.call('HDEL', KEYS[2], known[i])
    else
        records[known[i]] = record
        count = count + 1
        if not oldest or record.expires < records[oldest].expires then oldest = known[i] end
    end
end
local access = redis.call('HGETALL', KEYS[1])
local function revoke_access(of)
    for i = 1, #access, 2 do
        local owner, expiry = string.match(access[i + 1], '(%S+) (%S+)')
        if owner == of or tonumber(expiry) < now then redis.call('HDEL', KEYS[1], access[i]) end
    end
end
local since = now
if presented ~= '' then
    local record = records[family]
    if not record then return 'unknown' end
    if record.jti ~= presented then
        redis.call('HDEL', KEYS[2], family)
        revoke_access(family)
        return 'replayed'
    end
    since = record.since
elseif count >= tonumber(ARGV[9]) then
    redis.call('HDEL', KEYS[2], oldest)
    revoke_access(oldest)
else
    oldest = nil
end
revoke_access('')
local record = {jti = ARGV[3], device = ARGV[5], since = since, expires = now + tonumber(ARGV[8])}
redis.call('HSET', KEYS[2], family, cjson.encode(record))
redis.call('EXPIRE', KEYS[2], ARGV[8])
redis.call('HSET', KEYS[1], ARGV[4], family .. ' ' .. (now + tonumber(ARGV[7])))
redis.call('EXPIRE', KEYS[1], ARGV[7])
return oldest and presented == '' and 'ok ' .. oldest or 'ok'
"""
# KEYS: access, refresh. ARGV: family.
REVOKE = """
redis.call('HDEL', KEYS[2], ARGV[1])
local access = redis.call('HGETALL', KEYS[1])
for i = 1, #access, 2 do
    if string.match(access[i + 1], '%S+') == ARGV[1] then redis.call('HDEL', KEYS[1], access[i]) end
end
"""
# KEYS: hashes. ARGV: a field for each. Returns 1 for each field that exists, else 0.
FIELDS_EXIST = """
local found = {}
for n, key in ipairs(KEYS) do found[n] = redis.call('HEXISTS', key, ARGV[n]) end
return found
"""


@dataclass(frozen=True)
class TokenIds:
    """The ids of a pair of tokens, and of their family."""

    family: str
    refresh: str
    access: str


@dataclass(frozen=True)
class TokenFamily:
    """A family as the player sees it. Times are in seconds since 1970."""

    id: str
    device: str
    since: int
    expires: int


class TokensUnavailable(DomainError):
    """Tokens can't be checked, because Redis is unavailable."""

    def __init__(self) -> None:
        super().__init__("unavailable", "Tokens can't be checked right now. Try again soon.")


# Gets the player and the family, or None for all families of the player.
RevocationCallback = Callable[[uuid.UUID, str | None], None]
_revocation_callbacks: list[RevocationCallback] = []


def on_revocation(callback: RevocationCallback) -> None:
    """Registers a function that is called before a family is revoked. Called once, at the start."""
    _revocation_callbacks.append(callback)


def _end_dependents(user_id: uuid.UUID, family: str | None) -> None:
    for callback in _revocation_callbacks:
        callback(user_id, family)


def start(user_id: uuid.UUID, device: str) -> TokenIds:
    """Starts a family for a device. Raises TokensUnavailable."""
    ids = TokenIds(_new_id(), _new_id(), _new_id())
    replaced = _issue(user_id, ids, presented="", device=device).partition(" ")[2]
    if replaced:
        _end_dependents(user_id, replaced)
    return ids


def rotate(user_id: uuid.UUID, *, family: str, presented: str, device: str) -> TokenIds | None:
    """Returns the next pair of a family for its valid refresh token; None for any other.

    A second use of a token means that it was stolen, by its first or its second user. So the whole family
    is revoked. Raises TokensUnavailable.
    """
    ids = TokenIds(family, _new_id(), _new_id())
    result = _issue(user_id, ids, presented=presented, device=device)
    if result == "replayed":
        _end_dependents(user_id, family)
    return ids if result == "ok" else None


def is_access_token_active(user_id: uuid.UUID, access: str) -> bool:
    """Returns whether an access token has neither expired nor been revoked. Raises TokensUnavailable."""
    return bool(_call(lambda: durable().hexists(_keys(user_id)[0], access)))


async def are_families_active(
    client: "redis.asyncio.Redis", families: Sequence[tuple[uuid.UUID, str]]
) -> list[bool]:
    """Returns whether families are active, each given by its player and its id. Raises RedisError."""
    # One script, because a pipeline of a thousand commands would block the event loop for 0.1 s.
    keys = [_keys(user_id)[1] for user_id, _ in families]
    names = [family for _, family in families]
    return [
        bool(found) for found in await client.register_script(FIELDS_EXIST)(keys=keys, args=names)
    ]


def families_key(user_id: uuid.UUID) -> str:
    """Returns the key of a hash whose fields are a player's active families, for scripts of other modules."""
    return _keys(user_id)[1]


def revoke(user_id: uuid.UUID, family: str) -> None:
    """Revokes a family with all its tokens. Ignores what is no id of a family. Raises TokensUnavailable."""
    if not FAMILY_PATTERN.fullmatch(family):
        return
    _end_dependents(user_id, family)
    _call(lambda: durable().eval(REVOKE, 2, *_keys(user_id), family))


def revoke_all(user_id: uuid.UUID) -> None:
    """Revokes all families of a player. Raises TokensUnavailable."""
    _end_dependents(user_id, None)
    _call(lambda: durable().delete(*_keys(user_id)))


def list_families(user_id: uuid.UUID) -> list[TokenFamily]:
    """Returns the active families, the newest first. Raises TokensUnavailable."""
    stored: dict[str, str] = _call(lambda: durable().hgetall(_keys(user_id)[1]))
    records = ((family, json.loads(text)) for family, text in stored.items())
    found = [
        TokenFamily(family, record["device"], int(record["since"]), int(record["expires"]))
        for family, record in records
        if record["expires"] > time.time()
    ]
    return sorted(found, key=lambda family: -family.since)


def _issue(user_id: uuid.UUID, ids: TokenIds, *, presented: str, device: str) -> str:
    lifetimes = settings.ACCESS_TOKEN_SECONDS, settings.REFRESH_TOKEN_SECONDS
    values = (ids.family, presented, ids.refresh, ids.access, device[:100], int(time.time()))
    arguments = (*values, *lifetimes, MAX_FAMILIES)
    result: str = _call(lambda: durable().eval(ISSUE, 2, *_keys(user_id), *arguments))
    return result


def _call(command: Callable[[], Any]) -> Any:
    try:
        with CircuitBreaker():
            return command()
    except RedisError as error:
        raise TokensUnavailable from error


def _keys(user_id: uuid.UUID) -> tuple[str, str]:
    return f"session:{user_id}:access_token", f"session:{user_id}:refresh_token"


def _new_id() -> str:
    return uuid.uuid4().hex
