"""The table of players."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Collate, Length, Lower, Now
from django.utils import timezone

from accounts.models.usernames import MAX_USERNAME_LENGTH, MIN_USERNAME_LENGTH, UsernameField
from config.db.constraints import ConstrainedModel
from config.db.functions import casefolded, sort_key
from config.db.models import RandomIdModel
from config.kernel.errors import NotFound

MAX_EMAIL_LENGTH = 255
USERNAME_TAKEN: dict[str, Any] = {
    "violation_error_code": "username_taken",
    "violation_error_message": "This name is taken.",
}
EMAIL_TAKEN: dict[str, Any] = {
    "violation_error_code": "email_taken",
    "violation_error_message": "There is an account with this address already.",
}
MODERATORS = "Moderators"  # the name of the group, which a migration creates

models.CharField.register_lookup(Length)
models.CharField.register_lookup(Lower)


def username_key() -> models.Func:
    """Returns the expression of a username without case, hyphens and underscores."""
    return models.Func(
        models.F("username"), function="username_key", output_field=models.TextField()
    )


class UserQuerySet(models.QuerySet["User"]):
    """Selections of players."""

    def active(self) -> "UserQuerySet":
        """Returns the players whose account is open. Only they may sign in and have a public page."""
        return self.filter(is_active=True)

    def by_username_or_email(self, username_or_email: str) -> "UserQuerySet":
        """Returns the account with this username or email address, ignoring case and Unicode form.

        A username never contains an `@`, so there is at most one match.
        """
        if "@" in username_or_email:
            return self.filter(email__same_name=username_or_email)
        return self.filter(username__same_name=username_or_email)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates players and administrators."""

    def create_user(
        self, username: str, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """Creates a player. An account without a password can't be signed in to."""
        user: User = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, email: str, password: str | None = None) -> "User":
        """Creates an administrator."""
        return self.create_user(username, email, password, is_staff=True, is_superuser=True)


class User(RandomIdModel, ConstrainedModel, AbstractBaseUser, PermissionsMixin):
    """A player. Moderators are in the group `Moderators`, administrators are superusers."""

    username = UsernameField(
        max_length=MAX_USERNAME_LENGTH, db_comment="Public name, unique regardless of case."
    )
    email = models.EmailField(
        "e-mail address",
        max_length=MAX_EMAIL_LENGTH,
        db_comment="Confidential: only the player and administrators see it.",
    )
    email_verified_at = models.DateTimeField(
        blank=True, null=True, db_comment="When the player confirmed the address; null before."
    )
    password = models.CharField(
        max_length=255,
        db_column="password_hash",
        db_comment="Argon2 hash of the password. Never sent to anybody.",
    )
    level = models.IntegerField(db_default=1, db_comment="Rises with games played; starts at 1.")
    total_games_played = models.IntegerField(
        db_default=0, db_comment="Number of games that began with this player."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the account was created.")
    last_login = models.DateTimeField(
        blank=True, null=True, db_comment="Last sign-in, by page or API; null before the first."
    )
    privacy_accepted_at = models.DateTimeField(
        blank=True,
        null=True,
        db_comment="When the player accepted the privacy policy; null if staff made it.",
    )
    rating_suspended_until = models.DateTimeField(
        blank=True,
        null=True,
        db_comment="The player may not rate maps before this time; null: allowed.",
    )
    publishing_suspended_until = models.DateTimeField(
        blank=True,
        null=True,
        db_comment="The player may not publish maps before this time; null: allowed.",
    )
    is_active = models.BooleanField(
        default=True,
        db_default=True,
        db_comment="False: the account is closed. Sign-ins and tokens are rejected.",
    )
    times_closed = models.IntegerField(
        default=0,
        db_default=0,
        editable=False,
        db_comment="How often is_active became false. A trigger counts; all sign-ins end.",
    )
    is_staff = models.BooleanField(
        default=False, db_default=False, db_comment="True: may enter the admin."
    )
    is_superuser = models.BooleanField(
        default=False, db_default=False, db_comment="True: an administrator, with all permissions."
    )

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    # What is unique regardless of case is unique.
    implied_constraints = ("idx_users_username", "idx_users_email")
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]
    objects = UserManager()

    class Meta:
        verbose_name = "player"
        db_table = "users"
        db_table_comment = "Players, moderators and administrators."
        indexes = [
            models.Index(fields=["-created_at"], name="idx_users_created_at"),  # the admin's order
            models.Index(sort_key("username"), name="idx_users_sort_key"),
            # By which the search for maps finds authors, and the nearest names.
            models.Index(Collate(username_key(), "C"), name="idx_users_key"),
            GinIndex(OpClass(username_key(), "gin_trgm_ops"), name="idx_users_key_trigrams"),
        ]
        permissions = [("deactivate_user", "Can deactivate and reactivate players")]
        constraints = [
            models.UniqueConstraint(
                fields=["username"], name="idx_users_username", **USERNAME_TAKEN
            ),
            models.UniqueConstraint(
                casefolded("username"), name="idx_users_username_casefold", **USERNAME_TAKEN
            ),
            models.UniqueConstraint(fields=["email"], name="idx_users_email", **EMAIL_TAKEN),
            models.UniqueConstraint(
                casefolded("email"), name="idx_users_email_casefold", **EMAIL_TAKEN
            ),
            models.CheckConstraint(
                condition=models.Q(
                    username__length__gte=MIN_USERNAME_LENGTH,
                    username__length__lte=MAX_USERNAME_LENGTH,
                ),
                name="username_length",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    email__regex=r"^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$"
                ),
                name="email_format",
                violation_error_message="Enter an address like name@example.com.",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def get_session_auth_hash(self) -> str:
        """Returns the hash in page sessions. It changes with the password, and when the account is closed."""
        return f"{super().get_session_auth_hash()}.{self.times_closed}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """Yields the same hash for each previous secret key."""
        for fallback_hash in super().get_session_auth_fallback_hash():
            yield f"{fallback_hash}.{self.times_closed}"

    def mark_email_verified(self) -> bool:
        """Marks the email address as confirmed.

        Returns False if it was confirmed already, or if the account has another address by now.
        """
        unverified = User.objects.filter(pk=self.pk, email=self.email, email_verified_at=None)
        return bool(unverified.update(email_verified_at=timezone.now()))


Viewer = User | AnonymousUser  # the user of a request


def lock_player(player: User) -> None:
    """Locks a player's row until the transaction ends, so that rows which a quota counts can't be added.

    Raises NotFound if the account was erased.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk=player.pk)
    if not rows.values_list("pk", flat=True).first():
        raise NotFound
