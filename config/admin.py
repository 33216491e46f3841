"""The moderators' and administrators' desk."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from config.reasons import REASON_LENGTH


class AdminSite(admin.AdminSite):
    """Django's admin under our name. It has its own sign-in page."""

    site_header = "Tribehold"
    site_title = "Tribehold admin"
    index_title = "Moderators' desk"
    site_url = "/maps/"
    empty_value_display = "–"


class ReasonForm(forms.Form):
    """The reason of a decision; `told` says who will read it."""

    told = ""
    reason = forms.CharField(
        max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "autofocus": True})
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["reason"].help_text = self.told


class RecordInline(admin.TabularInline[Any, Any]):
    """Rows beside another that are looked at there, and come about elsewhere."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are not typed in."""
        return False

    has_change_permission = has_add_permission
