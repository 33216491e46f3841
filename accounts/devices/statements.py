"""SQL about sign-ins, for callers that have a database connection of their own.

Sockets check sign-ins on the event loop, and inside transactions that yield SQL. Neither can use the ORM.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accounts.tokens.signing import stamp

# Takes a list of player ids. Returns a row for each account that is open; see `stamps_by_player`.
FIND_OPEN_ACCOUNTS = """
SELECT id, times_closed, password_hash FROM users WHERE id = ANY(%s) AND is_active"""
# Takes a list of stored session keys (`session_store.stored_key`). Returns those that still exist.
FIND_PAGE_SESSIONS = "SELECT session_key FROM page_sessions WHERE session_key = ANY(%s)"


def stamps_by_player(rows: Iterable[Any]) -> dict[UUID, str]:
    """Returns the stamps of the accounts in the rows of FIND_OPEN_ACCOUNTS.

    A player without a stamp here is banned or erased. One whose stamp differs from that of a token or
    ticket has another password since, or was banned in between.
    """
    return {player_id: stamp(times_closed, password) for player_id, times_closed, password in rows}
