"""Players, the sessions of their browsers, recovery codes of staff, decisions about players."""

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models
from django.db.models.functions import Lower, Now


class Migration(migrations.Migration):
    initial = True

    dependencies = [("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        primary_key=True,
                        serialize=False,
                        db_default=RandomUUID(),
                        editable=False,
                        db_comment="Random UUID, never reused.",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        max_length=50,
                        db_comment="Public name, unique regardless of case.",
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        "e-mail address",
                        max_length=255,
                        db_comment="Confidential: only the player and administrators see it.",
                    ),
                ),
                (
                    "email_verified_at",
                    models.DateTimeField(
                        blank=True,
                        null=True,
                        db_comment="When the player confirmed the address; null before.",
                    ),
                ),
                (
                    "password",
                    models.CharField(
                        max_length=255,
                        db_column="password_hash",
                        db_comment="Argon2 hash of the password. Never sent to anybody.",
                    ),
                ),
                (
                    "level",
                    models.IntegerField(
                        db_default=1, db_comment="Rises with games played; starts at 1."
                    ),
                ),
                (
                    "total_games_played",
                    models.IntegerField(
                        db_default=0, db_comment="Number of games that began with this player."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="When the account was created."
                    ),
                ),
                (
                    "last_login",
                    models.DateTimeField(
                        blank=True,
                        null=True,
                        db_comment="Last sign-in, by page or API; null before the first.",
                    ),
                ),
                (
                    "privacy_accepted_at",
                    models.DateTimeField(
                        blank=True,
                        null=True,
                        db_comment="When the player accepted the privacy policy; null if staff made it.",
                    ),
                ),
                (
                    "rating_suspended_until",
                    models.DateTimeField(
                        blank=True,
                        null=True,
                        db_comment="The player may not rate maps before this time; null: allowed.",
                    ),
                ),
                (
                    "publishing_suspended_until",
                    models.DateTimeField(
                        blank=True,
                        null=True,
                        db_comment="The player may not publish maps before this time; null: allowed.",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        db_default=True,
                        db_comment="False: the account is closed. Sign-ins and tokens are rejected.",
                    ),
                ),
                (
                    "times_closed",
                    models.IntegerField(
                        default=0,
                        db_default=0,
                        editable=False,
                        db_comment="How often is_active became false. A trigger counts; all sign-ins end.",
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False, db_default=False, db_comment="True: may enter the admin."
                    ),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        db_default=False,
                        db_comment="True: an administrator, with all permissions.",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "player",
                "db_table": "users",
                "db_table_comment": "Players, moderators and administrators.",
                "indexes": [
                    # The order of the admin.
                    models.Index(fields=["-created_at"], name="idx_users_created_at"),
                ],
                "permissions": [("deactivate_user", "Can deactivate and reactivate players")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["username"],
                        name="idx_users_username",
                        violation_error_code="username_taken",
                        violation_error_message="This name is taken.",
                    ),
                    models.UniqueConstraint(
                        Lower("username"),
                        name="idx_users_username_lower",
                        violation_error_code="username_taken",
                        violation_error_message="This name is taken.",
                    ),
                    models.UniqueConstraint(
                        fields=["email"],
                        name="idx_users_email",
                        violation_error_code="email_taken",
                        violation_error_message="There is an account with this address already.",
                    ),
                    models.UniqueConstraint(
                        Lower("email"),
                        name="idx_users_email_lower",
                        violation_error_code="email_taken",
                        violation_error_message="There is an account with this address already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            username__length__gte=3,
                            username__length__lte=50,
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
                ],
            },
        ),
        migrations.CreateModel(
            name="PageSession",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                        db_comment="SHA-256 of the key in the cookie.",
                    ),
                ),
                (
                    "session_data",
                    models.TextField(db_comment="Data of the session, signed by the site."),
                ),
                (
                    "expire_date",
                    models.DateTimeField(
                        db_index=True,
                        db_comment="When the session expires: two weeks after its last change.",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        null=True,
                        on_delete=models.CASCADE,
                        related_name="page_sessions",
                        db_comment="The signed-in player; null for a visitor.",
                    ),
                ),
                (
                    "device",
                    models.CharField(
                        max_length=100,
                        db_default="",
                        db_comment="Browser and system at the sign-in, as Chrome on Linux.",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=Now(), db_comment="When the session began."),
                ),
            ],
            options={
                "db_table": "page_sessions",
                "db_table_comment": "Sessions of browsers, with or without a signed-in player.",
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "code_hash",
                    models.CharField(
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                        db_comment="SHA-256 of the code, which has 80 random bits.",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        on_delete=models.CASCADE,
                        related_name="recovery_codes",
                        db_comment="The owner.",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=Now(), db_comment="When the code was created."),
                ),
            ],
            options={
                "db_table": "recovery_codes",
                "db_table_comment": "Unused recovery codes of staff.",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UserDecision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        primary_key=True,
                        serialize=False,
                        db_default=RandomUUID(),
                        editable=False,
                        db_comment="Random UUID, never reused.",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        on_delete=models.CASCADE,
                        related_name="decisions",
                        db_comment="The player.",
                    ),
                ),
                (
                    "moderator",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="user_decisions",
                        db_comment="The moderator; null after that account was deleted.",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        max_length=20,
                        choices=[
                            ("suspend_rating", "suspended from rating"),
                            ("suspend_publishing", "suspended from publishing"),
                            ("lift_rating", "allowed to rate again"),
                            ("lift_publishing", "allowed to publish again"),
                            ("ban", "banned"),
                            ("unban", "unbanned"),
                        ],
                        db_comment="What the moderator decided.",
                    ),
                ),
                ("reason", models.CharField(max_length=500, db_comment="Shown to the player.")),
                (
                    "until",
                    models.DateTimeField(
                        null=True, db_comment="When a suspension ends; null for other decisions."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="When the moderator decided."
                    ),
                ),
            ],
            options={
                "db_table": "user_decisions",
                "db_table_comment": "Decisions of moderators about players, with reasons.",
                "ordering": ["-created_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=~models.Q(reason__regex=r"^\s*$"), name="user_decision_reason"
                    ),
                ],
            },
        ),
    ]
