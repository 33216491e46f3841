"""The table of games."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from config.db.functions import RandomUUID
from sessions_app.kernel.limits import MAX_KICKED_PLAYERS, MAX_SEATS, MIN_SEATS
from sessions_app.kernel.statuses import OPEN_STATUSES, OVER_STATUSES, Status, to_values

# States have up to 256 KiB of JSON (games/actions.py). As jsonb they have up to six times as much: each `0,`
# of two bytes becomes a number of eight bytes and an entry of four.
MAX_STATE_SIZE = 2 * 1024 * 1024  # bytes of jsonb


class GameSession(models.Model):
    """A game of up to four players on a map, from the lobby to the end.

    `version` counts the committed changes of what the players see. A trigger counts (migration 0003), so that
    a change typed in psql counts as well.
    """

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
        choices=[(status.value, status.label) for status in Status],
        db_default=Status.LOBBY.value,
        db_comment="Lobby, InProgress, Paused, Completed or Abandoned.",
    )
    current_wave = models.IntegerField(db_default=0, db_comment="0 before the first wave.")
    shared_lives = models.IntegerField(db_default=20, db_comment="Lives left to all players.")
    game_state = models.JSONField(
        null=True,
        blank=True,
        db_comment="{towers, enemies, resources}, written behind Redis; null an hour after the end.",
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the lobby was opened.")
    completed_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the game ended; null while it has not."
    )
    version = models.BigIntegerField(
        db_default=0, editable=False, db_comment="Rises by one with each change of lobby or seats."
    )
    changed_in = models.BigIntegerField(
        db_default=0,
        editable=False,
        db_comment="The transaction of the last change: one raises the version once.",
    )
    touched_at = models.DateTimeField(
        db_default=Now(), db_comment="When a player last did something in the lobby."
    )
    is_public = models.BooleanField(
        db_default=True, db_comment="Listed for everybody; otherwise one joins by code."
    )
    seat_limit = models.SmallIntegerField(db_default=4, db_comment="How many may sit, 2 to 4.")
    code = models.CharField(
        max_length=6,
        null=True,
        blank=True,
        unique=True,
        db_comment="What friends type to join; null once the game is over.",
    )
    kicked = ArrayField(
        models.UUIDField(), db_default=[], db_comment="Players who may not come back."
    )
    countdown_ends_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the game begins; null without a countdown."
    )
    started_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the game began; null while it has not."
    )
    map_version = models.IntegerField(
        null=True,
        blank=True,
        db_comment="The version of the map that is played, from the start on.",
    )
    fence = models.IntegerField(
        db_default=0, db_comment="The number of the writer of the state; older ones are refused."
    )

    class Meta:
        db_table = "game_sessions"
        db_table_comment = "Games, from lobby to end."
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=to_values(Status)), name="status_values"
            ),
            models.CheckConstraint(
                condition=models.Q(seat_limit__range=(MIN_SEATS, MAX_SEATS)),
                name="seat_limit_values",
            ),
            models.CheckConstraint(
                condition=models.Q(game_state__stored_size__lte=MAX_STATE_SIZE),
                name="game_state_size",
            ),
            models.CheckConstraint(
                condition=models.Q(kicked__len__lte=MAX_KICKED_PLAYERS), name="kicked_size"
            ),
        ]
        indexes = [
            models.Index(fields=["map"], name="idx_game_sessions_map_id"),
            models.Index(fields=["status"], name="idx_game_sessions_status"),
            models.Index(fields=["-created_at"], name="idx_game_sessions_created_at"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=models.Q(status=Status.LOBBY.value, is_public=True),
                name="idx_game_sessions_open",
            ),
            # The open games are few among those of years.
            models.Index(
                fields=["touched_at"],
                condition=models.Q(status__in=to_values(OPEN_STATUSES)),
                name="idx_game_sessions_alive",
            ),
            # States that are no longer needed; see sessions_app/games/write_behind.py.
            models.Index(
                fields=["completed_at"],
                condition=models.Q(status__in=to_values(OVER_STATUSES), game_state__isnull=False),
                name="idx_game_sessions_old_states",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"
