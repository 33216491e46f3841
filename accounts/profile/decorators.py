"""Decorators of views that the account page's forms are sent to."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from config.http.methods import require_POST


def account_form(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Accepts only POST. A player who was signed out meanwhile signs in, then gets to the account page."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request)
        return redirect_to_login(reverse("accounts:account"))

    return require_POST(checked)
