"""Closing players' accounts, and opening them again."""

from typing import TYPE_CHECKING

from django.db import transaction

from config.refusals import Refused

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User


def set_active(*, moderator: "User", players: "QuerySet[User]", active: bool) -> list["User"]:
    """Deactivate or reactivate players; answers those whose state changed.

    A deactivated player is signed out everywhere at the next request, by page and by API. Staff are
    left out unless an administrator asks, and nobody deactivates oneself. Raises Refused without the
    permission.
    """
    if not moderator.has_perm("accounts.deactivate_user"):
        raise Refused("permission_denied", "Only moderators deactivate players.", status=403)
    with transaction.atomic():
        reachable = players.filter(is_active=not active).exclude(pk=moderator.pk)
        if not moderator.is_superuser:
            reachable = reachable.filter(is_staff=False, is_superuser=False)
        changed = list(reachable.select_for_update(no_key=True))
        players.model.objects.filter(pk__in=[player.pk for player in changed]).update(
            is_active=active
        )
    return changed
