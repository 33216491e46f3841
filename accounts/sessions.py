"""Sessions of pages: Django's, in a table that knows whose they are and on what device."""

import datetime
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from accounts.models import PageSession

DEVICE, SINCE = "device", "since"  # under which signing in notes the browser's name and the time


class SessionStore(db.SessionStore):
    """Keeps sessions in PageSession; asks only for keys that Django could have made.

    A cookie may hold anything, a NUL character too, which PostgreSQL answers with an error.
    """

    @classmethod
    def get_model_class(cls) -> type[PageSession]:
        """The model of a session."""
        return PageSession

    def create_model_instance(self, data: dict[str, Any]) -> PageSession:
        """The row of a session's data."""
        row = super().create_model_instance(data)
        assert isinstance(row, PageSession)
        row.user_id = data.get("_auth_user_id")
        row.device = str(data.get(DEVICE, ""))[:100]
        # Each change of a session writes its whole row anew, and must not make it younger.
        since = data.get(SINCE) or timezone.now().timestamp()
        row.created_at = datetime.datetime.fromtimestamp(since, datetime.UTC)
        return row

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()
