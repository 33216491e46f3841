"""Games: from the lobby to the last wave, and who sits in them."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from config.fields import RandomUUID


class GameSession(models.Model):
    """One game of two to four players on a map."""

    class Status(models.TextChoices):
        """Where a game is in its life."""

        LOBBY = "Lobby"
        IN_PROGRESS = "InProgress"
        PAUSED = "Paused"
        COMPLETED = "Completed"
        ABANDONED = "Abandoned"

    id = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), editable=False, db_comment="Never reused."
    )
    map = models.ForeignKey(
        "maps.GameMap",
        on_delete=models.RESTRICT,
        related_name="games",
        db_index=False,
        db_comment="The map; one with games can be hidden, not deleted.",
    )
    status = models.CharField(
        max_length=50,
        choices=Status,
        db_default=Status.LOBBY,
        db_comment="Lobby, InProgress, Paused, Completed or Abandoned.",
    )
    current_wave = models.IntegerField(db_default=0, db_comment="0 before the first wave.")
    shared_lives = models.IntegerField(db_default=20, db_comment="Lives left to all players.")
    game_state = models.JSONField(
        null=True,
        blank=True,
        db_comment="{towers, enemies, resources}, written behind Redis while a game runs.",
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the lobby was opened.")
    completed_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the game ended; null while it has not."
    )

    class Meta:
        db_table = "game_sessions"
        db_table_comment = "Games, from lobby to end."
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["Lobby", "InProgress", "Paused", "Completed", "Abandoned"]
                ),
                name="status_values",
            )
        ]
        indexes = [
            models.Index(fields=["map"], name="idx_game_sessions_map_id"),
            models.Index(fields=["status"], name="idx_game_sessions_status"),
            models.Index(fields=["-created_at"], name="idx_game_sessions_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"


class SessionPlayer(models.Model):
    """A seat: one player in one game, with the tribe brought along.

    Two more rules live in a trigger (migration 0002), because no constraint can state them: a game
    has at most four seats, and a player sits in at most one game that is not over.
    """

    id = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), editable=False, db_comment="Never reused."
    )
    session = models.ForeignKey(
        GameSession,
        on_delete=models.CASCADE,
        related_name="seats",
        db_index=False,
        db_comment="The game.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="seats",
        db_index=False,
        db_comment="The player.",
    )
    tribe = models.ForeignKey(
        "tribes.Tribe",
        on_delete=models.RESTRICT,
        related_name="seats",
        db_comment="The tribe brought along; one that has played is kept.",
    )
    gold = models.IntegerField(db_default=500, db_comment="Gold in hand.")
    is_host = models.BooleanField(db_default=False, db_comment="True for the one who may start.")
    is_ready = models.BooleanField(db_default=False, db_comment="Ready to start.")
    is_connected = models.BooleanField(
        db_default=True, db_comment="False while the socket is lost."
    )
    joined_at = models.DateTimeField(db_default=Now(), db_comment="The longest here is next host.")

    class Meta:
        db_table = "session_players"
        db_table_comment = "Seats: who plays in which game, with which tribe."
        constraints = [
            models.UniqueConstraint(fields=["session", "user"], name="one_seat_per_player"),
            models.UniqueConstraint(
                fields=["session"], condition=models.Q(is_host=True), name="one_host_per_session"
            ),
        ]
        indexes = [
            models.Index(fields=["session"], name="idx_session_players_session_id"),
            models.Index(fields=["user"], name="idx_session_players_user_id"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.session_id}"
