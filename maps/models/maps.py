"""The table of maps, and the selections of maps that the application uses."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, Length, Now, Random
from django.urls import reverse

from accounts.models import User, Viewer
from config.db.constraints import ConstrainedModel
from config.db.functions import StoredSize, normal_form_check, sort_key
from config.db.models import RandomIdModel
from maps.drawing.formats import DRAWING_VERSION, FORMATS
from maps.games import game_queries
from maps.models import scores
from maps.models.conditions import HAS_PREVIEWS, LARGE_COLUMNS, PRIVATE_AUTHOR_COLUMNS, PUBLISHED
from maps.models.indexes import order_index

models.CharField.register_lookup(Length)
models.JSONField.register_lookup(StoredSize)
# Sizes as jsonb.
MAX_TERRAIN_BYTES = 2 * 1024 * 1024
MAX_WAVES_BYTES = 512 * 1024
MAX_POINT_BYTES = 1024


def _owned_by(author: User) -> models.Q:
    return models.Q(user=author.pk, removed_at__isnull=True)


class GameMapQuerySet(models.QuerySet["GameMap"]):
    """Selections of maps."""

    def published(self) -> "GameMapQuerySet":
        """Returns the maps that everybody may see."""
        return self.filter(PUBLISHED)

    def visible_to(self, user: Viewer) -> "GameMapQuerySet":
        """Returns published maps and those of the user. Staff with the permission see all maps.

        Players also see the map of the lobby or game in which they have a seat, unless a moderator hid it.
        """
        # Only staff have this permission. Checking it for players would take two queries.
        if user.is_staff and user.has_perm("maps.view_gamemap"):
            return self.all()
        if not user.is_authenticated:
            return self.published()
        seated_maps = RawSQL(game_queries().seated_map_ids, [user.pk])  # noqa: S611 - no text of users
        in_play = models.Q(hidden_at__isnull=True, pk__in=seated_maps)
        return self.filter(PUBLISHED | _owned_by(user) | in_play)

    def playable_by(self, user: Viewer) -> "GameMapQuerySet":
        """Returns published maps and those of the user, also for staff, who see more maps."""
        return (
            self.filter(PUBLISHED | _owned_by(user)) if user.is_authenticated else self.published()
        )

    def owned_by(self, author: User) -> "GameMapQuerySet":
        """Returns the maps of a player, including private and hidden ones, but not removed ones."""
        return self.filter(_owned_by(author))

    def for_cards(self) -> "GameMapQuerySet":
        """Loads the columns of a card, but not the large ones: a terrain has up to a megabyte."""
        return self.select_related("user").defer(*LARGE_COLUMNS, *PRIVATE_AUTHOR_COLUMNS)

    def for_page(self) -> "GameMapQuerySet":
        """Loads the columns of a map's page, including the waves, but not the terrain."""
        return self.select_related("user").defer("terrain_data", "search", *PRIVATE_AUTHOR_COLUMNS)

    def for_previews(self) -> "GameMapQuerySet":
        """Loads what names a preview. What it shows is loaded when it is drawn."""
        return self.defer("terrain_data", "wave_config", "search")


class GameMap(RandomIdModel, ConstrainedModel):
    """A map: a grid of terrain, spawn point, goal point and waves."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="author",
        on_delete=models.CASCADE,
        related_name="maps",
        db_index=False,
        db_comment="The author.",
    )
    name = models.CharField(max_length=100, db_comment="3 to 100 characters, not unique.")
    description = models.TextField(
        blank=True, null=True, db_comment="Plain text; null without one."
    )
    width = models.IntegerField(db_comment="Cells from west to east, 20 to 100.")
    height = models.IntegerField(db_comment="Cells from north to south, 20 to 100.")
    terrain_data = models.JSONField(
        db_comment="[{x, y, terrainType, height, isBlocked}], exactly one for each cell."
    )
    terrain_hash = models.CharField(
        max_length=64,
        db_default="",
        editable=False,
        db_comment="SHA-256 of terrain and points, the name of previews; empty: unknown.",
    )
    spawn_point = models.JSONField(db_comment="{x, y}: where enemies enter.")
    goal_point = models.JSONField(db_comment="{x, y}: what players defend.")
    wave_config = models.JSONField(
        db_comment="{waves: [{waveNumber, enemies: [{type, count, spawnInterval}]}]}."
    )
    is_public = models.BooleanField(db_default=False, db_comment="True: the author published it.")
    hidden_at = models.DateTimeField(
        null=True,
        blank=True,
        db_comment="When a moderator hid the map; null while it is not hidden.",
    )
    found_valid_at = models.DateTimeField(
        null=True,
        editable=False,
        db_comment="When validation found no fault; null while that is unknown.",
    )
    removed_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        db_comment="When the author removed a map that has games. Only moderators see it.",
    )
    play_count = models.IntegerField(
        db_default=0, db_comment="Number of games that began on this map."
    )
    rating = models.DecimalField(
        max_digits=3,
        decimal_places=2,
        db_default=0,
        db_comment="Mean of the ratings in stars, 0 without any. A trigger updates it.",
    )
    rating_sum = models.IntegerField(
        db_default=0, db_comment="Sum of the stars of all ratings. A trigger updates it."
    )
    rating_count = models.IntegerField(
        db_default=0, db_comment="Number of ratings. A trigger updates it."
    )
    top_score = models.GeneratedField(
        expression=scores.top_score_expression(),
        output_field=models.FloatField(),
        db_persist=True,
        db_comment="Bayesian average of the ratings.",
    )
    hot_score = models.GeneratedField(
        expression=scores.hot_score_expression(),
        output_field=models.FloatField(),
        db_persist=True,
        db_comment="Plays, ratings and age in one number.",
    )
    lot = models.FloatField(
        db_default=Random(),
        editable=False,
        db_comment="Random number from 0 to 1, for the random sort order.",
    )
    terrains = models.SmallIntegerField(
        db_default=0,
        editable=False,
        db_comment="Sum of its terrains: 1 Grass, 2 Dirt, 4 Stone, 8 Water, 16 Lava.",
    )
    document_bytes = models.IntegerField(
        db_default=0,
        editable=False,
        db_comment="Bytes of terrain, waves and points as JSON text. A trigger counts.",
    )
    version = models.IntegerField(
        db_default=1,
        editable=False,
        db_comment="Rises by one with each change of the content. A trigger counts.",
    )
    search = SearchVectorField(
        null=True,
        editable=False,
        db_comment="Words of name and description, as a search finds them. A trigger sets it.",
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the map was created.")

    objects = models.Manager.from_queryset(GameMapQuerySet)()

    class Meta:
        db_table = "maps"
        db_table_comment = "Maps of players, public and private."
        verbose_name = "map"
        permissions = [("moderate_gamemap", "Can hide and restore maps")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(name__length__gte=3, name__length__lte=100),
                name="map_name_length",
            ),
            normal_form_check("map_normal_form", "name", "description"),
            models.CheckConstraint(
                condition=models.Q(width__range=(20, 100), height__range=(20, 100)),
                name="map_dimensions",
            ),
            models.CheckConstraint(
                condition=models.Q(removed_at__isnull=True) | models.Q(is_public=False),
                name="removed_maps_are_private",
            ),
            models.CheckConstraint(
                condition=models.Q(rating__gte=0, rating__lte=5), name="rating_range"
            ),
            # Far above the size of a valid map: 100 × 100 tiles have 1.1 MB, a hundred full waves 90 KB.
            models.CheckConstraint(
                condition=models.Q(
                    terrain_data__stored_size__lte=MAX_TERRAIN_BYTES,
                    wave_config__stored_size__lte=MAX_WAVES_BYTES,
                    spawn_point__stored_size__lte=MAX_POINT_BYTES,
                    goal_point__stored_size__lte=MAX_POINT_BYTES,
                ),
                name="map_document_size",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="idx_maps_user_id"),
            models.Index(fields=["is_public"], name="idx_maps_is_public"),
            models.Index(fields=["-play_count"], name="idx_maps_play_count"),
            models.Index(fields=["-created_at"], name="idx_maps_created_at"),  # the admin's order
            models.Index(sort_key("name"), name="idx_maps_sort_key"),
            GinIndex(fields=["search"], name="idx_maps_search"),
            # One for each order, so that pages are read from the index without sorting.
            order_index("idx_maps_hot", "hot_score"),
            order_index("idx_maps_new", "created_at"),
            order_index("idx_maps_top", "top_score"),
            order_index("idx_maps_plays", "play_count"),
            order_index("idx_maps_random", "lot"),
            models.Index(fields=["user", "-created_at", "-id"], name="idx_maps_author"),
            # Finds whether a map still needs a preview; see maps.previews.cleanup.
            models.Index(
                fields=["terrain_hash"], condition=HAS_PREVIEWS, name="idx_maps_terrain_hash"
            ),
            # For conditions that few maps meet.
            models.Index(fields=["rating"], condition=PUBLISHED, name="idx_maps_rating"),
            models.Index(fields=["terrains"], condition=PUBLISHED, name="idx_maps_terrains"),
            models.Index(
                Greatest("width", "height"), condition=PUBLISHED, name="idx_maps_longer_side"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Returns the address of the map's page."""
        return reverse("maps:detail", args=[self.pk])

    @property
    def is_published(self) -> bool:
        """Whether everybody may see the map, and players may rate it."""
        return self.is_public and self.hidden_at is None

    @property
    def is_playable(self) -> bool:
        """Whether the map is not hidden, and known to be valid; public maps always are.

        The same as maps.search.conditions.PLAYABLE.
        """
        return self.hidden_at is None and (self.is_public or self.found_valid_at is not None)

    @property
    def card_picture(self) -> str:
        """The address of the small picture."""
        return self._picture("card")

    @property
    def page_picture(self) -> str:
        """The address of the large picture."""
        return self._picture("page")

    @property
    def link_picture(self) -> str:
        """The address of the picture that link previews show."""
        return self._picture("link")

    @property
    def picture_content(self) -> str:
        """The key of its pictures: the terrain hash, and the version of the drawing code."""
        return f"{self.terrain_hash or 'unknown'}-{DRAWING_VERSION}"

    def _picture(self, size: str) -> str:
        return reverse("maps:picture", args=[self.pk, size, self.picture_content, FORMATS[size]])
