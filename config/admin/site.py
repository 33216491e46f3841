"""The admin site for moderators and administrators."""

from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import urlencode

from config.admin import allowed_queries
from config.http.next_url import next_url
from config.http.stale_forms import has_typed_text, list_values


class AdminSite(admin.AdminSite):
    """Django's admin with our name, a second factor, and lists that accept only the queries they offer."""

    site_header = "Tribehold"
    site_title = "Tribehold admin"
    index_title = "Moderation"
    site_url = "/maps/"
    empty_value_display = "–"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Registers a ModelAdmin whose list accepts only the query parameters that it offers."""
        base = admin_class or admin.ModelAdmin
        attributes = {"__module__": base.__module__, "__doc__": base.__doc__}
        checked = type(base.__name__, (allowed_queries.AllowedQueriesMixin, base), attributes)
        super().register(model_or_iterable, checked, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Returns whether the user is staff, and used a second factor if the settings require one."""
        return super().has_permission(request) and not lacks_second_factor(request)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Shows the sign-in form. Redirects staff who are signed in to the second factor, or to `next`."""
        target = next_url(request) or resolve_url("admin:index")
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(target)
        if super().has_permission(request) and lacks_second_factor(request):
            query = urlencode({REDIRECT_FIELD_NAME: target})
            return HttpResponseRedirect(f"{resolve_url(settings.SECOND_FACTOR_URL)}?{query}")
        for method in ("GET", "POST"):  # Django's view reads the target there
            values = getattr(request, method)
            if REDIRECT_FIELD_NAME in values:
                setattr(request, method, (values := values.copy()))
                values[REDIRECT_FIELD_NAME] = target
        return super().login(request, extra_context)

    def password_change(  # type: ignore[override] # Django shows a form of its own
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirects to the account page, which limits attempts, sends an email and ends other sessions."""
        return HttpResponseRedirect(resolve_url(settings.ACCOUNT_URL))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Returns suggestions for a field. At present no form has such a field."""
        allowed_queries.check_autocomplete(request, self)
        return super().autocomplete_view(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Returns a view of the admin that accepts only the parameters it offers.

        A malformed URL or form gets a 400, not a 500. A form of staff who are signed out by now is not lost.
        """

        def checked(request: HttpRequest, *arguments: Any, **options: Any) -> Any:
            allowed_queries.check_page(request, view)
            try:
                if getattr(view, "__name__", "") == "changelist_view":
                    allowed_queries.check_selection(request, view)
                return view(request, *arguments, **options)
            except (ValidationError, DataError) as error:
                raise BadRequest("This URL or form is malformed.") from error

        guarded = super().admin_view(update_wrapper(checked, view), cacheable)

        def kept(request: HttpRequest, *arguments: Any, **options: Any) -> Any:
            is_refused = request.method == "POST" and not self.has_permission(request)
            if is_refused and has_typed_text(request.POST):
                return list_values(request, request.POST, is_signed_out=True)
            return guarded(request, *arguments, **options)

        return update_wrapper(kept, guarded)


def lacks_second_factor(request: HttpRequest) -> bool:
    """Returns whether the settings require a second factor that was not used in this session."""
    return settings.ADMIN_SECOND_FACTOR and not request.user.is_verified()  # type: ignore[union-attr]
