import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import config.db.functions


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_page_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="publishing_suspended_until",
            field=models.DateTimeField(
                blank=True, db_comment="May not publish maps before; null: may.", null=True
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="rating_suspended_until",
            field=models.DateTimeField(
                blank=True, db_comment="May not rate maps before; null: may.", null=True
            ),
        ),
        migrations.CreateModel(
            name="UserDecision",
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
                    "action",
                    models.CharField(
                        choices=[
                            ("suspend_rating", "suspended from rating"),
                            ("suspend_publishing", "suspended from publishing"),
                            ("lift_rating", "allowed to rate again"),
                            ("lift_publishing", "allowed to publish again"),
                            ("ban", "banned"),
                            ("unban", "unbanned"),
                        ],
                        db_comment="What was decided.",
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(db_comment="Told to the player.", max_length=500)),
                ("until", models.DateTimeField(db_comment="When a suspension ends.", null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it was decided.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "moderator",
                    models.ForeignKey(
                        db_comment="Who decided; null once that account is gone.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="user_decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="The player.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "user_decisions",
                "db_table_comment": "Moderators' decisions about players, with reasons.",
                "ordering": ["-created_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "^\\s*$"), _negated=True),
                        name="user_decision_reason",
                    )
                ],
            },
        ),
    ]
