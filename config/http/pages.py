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

View = Callable[..., HttpResponse]
# For a page with a form that is sent to the page itself.
require_page_methods = require_http_methods(["GET", "HEAD", "POST"])


def is_htmx(request: HttpRequest) -> bool:
    """Returns whether htmx asks for a part of a page, and not for a page of its history, which is whole."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(details) and not details.history_restore_request


def redirect_to_sign_in(request: HttpRequest, next_url: str) -> HttpResponse:
    """Redirects to the sign-in page, which leads on to `next_url`.

    htmx would follow an ordinary redirect and put the sign-in form into the page, so it gets its own header.
    """
    sign_in = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': next_url})}"
    return HttpResponseClientRedirect(sign_in) if is_htmx(request) else redirect(sign_in)


def require_sign_in(back_to: str = "") -> Callable[[View], View]:
    """Returns a decorator: visitors sign in first, and then go on to a page.

    It is the page with the URL name `back_to`, for the same row, or else the requested one.
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
