"""Games: from the lobby to the last wave, and who sits in them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from config.fields import RandomUUID
from sessions_app.lobby import MOST_REMEMBERED

# States have up to 256 KiB of JSON (states.LARGEST). As jsonb they have six times as much at the worst: each
# `0,` of two bytes is a number of eight and an entry of four.
LARGEST_STATE = 2 * 1024 * 1024  # bytes of jsonb


class GameSession(models.Model):
    """One game of two to four players on a map.

    `version` counts the committed changes of what its players see, by a trigger (migration 0003), so
    that a change typed in psql counts too.
    """

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
                condition=models.Q(
                    status__in=["Lobby", "InProgress", "Paused", "Completed", "Abandoned"]
                ),
                name="status_values",
            ),
            models.CheckConstraint(
                condition=models.Q(seat_limit__range=(2, 4)), name="seat_limit_values"
            ),
            models.CheckConstraint(
                condition=models.Q(game_state__stored_size__lte=LARGEST_STATE),
                name="game_state_size",
            ),
            models.CheckConstraint(
                condition=models.Q(kicked__len__lte=MOST_REMEMBERED), name="kicked_size"
            ),
        ]
        indexes = [
            models.Index(fields=["map"], name="idx_game_sessions_map_id"),
            models.Index(fields=["status"], name="idx_game_sessions_status"),
            models.Index(fields=["-created_at"], name="idx_game_sessions_created_at"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=models.Q(status="Lobby", is_public=True),
                name="idx_game_sessions_open",
            ),
            # What players sit in at any moment is few among the games of years.
            models.Index(
                fields=["touched_at"],
                condition=models.Q(status__in=["Lobby", "InProgress", "Paused"]),
                name="idx_game_sessions_alive",
            ),
            # States that are no longer needed; see sessions_app.states.
            models.Index(
                fields=["completed_at"],
                condition=models.Q(status__in=["Completed", "Abandoned"], game_state__isnull=False),
                name="idx_game_sessions_old_states",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"


class LobbyServer(models.Model):
    """A process that holds sockets. One that is no longer seen holds none."""

    id = models.UUIDField(primary_key=True, editable=False, db_comment="Made at its start.")
    seen_at = models.DateTimeField(db_default=Now(), db_comment="When it last said that it lives.")

    class Meta:
        db_table = "lobby_servers"
        db_table_comment = "Processes that hold the sockets of players."

    def __str__(self) -> str:
        return str(self.pk)


class SessionPlayer(models.Model):
    """A seat: one player in one game, with the tribe brought along.

    Two more rules live in a trigger (migration 0002), because no constraint can state them: a game
    has at most as many seats as its limit, and a player sits in at most one game that is not over.
    Who leaves a lobby leaves no row; who leaves a running game is kept for history, with `left_at`.
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


class PlayedMap(models.Model):
    """A version of a map that was played: kept from the start of its first game on, and never changed.

    It stays when the author changes the map, makes it private or removes it. `map_id` is no foreign key,
    so that it would even outlive the map's row. Columns are called as those of `maps` that they copy.
    """

    id = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), editable=False, db_comment="Never reused."
    )
    map_id = models.UUIDField(db_comment="The map.")
    version = models.IntegerField(db_comment="Which version of the map.")
    name = models.CharField(max_length=100, db_comment="The map's name.")
    width = models.IntegerField(db_comment="Cells from west to east.")
    height = models.IntegerField(db_comment="Cells from north to south.")
    terrain_data = models.JSONField(db_comment="As in maps.")
    spawn_point = models.JSONField(db_comment="{x, y}: where enemies enter.")
    goal_point = models.JSONField(db_comment="{x, y}: what players defend.")
    wave_config = models.JSONField(db_comment="As in maps.")
    document_bytes = models.IntegerField(
        db_default=0, editable=False, db_comment="As in maps: counts as its author's."
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When it was first played.")

    class Meta:
        db_table = "played_maps"
        db_table_comment = "Maps as they were when games began on them, one row for each version."
        constraints = [
            models.UniqueConstraint(fields=["map_id", "version"], name="one_row_of_a_version")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"
