"""Browsers that are signed in."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from accounts.models.users import User


class PageSession(AbstractBaseSession):
    """Django's session of a browser, with its player and device. Visitors have one for messages and forms."""

    session_key = models.CharField(
        max_length=64, primary_key=True, db_comment="SHA-256 of the key in the cookie."
    )
    session_data = models.TextField(db_comment="Data of the session, signed by the site.")
    expire_date = models.DateTimeField(
        db_index=True, db_comment="When the session expires: two weeks after its last change."
    )
    user = models.ForeignKey(
        User,
        null=True,
        on_delete=models.CASCADE,
        related_name="page_sessions",
        db_comment="The signed-in player; null for a visitor.",
    )
    device = models.CharField(
        max_length=100,
        db_default="",
        db_comment="Browser and system at the sign-in, as Chrome on Linux.",
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the session began.")
    objects: ClassVar[Any] = models.Manager()  # Django's manager would store the key, not its hash

    class Meta:
        db_table = "page_sessions"
        db_table_comment = "Sessions of browsers, with or without a signed-in player."

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Returns the store that reads these rows."""
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store
