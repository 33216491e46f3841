"""Helpers of the pages of accounts: the signed-in player, and redirects after forms."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import User
from config.http.methods import require_POST
from config.http.next_url import next_url
from config.http.pages import redirect_to_sign_in


def current_user(request: HttpRequest) -> User:
    """Returns the signed-in player. Only for views that require one."""
    assert isinstance(request.user, User)
    return request.user


def account_form_view(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Accepts POST only. A visitor is redirected to the sign-in, and from there to the account page."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request)
        return redirect_to_sign_in(request, reverse("accounts:account"))

    return require_POST(checked)


class NextUrlMixin(RedirectURLMixin):
    """Checks `next` by config.http.next_url, which is stricter than Django's own check."""

    request: HttpRequest

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Returns the checked `next`, or "" for the view's default."""
        return next_url(self.request)
