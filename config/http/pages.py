"""Helpers of views that show pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from config.http.forms import ErrorCatcher
from config.http.methods import require_http_methods
from config.http.stale_forms import has_typed_text, list_values

View = Callable[..., HttpResponse]
# For a page with a form that is sent to the page itself.
require_page_methods = require_http_methods(["GET", "HEAD", "POST"])


def is_htmx(request: HttpRequest) -> bool:
    """Returns whether htmx requests a part of a page. For its history, it requests complete pages."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(details) and not details.history_restore_request


def redirect_to_sign_in(request: HttpRequest, next_url: str) -> HttpResponse:
    """Redirects to the sign-in page, which then redirects to `next_url`.

    A form with text is not lost: it is shown, to be sent after the sign-in. htmx gets a header of its own,
    because it would insert the target of an ordinary redirect into the page.
    """
    if request.method == "POST" and not is_htmx(request) and has_typed_text(request.POST):
        return list_values(request, request.POST, is_signed_out=True)
    sign_in = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': next_url})}"
    return HttpResponseClientRedirect(sign_in) if is_htmx(request) else redirect(sign_in)


def require_sign_in(back_to: str = "") -> Callable[[View], View]:
    """Returns a decorator that redirects visitors to the sign-in page.

    After that, they see the page with the URL name `back_to` and the same arguments, or else the requested
    page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return view(request, **arguments)
            page = reverse(back_to, kwargs=arguments) if back_to else request.get_full_path()
            return redirect_to_sign_in(request, page)

        return checked

    return decorate


def show_error(request: HttpRequest) -> ErrorCatcher:
    """Catches the domain error of a `with` block, and shows it on the next page."""
    return ErrorCatcher(lambda error: messages.error(request, error.detail))
