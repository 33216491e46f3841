"""Games, for administrators."""

from django.contrib import admin
from django.http import HttpRequest

from config.admin.options import ReadOnlyInline
from sessions_app.models import GameSession, SessionPlayer


class SeatInline(ReadOnlyInline):
    """The seats of a game."""

    model = SessionPlayer
    fields = readonly_fields = ("user", "tribe", "gold", "is_host", "is_ready", "is_connected")
    verbose_name_plural = "seats"


@admin.register(GameSession)
class GameSessionAdmin(admin.ModelAdmin[GameSession]):
    """Games, read-only."""

    list_display = ("map", "status", "current_wave", "shared_lives", "created_at", "completed_at")
    list_filter = ("status",)
    list_select_related = ("map",)
    fields = readonly_fields = list_display
    inlines = (SeatInline,)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Returns False, because only players create lobbies."""
        return False
