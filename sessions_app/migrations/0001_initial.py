import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import config.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("maps", "0001_initial"),
        ("tribes", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GameSession",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.fields.RandomUUID(),
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
                        db_comment="{towers, enemies, resources}, written behind Redis while a game runs.",
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
            options={"db_table": "game_sessions", "db_table_comment": "Games, from lobby to end."},
        ),
        migrations.CreateModel(
            name="SessionPlayer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.fields.RandomUUID(),
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
        migrations.AddConstraint(
            model_name="gamesession",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["Lobby", "InProgress", "Paused", "Completed", "Abandoned"])
                ),
                name="status_values",
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
