"""Tickets: what lets a client of the API open a socket. Random, good once, for thirty seconds.

A ticket is kept as its hash, so that whoever reads Redis can't sit down in another's place. It names
the sign-in it was made under: when that ends, so does the socket. Thirty seconds are long enough for a
ban or a new password, so whoever redeems a ticket is looked at anew: the token family here, the account
where the seat is taken (sign_ins.demand_signed_in).
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

from accounts.devices.session_store import SessionStore, stored_key
from accounts.tokens import families
from accounts.tokens.signing import Token
from config.kernel.digests import digest
from config.limits.rate_limits import RateLimitUnavailable
from config.redis.clients import circuit_breaker

if TYPE_CHECKING:
    import redis.asyncio

SECONDS = 30
# KEYS: a ticket. Returns what it holds, and whether its family is in force; nothing for none. The family's
# key is known by the ticket alone, and can't be declared: this needs a Redis that is no cluster, as
# accounts.tokens.families does.
REDEEM = """
local said = redis.call('GETDEL', KEYS[1])
if not said then return {} end
local facts = cjson.decode(said)
return {said, redis.call('HEXISTS', facts.families, facts.family)}
"""


@dataclass(frozen=True)
class Holder:
    """Who is at the other end of a socket, and by which sign-in: a token family or a page's session.

    `page` is the session's key as it is stored, not what the cookie holds.
    `stamp` is that of the account (accounts.tokens.signing) when the ticket was made. `has_ended` says
    that the family was not in force any more when the ticket was redeemed.
    """

    player_id: UUID
    family: str | None = None
    page: str | None = None
    stamp: str | None = None
    has_ended: bool = False


def make(token: Token, session_id: UUID) -> str:
    """A ticket for the seat of a token's holder. Raises RateLimitUnavailable (503) when Redis is away."""
    ticket = secrets.token_urlsafe(24)
    said = orjson.dumps(
        {
            "player": token.user_id,
            "session": session_id,
            "families": families.families_key(token.user_id),
            "family": token.family,
            "stamp": token.stamp,
        }
    )
    try:
        with circuit_breaker() as redis:
            redis.set(_key(ticket), said, ex=SECONDS)
    except RedisError as error:
        raise RateLimitUnavailable from error
    return ticket


async def redeem(client: "redis.asyncio.Redis", ticket: str, session_id: UUID) -> Holder | None:
    """Who a ticket for this session was made for; None for one that is used, late, or for another.

    Whatever it was for, it is used up. Whether the holder is still signed in is for
    `sign_ins.demand_signed_in` to say. Raises RedisError.
    """
    found = await client.register_script(REDEEM)(keys=[_key(ticket)])
    if not found:
        return None
    said, is_in_force = found
    facts = orjson.loads(said)
    if facts["session"] != str(session_id):
        return None
    return Holder(
        UUID(facts["player"]),
        family=facts["family"],
        stamp=facts["stamp"],
        has_ended=not is_in_force,
    )


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
