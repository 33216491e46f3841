import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import config.db.functions


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("maps", "0001_initial"),
        ("tribes", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
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
        migrations.CreateModel(
            name="GameSession",
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
                    "status",
                    models.CharField(
                        choices=[
                            ("Lobby", "Lobby"),
                            ("InProgress", "In Progress"),
                            ("Paused", "Paused"),
                            ("Completed", "Completed"),
                            ("Abandoned", "Abandoned"),
                        ],
                        db_comment="Lobby, InProgress, Paused, Completed or Abandoned.",
                        db_default="Lobby",
                        max_length=50,
                    ),
                ),
                (
                    "current_wave",
                    models.IntegerField(db_comment="0 before the first wave.", db_default=0),
                ),
                (
                    "shared_lives",
                    models.IntegerField(db_comment="Lives left to all players.", db_default=20),
                ),
                (
                    "game_state",
                    models.JSONField(
                        blank=True,
                        db_comment="{towers, enemies, resources}, written behind Redis; null an hour after the end.",
                        null=True,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When the lobby was opened.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "completed_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="When the game ended; null while it has not.",
                        null=True,
                    ),
                ),
                (
                    "version",
                    models.BigIntegerField(
                        db_comment="Rises by one with each change of lobby or seats.",
                        db_default=0,
                        editable=False,
                    ),
                ),
                (
                    "changed_in",
                    models.BigIntegerField(
                        db_comment="The transaction of the last change: one raises the version once.",
                        db_default=0,
                        editable=False,
                    ),
                ),
                (
                    "touched_at",
                    models.DateTimeField(
                        db_comment="When a player last did something in the lobby.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(
                        db_comment="Listed for everybody; otherwise one joins by code.",
                        db_default=True,
                    ),
                ),
                (
                    "seat_limit",
                    models.SmallIntegerField(db_comment="How many may sit, 2 to 4.", db_default=4),
                ),
                (
                    "code",
                    models.CharField(
                        blank=True,
                        db_comment="What friends type to join; null once the game is over.",
                        max_length=6,
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "kicked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        db_comment="Players who may not come back.",
                        db_default=[],
                        size=None,
                    ),
                ),
                (
                    "countdown_ends_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="When the game begins; null without a countdown.",
                        null=True,
                    ),
                ),
                (
                    "started_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="When the game began; null while it has not.",
                        null=True,
                    ),
                ),
                (
                    "map_version",
                    models.IntegerField(
                        blank=True,
                        db_comment="The version of the map that is played, from the start on.",
                        null=True,
                    ),
                ),
                (
                    "fence",
                    models.IntegerField(
                        db_comment="The number of the writer of the state; older ones are refused.",
                        db_default=0,
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        db_comment="The map; one with games can be hidden, not deleted.",
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="games",
                        to="maps.gamemap",
                    ),
                ),
            ],
            options={
                "db_table": "game_sessions",
                "db_table_comment": "Games, from lobby to end.",
            },
        ),
        migrations.CreateModel(
            name="SessionPlayer",
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
                ("gold", models.IntegerField(db_comment="Gold in hand.", db_default=500)),
                (
                    "is_host",
                    models.BooleanField(
                        db_comment="True for the one who may start.", db_default=False
                    ),
                ),
                ("is_ready", models.BooleanField(db_comment="Ready to start.", db_default=False)),
                (
                    "is_connected",
                    models.BooleanField(
                        db_comment="False while the socket is lost.", db_default=True
                    ),
                ),
                (
                    "joined_at",
                    models.DateTimeField(
                        db_comment="The longest here is next host.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "connection",
                    models.UUIDField(
                        blank=True,
                        db_comment="The socket that holds the seat; an older one of the player has no say.",
                        editable=False,
                        null=True,
                    ),
                ),
                (
                    "lost_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="Since when nobody is connected; null while somebody is.",
                        null=True,
                    ),
                ),
                (
                    "left_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="When the player left a game that had begun.",
                        null=True,
                    ),
                ),
                (
                    "tribe_config",
                    models.JSONField(
                        blank=True, db_comment="The tribe as it was when the game began.", null=True
                    ),
                ),
                (
                    "server",
                    models.ForeignKey(
                        blank=True,
                        db_comment="The process that has the socket.",
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="seats",
                        to="sessions_app.lobbyserver",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        db_comment="The game.",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seats",
                        to="sessions_app.gamesession",
                    ),
                ),
                (
                    "tribe",
                    models.ForeignKey(
                        db_comment="The tribe brought along; one that has played is kept.",
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="seats",
                        to="tribes.tribe",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="The player.",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seats",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "session_players",
                "db_table_comment": "Seats: who plays in which game, with which tribe.",
            },
        ),
        migrations.AddIndex(
            model_name="gamesession",
            index=models.Index(fields=["map"], name="idx_game_sessions_map_id"),
        ),
        migrations.AddIndex(
            model_name="gamesession",
            index=models.Index(fields=["status"], name="idx_game_sessions_status"),
        ),
        migrations.AddIndex(
            model_name="gamesession",
            index=models.Index(fields=["-created_at"], name="idx_game_sessions_created_at"),
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
                condition=models.Q(
                    ("status__in", ["Lobby", "InProgress", "Paused", "Completed", "Abandoned"])
                ),
                name="status_values",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamesession",
            constraint=models.CheckConstraint(
                condition=models.Q(("seat_limit__range", (2, 4))), name="seat_limit_values"
            ),
        ),
        migrations.AddIndex(
            model_name="sessionplayer",
            index=models.Index(fields=["session"], name="idx_session_players_session_id"),
        ),
        migrations.AddIndex(
            model_name="sessionplayer",
            index=models.Index(fields=["user"], name="idx_session_players_user_id"),
        ),
        migrations.AddConstraint(
            model_name="sessionplayer",
            constraint=models.UniqueConstraint(
                fields=("session", "user"), name="one_seat_per_player"
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionplayer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_host", True)),
                fields=("session",),
                name="one_host_per_session",
            ),
        ),
    ]
