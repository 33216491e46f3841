"""Where a player is signed in: browsers (sessions of pages) and game clients (token families)."""

import datetime
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.devices.session_store import stored_key
from accounts.models import PageSession
from accounts.tokens import families

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Place:
    """One device; `key` names it to `end` and lets nobody in: a family's id, a session key's hash."""

    key: str
    name: str
    kind: str
    since: datetime.datetime
    current: bool = False


def of(user: "User", *, current: str | None) -> list[Place]:
    """A player's devices, the newest first; `current` is this browser's session key.

    Raises CannotCheck when Redis is away.
    """
    own = stored_key(current)
    browsers = [
        Place(
            f"browser:{row.session_key}",
            row.device,
            "browser",
            row.created_at,
            row.session_key == own,
        )
        for row in user.page_sessions.filter(expire_date__gt=timezone.now())
    ]
    clients = [
        Place(f"client:{d.family}", d.device, "game client", _time(d.since))
        for d in families.devices(user.pk)
    ]
    return sorted(browsers + clients, key=lambda place: place.since, reverse=True)


def end(user: "User", key: str) -> None:
    """Sign out on one device; nothing happens for one that is not the player's. Raises CannotCheck."""
    kind, _, name = key.partition(":")
    if kind == "client":
        families.end(user.pk, name)
    else:
        for row in user.page_sessions.all():
            if row.session_key == name:
                row.delete()


def end_all(user_id: uuid.UUID) -> None:
    """Sign out everywhere. Raises CannotCheck."""
    PageSession.objects.filter(user_id=user_id).delete()
    families.end_all(user_id)


def end_others(user: "User", *, current: str | None) -> None:
    """Sign out everywhere but in this browser. Raises CannotCheck."""
    user.page_sessions.exclude(session_key=stored_key(current)).delete()
    families.end_all(user.pk)


def clear(users: "Sequence[User]", *, current: str | None = None) -> None:
    """Strike out sign-ins that a ban or a new password has ended, but for this browser's.

    Their stamps and hashes are those of before, so they let nobody in, also where Redis is away and keeps
    their families.
    """
    rows = PageSession.objects.filter(user__in=users).exclude(session_key=stored_key(current))
    with transaction.atomic():
        rows.delete()
        transaction.on_commit(partial(_end_families, [user.pk for user in users]))


def _end_families(user_ids: list[uuid.UUID]) -> None:
    with suppress(families.CannotCheck):
        for user_id in user_ids:
            families.end_all(user_id)


def _time(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
