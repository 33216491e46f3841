"""Tickets: one-time secrets that open a socket for a client of the API. They expire after thirty seconds.

Redis holds the hash of a ticket, so that whoever reads Redis can not take another player's seat. A ticket
names the sign-in under which it was created, and the socket ends with that sign-in. A ban or a new password
may come between ticket and socket. So the sign-in is checked again when the ticket is redeemed: its token
family here, the account where the seat is taken (`sign_in_checks.require_signed_in`).
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
from config.redis.clients import CircuitBreaker, durable

if TYPE_CHECKING:
    import redis.asyncio

TICKET_SECONDS = 30
# KEYS: a ticket. Returns its content, and whether its family is in force; nothing for an unknown ticket.
# The key of the family is known only from the ticket, so it can not be declared. This needs a Redis that is
# no cluster.
REDEEM = """
local content = redis.call('GETDEL', KEYS[1])
if not content then return {} end
local facts = cjson.decode(content)
return {content, redis.call('HEXISTS', facts.families, facts.family)}
"""


@dataclass(frozen=True)
class Holder:
    """The player at a socket, and the sign-in: a token family, or the session of a page.

    `page` is the session's key as it is stored, which is not the value of the cookie. `stamp` is the stamp
    of the account (accounts/tokens/signing.py) when the ticket was created. `has_ended` says that the
    family was no longer in force when the ticket was redeemed.
    """

    player_id: UUID
    family: str | None = None
    page: str | None = None
    stamp: str | None = None
    has_ended: bool = False


def create_ticket(token: Token, game_id: UUID) -> str:
    """Returns a ticket for the seat of a token's holder. Raises RateLimitUnavailable without Redis."""
    ticket = secrets.token_urlsafe(24)
    content = orjson.dumps(
        {
            "player": token.user_id,
            "session": game_id,
            "families": families.families_key(token.user_id),
            "family": token.family,
            "stamp": token.stamp,
        }
    )
    try:
        with CircuitBreaker():
            durable().set(_key(ticket), content, ex=TICKET_SECONDS)
    except RedisError as error:
        raise RateLimitUnavailable from error
    return ticket


async def redeem_ticket(client: "redis.asyncio.Redis", ticket: str, game_id: UUID) -> Holder | None:
    """Returns for whom a ticket was created; None for one that was used, has expired, or is for another game.

    The ticket is used up in any case. `sign_in_checks.require_signed_in` says whether the holder is still
    signed in. Raises RedisError.
    """
    found = await client.register_script(REDEEM)(keys=[_key(ticket)])
    if not found:
        return None
    content, is_in_force = found
    facts = orjson.loads(content)
    if facts["session"] != str(game_id):
        return None
    return Holder(
        UUID(facts["player"]),
        family=facts["family"],
        stamp=facts["stamp"],
        has_ended=not is_in_force,
    )


class ReadOnlySession(SessionStore):
    """The session of a page, which is read and never changed.

    Django gives a session with an old secret a new key, and deletes one that is not valid. A socket can not
    send the new key to its browser, which would be signed out.
    """

    key_salt = SessionStore().key_salt  # Django derives it from the name of the class otherwise

    def cycle_key(self) -> None:
        """Does nothing."""

    def flush(self) -> None:
        """Does nothing."""


def find_page_holder(session_key: str) -> Holder | None:
    """Returns the player who is signed in by the session of a page, or None."""
    close_old_connections()
    request = HttpRequest()
    request.session = ReadOnlySession(session_key)
    player = get_user(request)
    if not player.is_authenticated:
        return None
    return Holder(player.pk, page=stored_key(session_key))


def _key(ticket: str) -> str:
    return f"ticket:{digest(ticket)}"
