"""Tribes, for administrators."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from config.admin.forms import CheckedForm
from config.admin.options import ChangedFieldsAdmin
from config.db.functions import sort_key
from tribes import config_cache
from tribes.actions import CHECKS
from tribes.models import Tribe


class TribeAdminForm(CheckedForm):
    """A tribe, with the same rules as for players."""

    checks = CHECKS


@admin.register(Tribe)
class TribeAdmin(ChangedFieldsAdmin):
    """The tribes of players."""

    form = TribeAdminForm
    list_display = (
        "label",
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

    @admin.display(description="name", ordering=sort_key("name"))
    def label(self, tribe: Tribe) -> str:
        """Returns the name, by which the list is sorted as people sort names."""
        return tribe.name

    def save_model(self, request: HttpRequest, obj: Tribe, form: Any, change: bool) -> None:
        """Saves a tribe and invalidates its cached config."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            config_cache.invalidate_after_commit([obj.pk])

    def delete_model(self, request: HttpRequest, obj: Tribe) -> None:
        """Deletes a tribe and invalidates its cached config."""
        with transaction.atomic():
            # Before the deletion, which clears the key.
            config_cache.invalidate_after_commit([obj.pk])
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tribe]) -> None:
        """Deletes the chosen tribes and invalidates their cached configs."""
        with transaction.atomic():
            config_cache.invalidate_after_commit(queryset.values_list("pk", flat=True))
            super().delete_queryset(request, queryset)
