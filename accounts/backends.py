"""Who signs in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User


class UsernameOrEmailBackend(ModelBackend):
    """Name or address, and password. Used by the pages, the admin and the API alike."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The account, or None for an unknown one, a wrong password, or one that is deactivated."""
        if not username or password is None:
            return None
        user: User | None = User.objects.known_as(username).first()
        if user is None:
            User().set_password(password)  # as slow as a wrong password: the time tells nothing
            return None
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
        return None
