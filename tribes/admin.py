"""Tribes, for administrators."""

from django.contrib import admin

from tribes.models import Tribe


@admin.register(Tribe)
class TribeAdmin(admin.ModelAdmin[Tribe]):
    """Players' tribes."""

    list_display = (
        "name",
        "user",
        "archetype",
        "damage_bonus",
        "attack_speed_bonus",
        "range_bonus",
    )
    list_filter = ("archetype",)
    list_select_related = ("user",)
    raw_id_fields = ("user",)
    search_fields = ("user__username",)
    show_full_result_count = False
