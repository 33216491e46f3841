"""Base classes for the admins of models."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
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


class DecisionAdmin(admin.ModelAdmin[Any]):
    """Decides about selected rows on a page of its own. Then the list has its search, filters and page."""

    def selected_rows(self, request: HttpRequest, listed: QuerySet[Any]) -> QuerySet[Any]:
        """Returns the selected rows. `listed` has those of them that the list shows with its filters.

        While the moderator writes a reason, a row may change so that the filters exclude it. It is still one
        of those on the page.
        """
        if request.POST.get("select_across", "0") != "0":
            return listed
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        return self.get_queryset(request).filter(pk__in=selected)

    def decision_context(self, request: HttpRequest) -> dict[str, Any]:
        """Returns the part of the context that all pages of decisions share."""
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            # With the query of the list. Confirming and cancelling lead back to it.
            "list_url": request.get_full_path(),
        }


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
