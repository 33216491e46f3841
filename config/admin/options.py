"""Base classes for the admins of models."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


class ChangedFieldsAdmin(admin.ModelAdmin[Any]):
    """Saves only the fields that were changed in the form.

    Saving the others would undo changes since the form was loaded, such as ratings or a ban.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Saves a row."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        own = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=own & set(form.changed_data))


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Related rows, which can't be changed."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Returns False."""
        return False

    has_change_permission = has_add_permission


class DecisionInline(ReadOnlyInline):
    """Earlier decisions of moderators about a row."""

    verbose_name_plural = "decisions"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Returns the decisions with their moderators, which saves a query for each row."""
        return super().get_queryset(request).select_related("moderator")
