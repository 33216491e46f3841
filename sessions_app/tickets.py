"""Tickets: what lets a client of the API open a socket. Random, good once, for thirty seconds.

A ticket is kept as its hash, so that whoever reads Redis can't sit down in another's place. It names
the sign-in it was made under: when that ends, so does the socket.
"""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest
from redis.exceptions import RedisError

from accounts.sessions import SessionStore, stored_key
from config.digests import digest
from config.limits import CannotCount
from config.redis import unless_away

if TYPE_CHECKING:
    import redis.asyncio

SECONDS = 30


@dataclass(frozen=True)
class Holder:
    """Who is at the other end of a socket, and by which sign-in: a token family or a page's session.

    `page` is the session's key as it is stored, not what the cookie holds.
    """

    player_id: UUID
    family: str | None = None
    page: str | None = None


def make(player_id: UUID, session_id: UUID, family: str) -> str:
    """A ticket for a player's seat. Raises CannotCount (503) when Redis is away."""
    ticket = secrets.token_urlsafe(24)
    said = orjson.dumps({"player": player_id, "session": session_id, "family": family})
    try:
        with unless_away() as redis:
            redis.set(_key(ticket), said, ex=SECONDS)
    except RedisError as error:
        raise CannotCount from error
    return ticket


async def redeem(client: "redis.asyncio.Redis", ticket: str, session_id: UUID) -> Holder | None:
    """Who a ticket for this session was made for; None for one that is used, late, or for another.

    Whatever it was for, it is used up. Raises RedisError.
    """
    said = await client.getdel(_key(ticket))
    if not said:
        return None
    facts = orjson.loads(said)
    if facts["session"] != str(session_id):
        return None
    return Holder(UUID(facts["player"]), family=facts["family"])


class Glance(SessionStore):
    """The session of a page, only looked at.

    Where its secret is that of before, Django gives it a new key, and ends one that is not good. A socket
    can't send the new key to its browser, which would be signed out by that.
    """

    key_salt = SessionStore().key_salt  # else Django makes it of the name of the class

    def cycle_key(self) -> None:
        """Leave it as it is."""

    def flush(self) -> None:
        """Leave it as it is."""


def holder_of_page(key: str) -> Holder | None:
    """Who is signed in by the session of a page; None for nobody."""
    close_old_connections()
    request = HttpRequest()
    request.session = Glance(key)
    player = get_user(request)
    return Holder(player.pk, page=stored_key(key)) if player.is_authenticated else None


def _key(ticket: str) -> str:
    return f"ticket:{digest(ticket)}"
