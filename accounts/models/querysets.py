"""How players are looked up and made."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models

if TYPE_CHECKING:
    from accounts.models import User

MODERATORS = "Moderators"  # the name of the group that a migration makes


class UserQuerySet(models.QuerySet["User"]):
    """The vocabulary of players."""

    def active(self) -> "UserQuerySet":
        """Players whose account is not closed: they may sign in, and have a public page."""
        return self.filter(is_active=True)

    def known_as(self, username_or_email: str) -> "UserQuerySet":
        """The account with this name or this address, whatever the case: one at most.

        No name holds an `@`, so that a name never stands for somebody's address.
        """
        wanted = username_or_email.lower()
        if "@" in wanted:
            return self.filter(email__lower=wanted)
        return self.filter(username__lower=wanted)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes players and administrators."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The player with exactly this name. Raises User.DoesNotExist."""
        user: User = self.get(username=username)
        return user

    def create_user(
        self, username: str, email: str, password: str | None = None, **more: Any
    ) -> "User":
        """A new player with a hashed password (or with none, so that nobody can sign in)."""
        user: User = self.model(username=username, email=email, **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, email: str, password: str | None = None) -> "User":
        """A new administrator."""
        return self.create_user(username, email, password, is_staff=True, is_superuser=True)
