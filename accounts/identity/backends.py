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

        Closed accounts are returned, too, so that sign_in.check_credentials can show the reason of a ban to
        a client with the password. `get_user` never returns a closed account, so it can't be used.
        """
        if not username or password is None:
            return None
        user: User | None = User.objects.by_username_or_email(username).first()
        if user is None:
            # Takes as long as a wrong password, so that the time does not show whether the account exists.
            User().set_password(password)
            return None
        return user if user.check_password(password) else None
