"""Access tokens that were found good a while ago, for the fast lane.

Each process keeps what `signing_in.authorize` found, until the account changes: the database tells of
that, however it was done (migration 0007). Whether the token was ended meanwhile is asked of Redis each
time. What is not known here is not refused: it goes the ordinary way.
"""

import time
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from accounts.tokens import families
from accounts.tokens.signing import Token
from config.db.notifications import EVERYTHING
from config.redis.batches import CommandBatcher
from config.server.response_cache import ResponseCache

if TYPE_CHECKING:
    import asyncio

CHANNEL = "accounts"  # that the trigger speaks on, with the ids of players
MOST_BYTES = 4 * 1024 * 1024
SIZE = 1500  # bytes of one, roughly
_known: ResponseCache[Token] = ResponseCache(MOST_BYTES, settings.HOT_CACHE_SECONDS)


def generation() -> int:
    """To be taken before a token is looked up, for `remember`."""
    return _known.generation


def remember(token: str, said: Token, generation: int) -> None:
    """Keep that a token was found good, unless an account changed meanwhile."""
    _known.put(token, said, tag=str(said.user_id), size=SIZE, generation=generation)


def forget(user_ids: list[str]) -> None:
    """Forget the tokens of players; of all of them where nobody knows whose, as when listening begins."""
    if EVERYTHING in user_ids:
        _known.wake()
    else:
        _known.forget(user_ids)


class KnownTokens:
    """Asks whether they are in force. For one event loop."""

    def __init__(self) -> None:
        self.batches: CommandBatcher[tuple[UUID, str], bool] | None = None

    def find(self, authorization: bytes) -> Token | None:
        """What the token of an `Authorization` header says, where it is known and has not expired."""
        kind, _, token = authorization.partition(b" ")
        said = _known.get(token.decode("latin1")) if kind.lower() == b"bearer" else None
        return said if said and said.expires > time.time() else None

    def is_in_force(self, said: Token) -> "asyncio.Future[bool | None]":
        """Whether it was not ended; None where that can't be asked."""
        self.batches = self.batches or CommandBatcher(families.are_in_force)
        return self.batches.put((said.user_id, said.id))

    async def close(self) -> None:
        """End what is open."""
        if self.batches:
            await self.batches.close()
