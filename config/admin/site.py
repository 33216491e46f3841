"""The moderators' and administrators' desk."""

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import urlencode

from config.admin import allowed_queries
from config.http.forms import TextField
from config.http.next_url import next_url
from config.kernel.errors import DomainError


class AdminSite(admin.AdminSite):
    """Django's admin under our name. It has its own sign-in page."""

    site_header = "Tribehold"
    site_title = "Tribehold admin"
    index_title = "Moderation"
    site_url = "/maps/"
    empty_value_display = "–"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register an admin; its list accepts no query parameters but those that it offers."""
        usual = admin_class or admin.ModelAdmin
        facts = {"__module__": usual.__module__, "__doc__": usual.__doc__}
        strict = type(usual.__name__, (allowed_queries.AllowedQueriesMixin, usual), facts)
        super().register(model_or_iterable, strict, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff, who have shown a second factor where the settings ask for one."""
        return super().has_permission(request) and not lacks_second_factor(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The password first; staff who are signed in go on to the second factor."""
        back = next_url(request) or resolve_url("admin:index")
        if super().has_permission(request) and lacks_second_factor(request):
            query = urlencode({REDIRECT_FIELD_NAME: back})
            return HttpResponseRedirect(f"{resolve_url(settings.SECOND_FACTOR_URL)}?{query}")
        for given in ("GET", "POST"):  # Django's view goes by what it reads there
            values = getattr(request, given)
            if REDIRECT_FIELD_NAME in values:
                setattr(request, given, (values := values.copy()))
                values[REDIRECT_FIELD_NAME] = back
        return super().login(request, extra_context)

    def password_change(  # type: ignore[override] # Django shows a form of its own
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """To one's own page: there are limits, a letter, and the end of other sign-ins."""
        return HttpResponseRedirect(resolve_url(settings.ACCOUNT_URL))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Names that begin like this, for the forms that complete them; there is none at present."""
        allowed_queries.check_autocomplete(request, self)
        return super().autocomplete_view(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A view of the desk, with the parameters that it offers.

        Addresses and forms typed by hand that name nothing are refused: no 500.
        """

        def refusing(request: HttpRequest, *given: Any, **named: Any) -> Any:
            allowed_queries.check_page(request, view)
            try:
                if getattr(view, "__name__", "") == "changelist_view":
                    allowed_queries.check_selection(request, view)
                return view(request, *given, **named)
            except (ValidationError, DataError) as error:
                raise BadRequest("This address or form names nothing here.") from error

        return super().admin_view(update_wrapper(refusing, view), cacheable)


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether the settings ask for a second factor that this browser has not shown."""
    return settings.ADMIN_SECOND_FACTOR and not request.user.is_verified()  # type: ignore[union-attr]


class ReasonForm(forms.Form):
    """The reason of a decision; `response_headers` says who will read it."""

    told = ""
    reason = TextField("reason", widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["reason"].help_text = self.told


class ChangedFieldsAdmin(admin.ModelAdmin[Any]):
    """Saves what was changed in the form, and nothing else of the row.

    The rest is as old as the form: stars that came meanwhile, or a ban, would be undone.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a row."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        own = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=own & set(form.changed_data))


class CheckedForm(forms.ModelForm[Any]):
    """A form whose fields obey the rules of players; `checked` has them by field."""

    checked: Mapping[str, Callable[[Any], Any]] = {}

    def clean(self) -> dict[str, Any] | None:
        """Check what was changed; what was there before may be older than a rule."""
        found = super().clean()
        for name in self.checked.keys() & set(self.changed_data) & self.cleaned_data.keys():
            try:
                self.cleaned_data[name] = self.checked[name](self.cleaned_data[name])
            except DomainError as refusal:
                self.add_error(name, refusal.detail)
        return found


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows beside another that are looked at there, and come about elsewhere."""

    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are not typed in."""
        return False

    has_change_permission = has_add_permission
