"""Conditions on maps that querysets, indexes and the admin share, and columns that lists do not load."""

from django.db import models

PUBLISHED = models.Q(is_public=True, hidden_at__isnull=True)
HAS_PREVIEWS = models.Q(removed_at__isnull=True) & ~models.Q(terrain_hash="")
LARGE_COLUMNS = ("terrain_data", "wave_config", "spawn_point", "goal_point", "search")
PRIVATE_AUTHOR_COLUMNS = (
    "user__password",
    "user__email",
    "user__last_login",
    "user__email_verified_at",
    "user__privacy_accepted_at",
)
