import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("maps", "0007_collections"),
        ("sessions_app", "0002_seats"),
    ]

    operations = [
        migrations.CreateModel(
            name="LobbyServer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Made at its start.",
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "seen_at",
                    models.DateTimeField(
                        db_comment="When it last said that it lives.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
            ],
            options={
                "db_table": "lobby_servers",
                "db_table_comment": "Processes that hold the sockets of players.",
            },
        ),
        migrations.AddField(
            model_name="gamesession",
            name="changed_in",
            field=models.BigIntegerField(
                db_comment="The transaction of the last change: one raises the version once.",
                db_default=0,
                editable=False,
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="code",
            field=models.CharField(
                blank=True,
                db_comment="What friends type to join; null once the game is over.",
                max_length=6,
                null=True,
                unique=True,
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="countdown_ends_at",
            field=models.DateTimeField(
                blank=True, db_comment="When the game begins; null without a countdown.", null=True
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="fence",
            field=models.IntegerField(
                db_comment="The number of the writer of the state; older ones are refused.",
                db_default=0,
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="is_public",
            field=models.BooleanField(
                db_comment="Listed for everybody; otherwise one joins by code.", db_default=True
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="kicked",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                db_comment="Players who may not come back.",
                db_default=[],
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="map_version",
            field=models.IntegerField(
                blank=True,
                db_comment="The version of the map that is played, from the start on.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="seat_limit",
            field=models.SmallIntegerField(db_comment="How many may sit, 2 to 4.", db_default=4),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="started_at",
            field=models.DateTimeField(
                blank=True, db_comment="When the game began; null while it has not.", null=True
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="touched_at",
            field=models.DateTimeField(
                db_comment="When a player last did something in the lobby.",
                db_default=django.db.models.functions.datetime.Now(),
            ),
        ),
        migrations.AddField(
            model_name="gamesession",
            name="version",
            field=models.BigIntegerField(
                db_comment="Rises by one with each change of lobby or seats.",
                db_default=0,
                editable=False,
            ),
        ),
        migrations.AddField(
            model_name="sessionplayer",
            name="connection",
            field=models.UUIDField(
                blank=True,
                db_comment="The socket that holds the seat; an older one of the player has no say.",
                editable=False,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="sessionplayer",
            name="left_at",
            field=models.DateTimeField(
                blank=True, db_comment="When the player left a game that had begun.", null=True
            ),
        ),
        migrations.AddField(
            model_name="sessionplayer",
            name="lost_at",
            field=models.DateTimeField(
                blank=True,
                db_comment="Since when nobody is connected; null while somebody is.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="sessionplayer",
            name="tribe_config",
            field=models.JSONField(
                blank=True, db_comment="The tribe as it was when the game began.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="gamesession",
            index=models.Index(
                condition=models.Q(("is_public", True), ("status", "Lobby")),
                fields=["-created_at", "-id"],
                name="idx_game_sessions_open",
            ),
        ),
        migrations.AddIndex(
            model_name="gamesession",
            index=models.Index(
                condition=models.Q(("status__in", ["Lobby", "InProgress", "Paused"])),
                fields=["touched_at"],
                name="idx_game_sessions_alive",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamesession",
            constraint=models.CheckConstraint(
                condition=models.Q(("seat_limit__range", (2, 4))), name="seat_limit_values"
            ),
        ),
        migrations.AddField(
            model_name="sessionplayer",
            name="server",
            field=models.ForeignKey(
                blank=True,
                db_comment="The process that has the socket.",
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="seats",
                to="sessions_app.lobbyserver",
            ),
        ),
    ]
