"""Django's sessions, in a table that also has their player and device.

The table has only the hash of the key in the cookie, so a reader of the table can't sign in.
"""

import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.utils import timezone

from accounts.models import PageSession
from config.kernel.digests import digest

# Keys of the browser's name and of the time of the sign-in (accounts/receivers.py).
DEVICE_KEY, SINCE_KEY = "device", "since"


def hash_session_key(key: str | None) -> str:
    """Returns the `PageSession.session_key` of the key in a cookie; "" for None."""
    return digest(key) if key else ""


class SessionStore(db.SessionStore):
    """Stores sessions in PageSession. Looks up only keys that Django could have generated.

    A cookie may contain anything, including a NUL character, which is an error in PostgreSQL. All methods of
    Django that look up a row by its key, including asynchronous ones, are overridden to use the hash.
    """

    @classmethod
    def get_model_class(cls) -> type[PageSession]:
        """Returns the model of a session."""
        return PageSession

    def create_model_instance(self, data: dict[str, Any]) -> PageSession:
        """Returns the row of a session's data."""
        row = super().create_model_instance(data)
        assert isinstance(row, PageSession)
        row.session_key = hash_session_key(row.session_key)
        row.user_id = data.get("_auth_user_id")
        row.device = str(data.get(DEVICE_KEY, ""))[:100]
        # Django writes the whole row at each change of a session. The beginning must not change.
        since = data.get(SINCE_KEY) or timezone.now().timestamp()
        row.created_at = datetime.datetime.fromtimestamp(since, datetime.UTC)
        return row

    def exists(self, session_key: str) -> bool:
        """Returns whether there is a session with this key."""
        return super().exists(hash_session_key(session_key))

    def delete(self, session_key: str | None = None) -> None:
        """Deletes the session with this key, by default this one."""
        if key := session_key or self.session_key:
            super().delete(hash_session_key(key))

    async def acreate_model_instance(self, data: dict[str, Any]) -> PageSession:
        """Returns the row of a session's data."""
        return await sync_to_async(self.create_model_instance)(data)

    async def aexists(self, session_key: str) -> bool:
        """Returns whether there is a session with this key."""
        return await super().aexists(hash_session_key(session_key))

    async def adelete(self, session_key: str | None = None) -> None:
        """Deletes the session with this key, by default this one."""
        if key := session_key or self.session_key:
            await super().adelete(hash_session_key(key))

    def _get_session_from_db(self) -> PageSession | None:
        rows = PageSession.objects.filter(expire_date__gt=timezone.now())
        row: PageSession | None = rows.filter(
            session_key=hash_session_key(self.session_key)
        ).first()
        if row is None:
            self._session_key = None
        return row

    async def _aget_session_from_db(self) -> PageSession | None:
        return await sync_to_async(self._get_session_from_db)()

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()
