"""Access tokens that were accepted a while ago, for cached responses.

Each process caches results of `tokens.actions.authorize` until the account changes. The database notifies of
each change, also one made in psql (migration 0003_triggers). Whether a token was ended in the meantime is
checked in Redis each time. A token that is not in the cache is not refused: its request goes through Django.
"""

import asyncio
import time
from uuid import UUID

from django.conf import settings

from accounts.tokens import families
from accounts.tokens.signing import Token
from config.db.notifications import EVERYTHING
from config.redis.batches import CommandBatcher
from config.server.response_cache import ResponseCache

CHANNEL = "accounts"  # of the database's notifications, which have the ids of players
MAX_BYTES = 4 * 1024 * 1024
TOKEN_BYTES = 1500  # of one in the cache, roughly
_tokens: ResponseCache[Token] = ResponseCache(MAX_BYTES, settings.HOT_CACHE_SECONDS)


def generation() -> int:
    """Returns a number to read before a token is looked up, for `remember`."""
    return _tokens.generation


def remember(text: str, token: Token, generation: int) -> None:
    """Stores that a token was accepted, unless an account changed since `generation` was read."""
    _tokens.put(text, token, tag=str(token.user_id), size=TOKEN_BYTES, generation=generation)


def invalidate(user_ids: list[str]) -> None:
    """Removes the tokens of players; those of all players if it is unknown whose changed."""
    if EVERYTHING in user_ids:
        _tokens.enable()
    else:
        _tokens.invalidate(user_ids)


class TokenCache:
    """Finds tokens in the cache, and checks them in Redis. Belongs to one event loop."""

    def __init__(self) -> None:
        self.batches: CommandBatcher[tuple[UUID, str], bool] | None = None

    def find(self, authorization: bytes) -> Token | None:
        """Returns what the token of an `Authorization` header says, if it is cached and has not expired."""
        kind, _, text = authorization.partition(b" ")
        token = _tokens.get(text.decode("latin1")) if kind.lower() == b"bearer" else None
        return token if token and token.expires > time.time() else None

    def is_in_force(self, token: Token) -> "asyncio.Future[bool | None]":
        """Returns whether a token was not ended; None if Redis is away."""
        self.batches = self.batches or CommandBatcher(families.are_in_force)
        return self.batches.put((token.user_id, token.id))

    async def close(self) -> None:
        """Closes the connection to Redis."""
        if self.batches:
            await self.batches.close()
