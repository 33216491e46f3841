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
        """The account, or None for an unknown one or a wrong password.

        A closed account is returned too, so that signing_in.check_password can tell the reason to whoever
        knows the password. `get_user` never returns one, so nobody comes in.
        """
        if not username or password is None:
            return None
        user: User | None = User.objects.known_as(username).first()
        if user is None:
            User().set_password(password)  # as slow as a wrong password: the time tells nothing
            return None
        return user if user.check_password(password) else None
