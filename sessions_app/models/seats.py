"""The tables of seats, and of the server processes that hold their sockets."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from config.db.functions import RandomUUID
from sessions_app.models.games import GameSession


class LobbyServer(models.Model):
    """A process that holds sockets. After `seen_at` is too old, it holds none."""

    id = models.UUIDField(primary_key=True, editable=False, db_comment="Made at its start.")
    seen_at = models.DateTimeField(db_default=Now(), db_comment="When it last said that it lives.")

    class Meta:
        db_table = "lobby_servers"
        db_table_comment = "Processes that hold the sockets of players."

    def __str__(self) -> str:
        return str(self.pk)


class SessionPlayer(models.Model):
    """A seat: one player in one game, with one tribe.

    A trigger holds two more rules (migration 0002), because no constraint can: a game has at most as many
    seats as its limit, and a player has a seat in at most one game that is not over. Leaving a lobby
    deletes the row. Leaving a running game keeps it for the history, with `left_at`.
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
    connection = models.UUIDField(
        null=True,
        blank=True,
        editable=False,
        db_comment="The socket that holds the seat; an older one of the player has no say.",
    )
    server = models.ForeignKey(
        LobbyServer,
        on_delete=models.SET_NULL,
        related_name="seats",
        null=True,
        blank=True,
        editable=False,
        db_comment="The process that has the socket.",
    )
    lost_at = models.DateTimeField(
        null=True, blank=True, db_comment="Since when nobody is connected; null while somebody is."
    )
    left_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the player left a game that had begun."
    )
    tribe_config = models.JSONField(
        null=True, blank=True, db_comment="The tribe as it was when the game began."
    )

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
