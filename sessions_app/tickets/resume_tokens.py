"""Resume tokens: secrets with which a player who lost the socket gets the seat back.

`welcome` has a token, and the next `hello` may redeem it instead of a ticket. PostgreSQL has its hash, in
the row of the seat, so neither a request nor Redis is needed. A token is bound to the seat and to the
sign-in, and is replaced at each `welcome`. The one before stays valid until the client has sent a message
on the new socket: otherwise a client whose `welcome` was lost would have no valid token.

A token ends with

- the seat: its row is deleted, or `left_at` is set; and with the game (`statements.DELETE_RESUME_TOKENS`);
- the account, or its password: the stamp is compared when the token is redeemed;
- the page session: it is looked up when the token is redeemed;
- the token family: `delete_for_family` is called before it is revoked in Redis.
"""

import secrets
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from accounts.tokens.signing import stamp
from config.kernel.digests import digest
from config.kernel.errors import DomainError
from sessions_app.kernel.protocol import FINAL_ERRORS
from sessions_app.lobby import statements
from sessions_app.lobby.transactions import Statement, Steps
from sessions_app.tickets.tickets import Holder

# Parameters: the game and the hash of a token.
FIND = """
SELECT s.user_id, s.resume_family, s.resume_page, s.resume_stamp, u.is_active, u.times_closed,
    u.password_hash, s.resume_page IS NULL OR EXISTS (SELECT FROM page_sessions AS p
        WHERE p.session_key = s.resume_page AND p.expire_date > statement_timestamp())
FROM session_players AS s JOIN users AS u ON u.id = s.user_id
WHERE s.session_id = %s AND s.left_at IS NULL AND %s IN (s.resume_hash, s.previous_resume_hash)"""
# The lock prevents that a sign-in ends between FIND and WRITE: its token would be replaced by a valid one.
FIND_LOCKED = f"{FIND} FOR NO KEY UPDATE OF s"
WRITE = """
UPDATE session_players SET resume_hash = %s, previous_resume_hash = %s, resume_family = %s, resume_page = %s,
    resume_stamp = %s WHERE session_id = %s AND user_id = %s"""
CONFIRM = """
UPDATE session_players SET previous_resume_hash = NULL
WHERE session_id = %s AND user_id = %s AND connection = %s AND previous_resume_hash IS NOT NULL"""
DELETE = f"""
UPDATE session_players SET {statements.CLEARED_RESUME_COLUMNS}
WHERE resume_hash IS NOT NULL AND user_id = ANY(%s)"""  # noqa: S608 - constants only
DELETE_FOR_FAMILY = f"{DELETE} AND resume_family = %s"
DELETE_FOR_ALL_FAMILIES = f"{DELETE} AND resume_family IS NOT NULL"
DELETE_FOR_SIGN_INS = f"{DELETE} AND (resume_family = ANY(%s) OR resume_page = ANY(%s))"
# The token families of players whose seats have a token, so that they were not revoked.
FIND_UNREVOKED = """
SELECT user_id, resume_family FROM session_players
WHERE user_id = ANY(%s) AND left_at IS NULL AND resume_hash IS NOT NULL"""


def create_token() -> str:
    """Returns a new token."""
    return secrets.token_urlsafe(24)


def find_holder(game_id: UUID, token: str) -> Steps[Holder]:
    """Returns the holder of a valid token. Raises DomainError: `bad_resume`, `suspended`."""
    return (yield from _find_holder(FIND, game_id, digest(token)))


def require_valid(game_id: UUID, holder: Holder) -> Steps[None]:
    """Checks a holder's token again, under the locks of the game and of the seat. Raises DomainError."""
    assert holder.resumed_by
    yield [(statements.LOCK, [game_id])]
    yield from _find_holder(FIND_LOCKED, game_id, holder.resumed_by)


def _find_holder(sql: str, game_id: UUID, hashed: str) -> Steps[Holder]:
    rows = yield [(sql, [game_id, hashed])]
    if not rows:
        raise _final_error("bad_resume")
    [[player_id, family, page, stored_stamp, is_open, times_closed, password, has_page]] = rows
    if not is_open:
        raise _final_error("suspended")
    if not has_page or stored_stamp != stamp(times_closed, password):
        raise _final_error("bad_resume")
    return Holder(player_id, family, page, stored_stamp, resumed_by=hashed)


def write_token(holder: Holder, account_stamp: str, game_id: UUID, token: str) -> Statement:
    """Returns the statement that stores a new token for a holder's seat."""
    values = [digest(token), holder.resumed_by, holder.family, holder.page, account_stamp]
    return WRITE, [*values, game_id, holder.player_id]


def delete_for_family(user_id: UUID, family: str | None) -> None:
    """Deletes the tokens of a token family, or of all families of a player.

    It is called before a family is revoked in Redis, which may be unavailable.
    """
    with connection.cursor() as cursor:
        if family is None:
            cursor.execute(DELETE_FOR_ALL_FAMILIES, [[user_id]])
        else:
            cursor.execute(DELETE_FOR_FAMILY, [[user_id], family])


def delete_for_sign_ins(holders: Sequence[Holder]) -> Statement:
    """Returns the statement that deletes the tokens of sign-ins that have ended."""
    families = [holder.family for holder in holders if holder.family]
    pages = [holder.page for holder in holders if holder.page]
    return DELETE_FOR_SIGN_INS, [[holder.player_id for holder in holders], families, pages]


def _final_error(code: str) -> DomainError:
    return DomainError(code, FINAL_ERRORS[code][1])
