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
        max_length=64, primary_key=True, db_comment="SHA-256 of what the cookie holds."
    )
    session_data = models.TextField(db_comment="Signed by the site.")
    expire_date = models.DateTimeField(db_index=True, db_comment="Two weeks after the last change.")
    user = models.ForeignKey(
        User,
        null=True,
        on_delete=models.CASCADE,
        related_name="page_sessions",
        db_comment="Who is signed in; null for nobody.",
    )
    device = models.CharField(
        max_length=100, db_default="", db_comment="The browser's own name, at the sign-in."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When it began.")
    objects: ClassVar[Any] = (
        models.Manager()
    )  # Django's own would save the key itself, not its hash

    class Meta:
        db_table = "page_sessions"
        db_table_comment = "Browsers that are signed in."

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Returns the store that reads these rows."""
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store
