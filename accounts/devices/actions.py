"""Where a player is signed in: browsers (page sessions) and game clients (token families)."""

import datetime
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.devices.session_store import hash_session_key
from accounts.models import PageSession, User
from accounts.tokens import families

MAX_BROWSERS = 50  # of a player; private windows count until their session expires
BATCH_SIZE = 1000


@dataclass(frozen=True)
class Device:
    """One device. `key` names it to `sign_out_device`, but can't be used to sign in.

    It has the id of a token family, or the hash of a session key.
    """

    key: str
    name: str
    kind: str
    since: datetime.datetime
    is_current: bool = False


def list_devices(user: User, *, current: str | None) -> list[Device]:
    """Returns a player's devices, the newest first. `current` is this browser's session key.

    Raises TokensUnavailable.
    """
    current_key = hash_session_key(current)
    browsers = [
        Device(
            f"browser:{row.session_key}",
            row.device,
            "browser",
            row.created_at,
            row.session_key == current_key,
        )
        for row in user.page_sessions.filter(expire_date__gt=timezone.now())
    ]
    clients = [
        Device(
            f"client:{family.id}",
            family.device,
            "game client",
            datetime.datetime.fromtimestamp(family.since, datetime.UTC),
        )
        for family in families.list_families(user.pk)
    ]
    return sorted(browsers + clients, key=lambda device: device.since, reverse=True)


def sign_out_device(user: User, key: str) -> None:
    """Signs out one device. Ignores the key of another player's device. Raises TokensUnavailable."""
    kind, _, name = key.partition(":")
    if kind == "client":
        families.revoke(user.pk, name)
        return
    for row in user.page_sessions.all():
        if row.session_key == name:
            row.delete()


def sign_out_all_devices(user_id: uuid.UUID) -> None:
    """Signs out all devices. Raises TokensUnavailable."""
    PageSession.objects.filter(user_id=user_id).delete()
    families.revoke_all(user_id)


def sign_out_other_devices(user: User, *, current: str | None) -> None:
    """Signs out all devices except the browser with this session key. Raises TokensUnavailable."""
    user.page_sessions.exclude(session_key=hash_session_key(current)).delete()
    families.revoke_all(user.pk)


def delete_devices(users: Sequence[User], *, current: str | None = None) -> None:
    """Deletes the devices that a ban or a new password has signed out, except the browser `current`.

    If Redis is unavailable, their token families remain. Their tokens are rejected all the same, because the
    stamp of the account has changed.
    """
    rows = PageSession.objects.filter(user__in=users).exclude(session_key=hash_session_key(current))
    with transaction.atomic():
        rows.delete()
        transaction.on_commit(partial(_revoke_families, [user.pk for user in users]))


def _revoke_families(user_ids: list[uuid.UUID]) -> None:
    with suppress(families.TokensUnavailable):
        for user_id in user_ids:
            families.revoke_all(user_id)


def delete_expired() -> int:
    """Deletes expired sessions, including those of visitors. Returns how many."""
    expired = PageSession.objects.filter(expire_date__lt=timezone.now())
    deleted = 0
    while keys := list(expired.values_list("pk", flat=True)[:BATCH_SIZE]):
        deleted += PageSession.objects.filter(pk__in=keys).delete()[0]
    return deleted


def enforce_browser_limit(user: User) -> None:
    """Signs out the browsers with the oldest sign-ins if there is no space for another one."""
    oldest = PageSession.objects.filter(user=user).order_by("-created_at")[MAX_BROWSERS - 1 :]
    if keys := list(oldest.values_list("pk", flat=True)):
        PageSession.objects.filter(pk__in=keys).delete()
