"""Sessions of pages."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Django's sessions in the database, asked only for keys that Django could have made.

    A cookie may hold anything, a NUL character too, which PostgreSQL answers with an error.
    """

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key) and len(key) >= 8 and key.isascii() and key.isalnum()  # type: ignore[arg-type, union-attr]
