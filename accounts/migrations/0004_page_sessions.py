import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_moderators"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_verified_at",
            field=models.DateTimeField(
                blank=True,
                db_comment="When its owner proved the address; null while unproved.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="PageSession",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        db_comment="SHA-256 of what the cookie holds.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("session_data", models.TextField(db_comment="Signed by the site.")),
                (
                    "expire_date",
                    models.DateTimeField(
                        db_comment="Two weeks after the last change.", db_index=True
                    ),
                ),
                (
                    "device",
                    models.CharField(
                        db_comment="The browser's own name, at the sign-in.",
                        db_default="",
                        max_length=100,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it began.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="Who is signed in; null for nobody.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="page_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "page_sessions",
                "db_table_comment": "Browsers that are signed in.",
            },
        ),
    ]
