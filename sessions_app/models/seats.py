"""The tables of seats, of the server processes that hold their sockets, and of the clock of both."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from config.db.models import RandomIdModel
from sessions_app.models.games import GameSession


class LobbyServer(models.Model):
    """A process that holds sockets. If `seen_at` is too old, the process has ended."""

    id = models.UUIDField(
        primary_key=True, editable=False, db_comment="Random UUID, made when the process starts."
    )
    seen_at = models.DateTimeField(db_default=Now(), db_comment="Last heartbeat of the process.")

    class Meta:
        db_table = "lobby_servers"
        db_table_comment = "Server processes that hold sockets of players."

    def __str__(self) -> str:
        return str(self.pk)


class LobbyClock(models.Model):
    """The last times at which processes could do their work: one row (sessions_app/live/clock.py).

    While nobody can reconnect, the times stand still, and so do the grace periods of seats.
    """

    id = models.SmallIntegerField(
        primary_key=True, default=1, editable=False, db_comment="Always 1: there is one row."
    )
    written_at = models.DateTimeField(
        db_default=Now(), db_comment="When a process last wrote its heartbeat."
    )
    available_at = models.DateTimeField(
        db_default=Now(), db_comment="When players could last reconnect: Redis responded, too."
    )

    class Meta:
        db_table = "lobby_clock"
        db_table_comment = "When processes could last do their work. One row."
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_lobby_clock")]

    def __str__(self) -> str:
        return f"{self.available_at}"


class SessionPlayer(RandomIdModel):
    """A seat: one player in one game, with one tribe.

    A trigger enforces two more rules (migration 0003_seat_rules), because no constraint can: a game has at
    most as many seats as its limit, and a player has a seat in at most one open game. When a player leaves a
    lobby, the row is deleted. When a player leaves a running game, the row remains, with `left_at`.
    """

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
        db_comment="The tribe. One with seats can't be deleted.",
    )
    gold = models.IntegerField(db_default=500, db_comment="Gold of the player.")
    is_host = models.BooleanField(db_default=False, db_comment="True for the host.")
    is_ready = models.BooleanField(db_default=False, db_comment="True: the player agrees to start.")
    is_connected = models.BooleanField(
        db_default=True, db_comment="False while the player has no socket."
    )
    joined_at = models.DateTimeField(
        db_default=Now(),
        db_comment="When the player joined. The longest in the lobby is the next host.",
    )
    connection = models.UUIDField(
        null=True,
        blank=True,
        editable=False,
        db_comment="The newest socket of the player. Older ones can't change the seat.",
    )
    server = models.ForeignKey(
        LobbyServer,
        on_delete=models.SET_NULL,
        related_name="seats",
        null=True,
        blank=True,
        editable=False,
        db_comment="The server process that holds the socket.",
    )
    lost_at = models.DateTimeField(
        null=True,
        blank=True,
        db_comment="When the connection was lost; null while the player is connected.",
    )
    left_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the player left a game that had begun."
    )
    resume_hash = models.CharField(
        max_length=64,
        null=True,
        editable=False,
        db_comment="SHA-256 of the token with which the player resumes the seat.",
    )
    previous_resume_hash = models.CharField(
        max_length=64,
        null=True,
        editable=False,
        db_comment="The token before, until the player has confirmed the new one by a message.",
    )
    resume_family = models.CharField(
        max_length=32,
        null=True,
        editable=False,
        db_comment="Sign-in of the token: a token family of the API.",
    )
    resume_page = models.CharField(
        max_length=64,
        null=True,
        editable=False,
        db_comment="Sign-in of the token: a page session, by the hash of its key.",
    )
    resume_stamp = models.CharField(
        max_length=16,
        null=True,
        editable=False,
        db_comment="Stamp of the account when the token was made. Another one invalidates it.",
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
