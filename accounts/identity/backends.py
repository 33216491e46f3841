"""The authentication backend."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User


class UsernameOrEmailBackend(ModelBackend):
    """Signs in by username or email address, and password. Pages, admin and API use it."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Returns the account; None for an unknown one or a wrong password.

        A closed account is returned too, so that sign_in.check_credentials can show the reason of a ban to
        everybody who knows the password. `get_user` never returns one, so nobody is signed in.
        """
        if not username or password is None:
            return None
        user: User | None = User.objects.known_as(username).first()
        if user is None:
            User().set_password(
                password
            )  # takes as long as a wrong password, so the time reveals nothing
            return None
        return user if user.check_password(password) else None
