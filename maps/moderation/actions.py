"""Decisions of moderators about maps. Each has a reason, which the author sees."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from config.db.lookups import get_or_not_found
from config.kernel.errors import DomainError
from config.kernel.text import check_text
from maps.models import GameMap, MapDecision


def decide(*, moderator: User, map_id: UUID, action: MapDecision.Action, reason: str) -> bool:
    """Hides or restores a map. Returns whether the map changed.

    Raises NotFound for an unknown map; DomainError without the permission or a reason.
    """
    if not moderator.has_perm("maps.moderate_gamemap"):
        raise DomainError("permission_denied", "Only moderators decide about maps.")
    reason = check_text(reason, "reason", "reason")
    with transaction.atomic():
        locked = GameMap.objects.select_for_update(no_key=True, of=("self",)).for_cards()
        game_map = get_or_not_found(locked, pk=map_id)
        if game_map.user.is_staff and not moderator.is_superuser:
            raise DomainError("staff_map", "Only administrators decide about maps of staff.")
        hide = action == MapDecision.Action.HIDE
        if hide == (game_map.hidden_at is not None):
            return False
        game_map.hidden_at = timezone.now() if hide else None
        game_map.save(update_fields=["hidden_at"])
        MapDecision.objects.create(map=game_map, moderator=moderator, action=action, reason=reason)
    return True
