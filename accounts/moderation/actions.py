"""Decisions of moderators about players: suspensions, bans, and lifting them.

Each decision requires a reason, and is recorded. A ban closes the account, and ends all its sign-ins. A
suspension forbids to rate or to publish until a date.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.devices import actions as device_actions
from accounts.models import User, UserDecision
from config.kernel.errors import DomainError, InvalidInput
from config.kernel.text import check_text

Action = UserDecision.Action


@dataclass(frozen=True)
class Effect:
    """The column that an action sets in a player's row: to a value, or with `until` to a date."""

    field: str
    until: bool = False
    value: Any = None


EFFECTS = {
    Action.SUSPEND_RATING: Effect("rating_suspended_until", until=True),
    Action.SUSPEND_PUBLISHING: Effect("publishing_suspended_until", until=True),
    Action.LIFT_RATING: Effect("rating_suspended_until"),
    Action.LIFT_PUBLISHING: Effect("publishing_suspended_until"),
    Action.BAN: Effect("is_active", value=False),
    Action.UNBAN: Effect("is_active", value=True),
}


def decide(
    *,
    moderator: User,
    players: QuerySet[User],
    action: Action,
    reason: str,
    until: datetime.datetime | None = None,
) -> list[User]:
    """Decides about players. Returns those whose state changed.

    Skips the moderator, and staff unless the moderator is an administrator. Raises DomainError
    (permission_denied), InvalidInput without a reason, or without a future date if the action needs one.
    """
    if not moderator.has_perm("accounts.deactivate_user"):
        raise DomainError("permission_denied", "Only moderators decide about players.")
    reason, effect = check_text(reason, "reason", "reason"), EFFECTS[action]
    if effect.until and (until is None or until <= timezone.now()):
        raise InvalidInput("invalid_date", "Give a date in the future.", field="until")
    value = until if effect.until else effect.value
    with transaction.atomic():
        affected = players.exclude(pk=moderator.pk).exclude(**{effect.field: value})
        if not moderator.is_superuser:
            affected = affected.filter(is_staff=False, is_superuser=False)
        changed = list(affected.select_for_update(no_key=True))
        rows = players.model.objects.filter(pk__in=[player.pk for player in changed])
        rows.update(**{effect.field: value})
        if action == Action.BAN:
            device_actions.delete_devices(changed)
        UserDecision.objects.bulk_create(
            UserDecision(
                user=player, moderator=moderator, action=action, reason=reason, until=until
            )
            for player in changed
        )
    return changed


def require_not_banned(user: User) -> None:
    """Raises DomainError (banned) for a closed account, with the moderator's reason if there is one."""
    if user.is_active:
        return
    detail = "This account is closed until an administrator opens it again."
    last = user.decisions.filter(action__in=(Action.BAN, Action.UNBAN)).first()
    if last and last.action == Action.BAN:
        when = f"on {last.created_at:%d %B %Y}, until a moderator unbans it"
        detail = f"A moderator has banned this account {when}. The reason: {last.reason}"
    raise DomainError("banned", detail)


def require_not_suspended(user: User, what: str) -> None:
    """Raises DomainError (suspended) while a player is suspended from `what`: "rating" or "publishing"."""
    until: datetime.datetime | None = getattr(user, f"{what}_suspended_until")
    if until and until > timezone.now():
        detail = f"A moderator has suspended you from {what} until {until:%d %B %Y, %H:%M} UTC."
        raise DomainError("suspended", detail)
