"""The table of maps."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Greatest, Length, Now, Random
from django.urls import reverse

from config.db.constraints import ConstrainedModel
from config.db.functions import RandomUUID
from maps.drawing.pictures import DRAWING, FORMATS
from maps.models import scores
from maps.models.indexes import order_index, search_expression
from maps.models.querysets import DRAWN, PUBLISHED, GameMapQuerySet

models.CharField.register_lookup(Length)
LARGEST_TERRAIN, LARGEST_WAVES, LARGEST_POINT = 2 * 1024 * 1024, 512 * 1024, 1024  # bytes of jsonb


class GameMap(ConstrainedModel):
    """A map: a grid of terrain, where enemies come from and go to, and the waves they come in."""

    id = models.UUIDField(
        primary_key=True, db_default=RandomUUID(), editable=False, db_comment="Never reused."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="author",
        on_delete=models.CASCADE,
        related_name="maps",
        db_index=False,
        db_comment="The author.",
    )
    name = models.CharField(max_length=100, db_comment="3 to 100 characters; need not be unique.")
    description = models.TextField(blank=True, null=True, db_comment="Plain text for players.")
    width = models.IntegerField(db_comment="Cells from west to east, 20 to 100.")
    height = models.IntegerField(db_comment="Cells from north to south, 20 to 100.")
    terrain_data = models.JSONField(
        db_comment="[{x, y, terrainType, height, isBlocked}], exactly one for each cell."
    )
    terrain_hash = models.CharField(
        max_length=64,
        db_default="",
        editable=False,
        db_comment="SHA-256 of the compact terrain, spawn and goal: names the pictures.",
    )
    spawn_point = models.JSONField(db_comment="{x, y}: where enemies enter.")
    goal_point = models.JSONField(db_comment="{x, y}: what players defend.")
    wave_config = models.JSONField(
        db_comment="{waves: [{waveNumber, enemies: [{type, count, spawnInterval}]}]}."
    )
    is_public = models.BooleanField(
        db_default=False, db_comment="True once the author published it."
    )
    hidden_at = models.DateTimeField(
        null=True, blank=True, db_comment="When a moderator hid it; null while it is not hidden."
    )
    found_valid_at = models.DateTimeField(
        null=True,
        editable=False,
        db_comment="When it was checked and valid; null while that is not known.",
    )
    removed_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        db_comment="When the author removed it, where games keep it; only moderators see it then.",
    )
    play_count = models.IntegerField(db_default=0, db_comment="Games that began on this map.")
    rating = models.DecimalField(
        max_digits=3,
        decimal_places=2,
        db_default=0,
        db_comment="Exact mean of its ratings in stars, kept by a trigger; 0 without any.",
    )
    rating_sum = models.IntegerField(db_default=0, db_comment="Sum of its ratings, by the trigger.")
    rating_count = models.IntegerField(
        db_default=0, db_comment="Number of ratings, by the trigger."
    )
    top_score = models.GeneratedField(
        expression=scores.top_score_expression(),
        output_field=models.FloatField(),
        db_persist=True,
        db_comment="Bayesian average of its stars; see maps/search/ranking.py.",
    )
    hot_score = models.GeneratedField(
        expression=scores.hot_score_expression(),
        output_field=models.FloatField(),
        db_persist=True,
        db_comment="Plays and stars, and how young it is; see maps/search/ranking.py.",
    )
    lot = models.FloatField(
        db_default=Random(), editable=False, db_comment="0 to 1, by chance: the random order."
    )
    terrains = models.SmallIntegerField(
        db_default=0,
        editable=False,
        db_comment="Which terrains it has: the sum of 1 Grass, 2 Dirt, 4 Stone, 8 Water, 16 Lava.",
    )
    document_bytes = models.IntegerField(
        db_default=0,
        editable=False,
        db_comment="Bytes of terrain_data, wave_config and both points as text, by a trigger.",
    )
    version = models.IntegerField(
        db_default=1,
        editable=False,
        db_comment="One more with each change of what the author made, by a trigger.",
    )
    search = models.GeneratedField(
        expression=search_expression(),
        output_field=SearchVectorField(),
        db_persist=True,
        db_comment="Words of name and description, stemmed for full-text search.",
    )
    created_at = models.DateTimeField(db_default=Now(), db_comment="When the map was made.")

    objects = models.Manager.from_queryset(GameMapQuerySet)()

    class Meta:
        db_table = "maps"
        db_table_comment = "Maps that players made, public and private."
        verbose_name = "map"
        permissions = [("moderate_gamemap", "Can hide and restore maps")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(name__length__gte=3, name__length__lte=100),
                name="map_name_length",
            ),
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
            # Far above what a valid map needs: 100 × 100 tiles have 1.1 MB, a hundred full waves 90 KB.
            models.CheckConstraint(
                condition=models.Q(
                    terrain_data__stored_size__lte=LARGEST_TERRAIN,
                    wave_config__stored_size__lte=LARGEST_WAVES,
                    spawn_point__stored_size__lte=LARGEST_POINT,
                    goal_point__stored_size__lte=LARGEST_POINT,
                ),
                name="map_document_size",
            ),
        ]
        indexes = [
            models.Index(fields=["user"], name="idx_maps_user_id"),
            models.Index(fields=["is_public"], name="idx_maps_is_public"),
            models.Index(fields=["-play_count"], name="idx_maps_play_count"),
            models.Index(fields=["-created_at"], name="idx_maps_created_at"),  # the admin's order
            GinIndex(fields=["search"], name="idx_maps_search"),
            # One for each order of the browser: a page is read off the index, never sorted.
            order_index("idx_maps_hot", "hot_score"),
            order_index("idx_maps_new", "created_at"),
            order_index("idx_maps_top", "top_score"),
            order_index("idx_maps_plays", "play_count"),
            order_index("idx_maps_random", "lot"),
            models.Index(fields=["user", "-created_at", "-id"], name="idx_maps_author"),
            # Whether any map still has a picture; see maps.previews.cleanup.
            models.Index(fields=["terrain_hash"], condition=DRAWN, name="idx_maps_terrain_hash"),
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
        """The map's page."""
        return reverse("maps:detail", args=[self.pk])

    @property
    def is_published(self) -> bool:
        """Whether everybody may see it and players may rate it."""
        return self.is_public and self.hidden_at is None

    @property
    def is_playable(self) -> bool:
        """Not hidden, and known to be valid, as all is that is public; also maps.search.sql.PLAYABLE."""
        return self.hidden_at is None and (self.is_public or self.found_valid_at is not None)

    @property
    def card_picture(self) -> str:
        """Address of the small picture."""
        return self._picture("card")

    @property
    def page_picture(self) -> str:
        """Address of the large picture."""
        return self._picture("page")

    @property
    def link_picture(self) -> str:
        """Address of the picture that previews of links show."""
        return self._picture("link")

    @property
    def picture_content(self) -> str:
        """What names its pictures: what is drawn, and by which version of the drawing."""
        return f"{self.terrain_hash or 'unknown'}-{DRAWING}"

    def _picture(self, size: str) -> str:
        return reverse("maps:picture", args=[self.pk, size, self.picture_content, FORMATS[size]])
