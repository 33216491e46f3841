"""What players need to come back: resume tokens, who has left, and the clock of grace periods.

A resume token ends with its sign-in. A ban and a new password change the stamp of the account, and a page
session is looked up, so both are checked when the token is used. Of token families PostgreSQL knows nothing: the
application deletes their tokens before it revokes a family in Redis.
"""

import django.contrib.postgres.fields
import django.db.models.functions.datetime
from django.db import migrations, models

COMMENTS = {
    "resume_hash": "SHA-256 of the token with which the player resumes the seat.",
    "previous_resume_hash": "The token before, until the player has confirmed the new one by a message.",
    "resume_family": "Sign-in of the token: a token family of the API.",
    "resume_page": "Sign-in of the token: a page session, by the hash of its key.",
    "resume_stamp": "Stamp of the account when the token was made. Another one invalidates it.",
}
LENGTHS = {"resume_family": 32, "resume_stamp": 16}


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0004_versions")]

    operations = [
        migrations.CreateModel(
            name="LobbyClock",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        db_comment="Always 1: there is one row.",
                        default=1,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "written_at",
                    models.DateTimeField(
                        db_comment="When a process last wrote its heartbeat.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "available_at",
                    models.DateTimeField(
                        db_comment="When players could last reconnect: Redis responded, too.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
            ],
            options={
                "db_table": "lobby_clock",
                "db_table_comment": "When processes could last do their work. One row.",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_lobby_clock")
                ],
            },
        ),
        migrations.AddField(
            model_name="gamesession",
            name="departed",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                db_comment="Players who left by themselves, the newest last. At most a hundred.",
                db_default=[],
                editable=False,
                size=None,
            ),
        ),
        *[
            migrations.AddField(
                model_name="sessionplayer",
                name=name,
                field=models.CharField(
                    db_comment=comment, editable=False, max_length=LENGTHS.get(name, 64), null=True
                ),
            )
            for name, comment in COMMENTS.items()
        ],
    ]
