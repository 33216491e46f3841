import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models

import accounts.models.usernames
import config.db.functions


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
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        db_comment="Public name, unique whatever its case.",
                        max_length=50,
                        validators=[accounts.models.usernames.validate_username],
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        db_comment="Confidential: shown to its owner and administrators only.",
                        max_length=255,
                        verbose_name="e-mail address",
                    ),
                ),
                (
                    "password",
                    models.CharField(
                        db_column="password_hash",
                        db_comment="Argon2 hash. Never leaves the table.",
                        max_length=255,
                    ),
                ),
                (
                    "level",
                    models.IntegerField(
                        db_comment="Rises with games played; starts at 1.", db_default=1
                    ),
                ),
                (
                    "total_games_played",
                    models.IntegerField(
                        db_comment="Games that began with this player.",
                        db_default=0,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When the account was made.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "last_login",
                    models.DateTimeField(
                        blank=True,
                        db_comment="Last sign-in by page or API; null before the first.",
                        null=True,
                    ),
                ),
                (
                    "privacy_accepted_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="When the privacy policy was agreed to; null for staff-made.",
                        null=True,
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_comment="False: can't sign in, tokens are refused.",
                        db_default=True,
                        default=True,
                    ),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        db_comment="True: may enter the admin.", db_default=False, default=False
                    ),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        db_comment="True: an administrator, who may do everything.",
                        db_default=False,
                        default=False,
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
                "indexes": [models.Index(fields=["-created_at"], name="idx_users_created_at")],
                "db_table_comment": "Players, moderators and administrators.",
                "permissions": [("deactivate_user", "Can deactivate and reactivate players")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("username",),
                        name="idx_users_username",
                        violation_error_code="username_taken",
                        violation_error_message="This name is taken.",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("username"),
                        name="idx_users_username_lower",
                        violation_error_code="username_taken",
                        violation_error_message="This name is taken.",
                    ),
                    models.UniqueConstraint(
                        fields=("email",),
                        name="idx_users_email",
                        violation_error_code="email_taken",
                        violation_error_message="There is an account with this address already.",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        name="idx_users_email_lower",
                        violation_error_code="email_taken",
                        violation_error_message="There is an account with this address already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("username__length__gte", 3), ("username__length__lte", 50)
                        ),
                        name="username_length",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email__regex", "^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\\.)+[A-Za-z]{2,}$")
                        ),
                        name="email_format",
                        violation_error_message="Enter an address like name@example.com.",
                    ),
                ],
            },
        )
    ]
