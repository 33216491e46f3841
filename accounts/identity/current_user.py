"""The signed-in player of a page."""

from django.http import HttpRequest

from accounts.models import User


def current_user(request: HttpRequest) -> User:
    """Returns the signed-in player. Only for views that require one."""
    assert isinstance(request.user, User)
    return request.user
