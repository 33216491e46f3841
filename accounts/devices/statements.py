"""SQL about sign-ins, for callers with their own database connection.

Sockets check sign-ins on the event loop, and in transactions that yield SQL. Neither can use the ORM.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accounts.tokens.signing import stamp

# Parameter: a list of player ids. Returns a row for each open account; see `stamps_by_player`.
FIND_OPEN_ACCOUNTS = """
SELECT id, times_closed, password_hash FROM users WHERE id = ANY(%s) AND is_active"""
# Parameter: a list of hashed session keys (`session_store.hash_session_key`). Returns those that exist.
FIND_PAGE_SESSIONS = "SELECT session_key FROM page_sessions WHERE session_key = ANY(%s)"
DELETE_EXPIRED_PAGE_SESSIONS = "DELETE FROM page_sessions WHERE expire_date < statement_timestamp()"


def stamps_by_player(rows: Iterable[Any]) -> dict[UUID, str]:
    """Returns the stamps of the accounts in the rows of FIND_OPEN_ACCOUNTS.

    A player without a stamp is banned or erased. If the stamp differs from that of a token or ticket, the
    password has changed since, or the player was banned in between.
    """
    return {player_id: stamp(times_closed, password) for player_id, times_closed, password in rows}
