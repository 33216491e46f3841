"""The table of players."""

from collections.abc import Iterator
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Length, Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.identity.usernames import USERNAME_MAX, USERNAME_MIN, validate_username
from accounts.models.querysets import UserManager
from config.db.constraints import ConstrainedModel
from config.db.functions import RandomUUID

models.CharField.register_lookup(Length)
models.CharField.register_lookup(Lower)


class User(ConstrainedModel, AbstractBaseUser, PermissionsMixin):
    """A player. Moderators are in the group `Moderators`, administrators are superusers."""

    id = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), editable=False, db_comment="Never reused."
    )
    username = models.CharField(
        max_length=USERNAME_MAX,
        validators=[validate_username],
        db_comment="Public name, unique whatever its case.",
    )
    email = models.EmailField(
        _("e-mail address"),
        max_length=255,
        db_comment="Confidential: shown to its owner and administrators only.",
    )
    email_verified_at = models.DateTimeField(
        blank=True, null=True, db_comment="When its owner proved the address; null while unproved."
    )
    password = models.CharField(
        max_length=255, db_column="password_hash", db_comment="Argon2 hash. Never leaves the table."
    )
    level = models.IntegerField(db_default=1, db_comment="Rises with games played; starts at 1.")
    total_games_played = models.IntegerField(
        db_default=0, db_comment="Games that began with this player."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the account was made.")
    last_login = models.DateTimeField(
        blank=True, null=True, db_comment="Last sign-in by page or API; null before the first."
    )
    privacy_accepted_at = models.DateTimeField(
        blank=True,
        null=True,
        db_comment="When the privacy policy was agreed to; null for staff-made.",
    )
    rating_suspended_until = models.DateTimeField(
        blank=True, null=True, db_comment="May not rate maps before; null: may."
    )
    publishing_suspended_until = models.DateTimeField(
        blank=True, null=True, db_comment="May not publish maps before; null: may."
    )
    is_active = models.BooleanField(
        default=True, db_default=True, db_comment="False: can't sign in, tokens are refused."
    )
    times_closed = models.IntegerField(
        default=0,
        db_default=0,
        editable=False,
        db_comment="How often is_active became false; a trigger counts. Ends all sign-ins.",
    )
    is_staff = models.BooleanField(
        default=False, db_default=False, db_comment="True: may enter the admin."
    )
    is_superuser = models.BooleanField(
        default=False, db_default=False, db_comment="True: an administrator, who may do everything."
    )

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]
    objects = UserManager()

    class Meta:
        db_table = "users"
        db_table_comment = "Players, moderators and administrators."
        indexes = [
            models.Index(fields=["-created_at"], name="idx_users_created_at")  # the admin's order
        ]
        permissions = [("deactivate_user", "Can deactivate and reactivate players")]
        constraints = [
            models.UniqueConstraint(
                fields=["username"],
                name="idx_users_username",
                violation_error_code="username_taken",
                violation_error_message=_("This name is taken."),
            ),
            models.UniqueConstraint(
                Lower("username"),
                name="idx_users_username_lower",
                violation_error_code="username_taken",
                violation_error_message=_("This name is taken."),
            ),
            models.UniqueConstraint(
                fields=["email"],
                name="idx_users_email",
                violation_error_code="email_taken",
                violation_error_message=_("There is an account with this address already."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="idx_users_email_lower",
                violation_error_code="email_taken",
                violation_error_message=_("There is an account with this address already."),
            ),
            models.CheckConstraint(
                condition=models.Q(
                    username__length__gte=USERNAME_MIN, username__length__lte=USERNAME_MAX
                ),
                name="username_length",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    email__regex=r"^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$"
                ),
                name="email_format",
                violation_error_message=_("Enter an address like name@example.com."),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def get_session_auth_hash(self) -> str:
        """What sessions of pages bear: it changes with the password, and when the account is closed."""
        return f"{super().get_session_auth_hash()}.{self.times_closed}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same, by the keys there were before."""
        for by_old_key in super().get_session_auth_fallback_hash():
            yield f"{by_old_key}.{self.times_closed}"

    def prove_address(self) -> bool:
        """Note that this e-mail address is its owner's.

        False where it was proved already, or where the account has another address by now.
        """
        unproved = User.objects.filter(pk=self.pk, email=self.email, email_verified_at=None)
        return bool(unproved.update(email_verified_at=timezone.now()))
