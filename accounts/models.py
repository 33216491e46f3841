"""The people of Tribehold, and the record of what they change."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Length, Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.names import USERNAME_MAX, USERNAME_MIN, validate_username
from accounts.querysets import UserManager
from config.constraints import ConstrainedModel
from config.fields import RandomUUID

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


class UserDecision(models.Model):
    """What a moderator decided about a player, and why. Rows are added, never changed."""

    class Action(models.TextChoices):
        """What was decided."""

        SUSPEND_RATING = "suspend_rating", "suspended from rating"
        SUSPEND_PUBLISHING = "suspend_publishing", "suspended from publishing"
        LIFT_RATING = "lift_rating", "allowed to rate again"
        LIFT_PUBLISHING = "lift_publishing", "allowed to publish again"
        BAN = "ban", "banned"
        UNBAN = "unban", "let in again"

    id = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), editable=False, db_comment="Never reused."
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="decisions", db_comment="The player."
    )
    moderator = models.ForeignKey(
        User,
        null=True,
        on_delete=models.SET_NULL,
        related_name="user_decisions",
        db_comment="Who decided; null once that account is gone.",
    )
    action = models.CharField(max_length=20, choices=Action, db_comment="What was decided.")
    reason = models.CharField(max_length=500, db_comment="Told to the player.")
    until = models.DateTimeField(null=True, db_comment="When a suspension ends.")
    created_at = models.DateTimeField(db_default=Now(), db_comment="When it was decided.")

    class Meta:
        db_table = "user_decisions"
        db_table_comment = "Moderators' decisions about players, with reasons."
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason__regex=r"^\s*$"), name="user_decision_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.reason}"


class PageSession(AbstractBaseSession):
    """A browser that is signed in, or visits with a form in hand. Django's session, with an owner."""

    session_key = models.CharField(
        max_length=64, primary_key=True, db_comment="SHA-256 of what the cookie holds."
    )
    session_data = models.TextField(db_comment="Signed by the site.")
    expire_date = models.DateTimeField(db_index=True, db_comment="Two weeks after the last change.")
    user = models.ForeignKey(
        User,
        null=True,
        on_delete=models.CASCADE,
        related_name="page_sessions",
        db_comment="Who is signed in; null for nobody.",
    )
    device = models.CharField(
        max_length=100, db_default="", db_comment="The browser's own name, at the sign-in."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When it began.")
    objects: ClassVar[Any] = models.Manager()  # Django's own would save a key as it is

    class Meta:
        db_table = "page_sessions"
        db_table_comment = "Browsers that are signed in."

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """The store that reads these rows."""
        from accounts.sessions import SessionStore

        return SessionStore


class RecoveryCode(models.Model):
    """A code that staff enter in place of their authenticator app's. Its row goes when it is used."""

    code_hash = models.CharField(
        max_length=64, primary_key=True, db_comment="SHA-256 of the code, which has 80 random bits."
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="recovery_codes", db_comment="Whose it is."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When it was made.")

    class Meta:
        db_table = "recovery_codes"
        db_table_comment = "Recovery codes of staff that were not used yet."
        default_permissions = ()

    def __str__(self) -> str:
        return f"A recovery code of {self.user}"


class AuditLog(models.Model):
    """One change of one row. The table is partitioned by month; nothing writes it yet."""

    class Action(models.TextChoices):
        """What was done to the row."""

        INSERT = "INSERT"
        UPDATE = "UPDATE"
        DELETE = "DELETE"

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), db_comment="Never reused.")
    table_name = models.CharField(max_length=100, db_comment="The table that was changed.")
    record_id = models.UUIDField(db_comment="Primary key of the row that was changed.")
    action = models.CharField(max_length=10, choices=Action, db_comment="INSERT, UPDATE or DELETE.")
    user_id = models.UUIDField(
        null=True, db_comment="Who acted, as the application told the transaction. No foreign key."
    )
    changed_data = models.JSONField(
        null=True, db_comment="The row, secrets and personal data masked."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When; the partition's key.")

    class Meta:
        db_table = "audit_log"
        db_table_comment = "Who changed what, when. Partitioned by month of created_at."
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["INSERT", "UPDATE", "DELETE"]), name="action_values"
            )
        ]
        indexes = [
            models.Index(fields=["table_name", "record_id"], name="idx_audit_log_table_record"),
            models.Index(fields=["user_id"], name="idx_audit_log_user"),
            models.Index(fields=["created_at"], name="idx_audit_log_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.table_name} {self.record_id}"
