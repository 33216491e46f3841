"""The hot state of a running game: in Redis at once, in PostgreSQL behind it."""

from uuid import UUID


def begin(session_id: UUID) -> None:
    """Write the state that a game begins with."""
