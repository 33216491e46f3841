"""The table of games."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from config.db.functions import StoredSize
from config.db.models import RandomIdModel
from sessions_app.kernel.limits import MAX_KICKED_PLAYERS, MAX_SEATS, MIN_SEATS
from sessions_app.kernel.statuses import OPEN_STATUSES, OVER_STATUSES, Status, to_values

models.JSONField.register_lookup(StoredSize)
# States have up to 256 KiB of JSON (games/actions.py). As jsonb they are up to six times as large: each `0,`
# of two bytes becomes a number of eight bytes and an entry of four.
MAX_STATE_SIZE = 2 * 1024 * 1024  # bytes of jsonb


class GameSession(RandomIdModel):
    """A game of up to four players on a map, from the lobby to the end.

    `version` counts the committed changes that are visible to players. A trigger counts (migration
    0004_versions), so that changes in psql count, too.
    """

    map = models.ForeignKey(
        "maps.GameMap",
        on_delete=models.RESTRICT,
        related_name="games",
        db_index=False,
        db_comment="The map. A map with games can be hidden, but not deleted.",
    )
    status = models.CharField(
        max_length=50,
        choices=[(status.value, status.label) for status in Status],
        db_default=Status.LOBBY.value,
        db_comment="Lobby, InProgress, Paused, Completed or Abandoned.",
    )
    current_wave = models.IntegerField(
        db_default=0, db_comment="Number of the current wave; 0 before the first."
    )
    shared_lives = models.IntegerField(
        db_default=20, db_comment="Remaining lives of all players together."
    )
    game_state = models.JSONField(
        null=True,
        blank=True,
        db_comment="{towers, enemies, resources}, copied from Redis. Deleted an hour after the end.",
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the lobby was opened.")
    completed_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the game ended; null before."
    )
    version = models.BigIntegerField(
        db_default=0,
        editable=False,
        db_comment="Rises by one with each change of lobby or seats. A trigger counts.",
    )
    changed_in = models.BigIntegerField(
        db_default=0,
        editable=False,
        db_comment="Transaction of the last change: each raises the version once.",
    )
    touched_at = models.DateTimeField(
        db_default=Now(), db_comment="When a player last did something in the lobby."
    )
    is_public = models.BooleanField(
        db_default=True, db_comment="True: listed for everybody. False: joined by invite code."
    )
    seat_limit = models.SmallIntegerField(
        db_default=4, db_comment="Greatest number of seats, 2 to 4."
    )
    code = models.CharField(
        max_length=6,
        null=True,
        blank=True,
        unique=True,
        db_comment="Invite code; null after the end of the game.",
    )
    kicked = ArrayField(
        models.UUIDField(),
        db_default=[],
        db_comment="Players whom the host removed. They may not join again.",
    )
    departed = ArrayField(
        models.UUIDField(),
        db_default=[],
        editable=False,
        db_comment="Players who left by themselves, the newest last. At most a hundred.",
    )
    countdown_ends_at = models.DateTimeField(
        null=True,
        blank=True,
        db_comment="When the countdown ends and the game begins; null without one.",
    )
    started_at = models.DateTimeField(
        null=True, blank=True, db_comment="When the game began; null before."
    )
    map_version = models.IntegerField(
        null=True, blank=True, db_comment="The played version of the map; null before the start."
    )
    fence = models.IntegerField(
        db_default=0, db_comment="Fencing token of the newest writer of game_state."
    )

    class Meta:
        db_table = "game_sessions"
        db_table_comment = "Games, from the lobby to the end."
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
            # Only open games, which are few.
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
