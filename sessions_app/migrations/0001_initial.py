"""Games, the seats of their players, and the processes that hold the sockets."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models
from django.db.models.functions import Now


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
                        primary_key=True,
                        serialize=False,
                        db_default=RandomUUID(),
                        editable=False,
                        db_comment="Random UUID, never reused.",
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        "maps.gamemap",
                        on_delete=models.RESTRICT,
                        related_name="games",
                        db_index=False,
                        db_comment="The map. A map with games can be hidden, but not deleted.",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        max_length=50,
                        choices=[
                            ("Lobby", "Lobby"),
                            ("InProgress", "In Progress"),
                            ("Paused", "Paused"),
                            ("Completed", "Completed"),
                            ("Abandoned", "Abandoned"),
                        ],
                        db_default="Lobby",
                        db_comment="Lobby, InProgress, Paused, Completed or Abandoned.",
                    ),
                ),
                (
                    "current_wave",
                    models.IntegerField(
                        db_default=0, db_comment="Number of the current wave; 0 before the first."
                    ),
                ),
                (
                    "shared_lives",
                    models.IntegerField(
                        db_default=20, db_comment="Remaining lives of all players together."
                    ),
                ),
                (
                    "game_state",
                    models.JSONField(
                        null=True,
                        blank=True,
                        db_comment="{towers, enemies, resources}, copied from Redis. Deleted an hour after the end.",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=Now(), db_comment="When the lobby was opened."),
                ),
                (
                    "completed_at",
                    models.DateTimeField(
                        null=True, blank=True, db_comment="When the game ended; null before."
                    ),
                ),
                (
                    "version",
                    models.BigIntegerField(
                        db_default=0,
                        editable=False,
                        db_comment="Rises by one with each change of lobby or seats. A trigger counts.",
                    ),
                ),
                (
                    "changed_in",
                    models.BigIntegerField(
                        db_default=0,
                        editable=False,
                        db_comment="Transaction of the last change: each raises the version once.",
                    ),
                ),
                (
                    "touched_at",
                    models.DateTimeField(
                        db_default=Now(),
                        db_comment="When a player last did something in the lobby.",
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(
                        db_default=True,
                        db_comment="True: listed for everybody. False: joined by invite code.",
                    ),
                ),
                (
                    "seat_limit",
                    models.SmallIntegerField(
                        db_default=4, db_comment="Greatest number of seats, 2 to 4."
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        max_length=6,
                        null=True,
                        blank=True,
                        unique=True,
                        db_comment="Invite code; null after the end of the game.",
                    ),
                ),
                (
                    "kicked",
                    ArrayField(
                        models.UUIDField(),
                        db_default=[],
                        db_comment="Players whom the host removed. They may not join again.",
                    ),
                ),
                (
                    "countdown_ends_at",
                    models.DateTimeField(
                        null=True,
                        blank=True,
                        db_comment="When the countdown ends and the game begins; null without one.",
                    ),
                ),
                (
                    "started_at",
                    models.DateTimeField(
                        null=True, blank=True, db_comment="When the game began; null before."
                    ),
                ),
                (
                    "map_version",
                    models.IntegerField(
                        null=True,
                        blank=True,
                        db_comment="The played version of the map; null before the start.",
                    ),
                ),
                (
                    "fence",
                    models.IntegerField(
                        db_default=0, db_comment="Fencing token of the newest writer of game_state."
                    ),
                ),
            ],
            options={
                "db_table": "game_sessions",
                "db_table_comment": "Games, from the lobby to the end.",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            status__in=["Lobby", "InProgress", "Paused", "Completed", "Abandoned"]
                        ),
                        name="status_values",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(seat_limit__range=(2, 4)),
                        name="seat_limit_values",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(game_state__stored_size__lte=2 * 1024 * 1024),
                        name="game_state_size",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(kicked__len__lte=1000), name="kicked_size"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["map"], name="idx_game_sessions_map_id"),
                    models.Index(fields=["status"], name="idx_game_sessions_status"),
                    models.Index(fields=["-created_at"], name="idx_game_sessions_created_at"),
                    models.Index(
                        fields=["-created_at", "-id"],
                        condition=models.Q(status="Lobby", is_public=True),
                        name="idx_game_sessions_open",
                    ),
                    # The open games are few among those of years.
                    models.Index(
                        fields=["touched_at"],
                        condition=models.Q(status__in=["Lobby", "InProgress", "Paused"]),
                        name="idx_game_sessions_alive",
                    ),
                    # States that are no longer needed.
                    models.Index(
                        fields=["completed_at"],
                        condition=models.Q(
                            status__in=["Completed", "Abandoned"], game_state__isnull=False
                        ),
                        name="idx_game_sessions_old_states",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LobbyServer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        primary_key=True,
                        serialize=False,
                        editable=False,
                        db_comment="Random UUID, made when the process starts.",
                    ),
                ),
                (
                    "seen_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="Last heartbeat of the process."
                    ),
                ),
            ],
            options={
                "db_table": "lobby_servers",
                "db_table_comment": "Server processes that hold sockets of players.",
            },
        ),
        migrations.CreateModel(
            name="SessionPlayer",
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
                    "session",
                    models.ForeignKey(
                        "sessions_app.gamesession",
                        on_delete=models.CASCADE,
                        related_name="seats",
                        db_index=False,
                        db_comment="The game.",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        on_delete=models.CASCADE,
                        related_name="seats",
                        db_index=False,
                        db_comment="The player.",
                    ),
                ),
                (
                    "tribe",
                    models.ForeignKey(
                        "tribes.tribe",
                        on_delete=models.RESTRICT,
                        related_name="seats",
                        db_comment="The tribe. One with seats can't be deleted.",
                    ),
                ),
                ("gold", models.IntegerField(db_default=500, db_comment="Gold of the player.")),
                ("is_host", models.BooleanField(db_default=False, db_comment="True for the host.")),
                (
                    "is_ready",
                    models.BooleanField(
                        db_default=False, db_comment="True: the player agrees to start."
                    ),
                ),
                (
                    "is_connected",
                    models.BooleanField(
                        db_default=True, db_comment="False while the player has no socket."
                    ),
                ),
                (
                    "joined_at",
                    models.DateTimeField(
                        db_default=Now(),
                        db_comment="When the player joined. The longest in the lobby is the next host.",
                    ),
                ),
                (
                    "connection",
                    models.UUIDField(
                        null=True,
                        blank=True,
                        editable=False,
                        db_comment="The newest socket of the player. Older ones can't change the seat.",
                    ),
                ),
                (
                    "server",
                    models.ForeignKey(
                        "sessions_app.lobbyserver",
                        on_delete=models.SET_NULL,
                        related_name="seats",
                        null=True,
                        blank=True,
                        editable=False,
                        db_comment="The server process that holds the socket.",
                    ),
                ),
                (
                    "lost_at",
                    models.DateTimeField(
                        null=True,
                        blank=True,
                        db_comment="When the connection was lost; null while the player is connected.",
                    ),
                ),
                (
                    "left_at",
                    models.DateTimeField(
                        null=True,
                        blank=True,
                        db_comment="When the player left a game that had begun.",
                    ),
                ),
                (
                    "tribe_config",
                    models.JSONField(
                        null=True, blank=True, db_comment="The tribe as it was when the game began."
                    ),
                ),
            ],
            options={
                "db_table": "session_players",
                "db_table_comment": "Seats: who plays in which game, with which tribe.",
                "constraints": [
                    models.UniqueConstraint(fields=["session", "user"], name="one_seat_per_player"),
                    models.UniqueConstraint(
                        fields=["session"],
                        condition=models.Q(is_host=True),
                        name="one_host_per_session",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["session"], name="idx_session_players_session_id"),
                    models.Index(fields=["user"], name="idx_session_players_user_id"),
                ],
            },
        ),
    ]
