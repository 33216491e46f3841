"""Tickets: one-time secrets that open a socket for a client of the API. They expire after thirty seconds.

Redis has only the hash of a ticket, so that a reader of Redis can't take another player's seat. A ticket
has the sign-in with which it was created, and the socket is closed when that sign-in ends. A ban or a new
password may come between ticket and socket. So the sign-in is checked again when the ticket is redeemed: the
token family in this module, the account when the seat is taken (`sign_in_checks.require_signed_in`).
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

from accounts.devices.session_store import SessionStore, hash_session_key
from accounts.tokens import families
from accounts.tokens.signing import Token
from config.kernel.digests import digest
from config.limits.rate_limits import RateLimitUnavailable
from config.redis.clients import CircuitBreaker, durable

if TYPE_CHECKING:
    import redis.asyncio

TICKET_SECONDS = 30
# KEYS: a ticket. Returns its content, and whether its family is active; nothing for an unknown ticket. The
# key of the family is in the ticket, so it can't be declared. This does not work with Redis Cluster.
REDEEM = """
local content = redis.call('GETDEL', KEYS[1])
if not content then return {} end
local fields = cjson.decode(content)
return {content, redis.call('HEXISTS', fields.families, fields.family)}
"""


@dataclass(frozen=True)
class Holder:
    """The player of a socket, and the sign-in: a token family, or a page session.

    `page` is the hash of the session's key. `stamp` is the stamp of the account (accounts/tokens/signing.py)
    when the ticket was created. `has_ended` says that the family was not active when the ticket was redeemed.
    `resumed_by` is the hash of a resume token (sessions_app/tickets/resume_tokens.py); None for a ticket or
    a page session.
    """

    player_id: UUID
    family: str | None = None
    page: str | None = None
    stamp: str | None = None
    has_ended: bool = False
    resumed_by: str | None = None


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
    """Returns the holder of a ticket; None for one that was used, has expired, or is for another game.

    In all cases the ticket is deleted. `sign_in_checks.require_signed_in` checks whether the holder is still
    signed in. Raises RedisError.
    """
    found = await client.register_script(REDEEM)(keys=[_key(ticket)])
    if not found:
        return None
    content, is_active = found
    fields = orjson.loads(content)
    if fields["session"] != str(game_id):
        return None
    return Holder(
        UUID(fields["player"]),
        family=fields["family"],
        stamp=fields["stamp"],
        has_ended=not is_active,
    )


class ReadOnlySession(SessionStore):
    """A page session that is read and never changed.

    Django replaces the key of a session that was signed with an old secret, and deletes an invalid session. A
    socket can't send a new key to its browser, which would be signed out.
    """

    key_salt = SessionStore().key_salt  # Django derives it from the name of the class otherwise

    def cycle_key(self) -> None:
        """Does nothing."""

    def flush(self) -> None:
        """Does nothing."""


def find_page_holder(session_key: str) -> Holder | None:
    """Returns the player who is signed in by a page session, or None."""
    close_old_connections()
    request = HttpRequest()
    request.session = ReadOnlySession(session_key)
    player = get_user(request)
    if not player.is_authenticated:
        return None
    return Holder(player.pk, page=hash_session_key(session_key))


def _key(ticket: str) -> str:
    return f"ticket:{digest(ticket)}"
