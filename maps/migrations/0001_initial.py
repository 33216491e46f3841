"""Maps, with the scores, the words and the indexes by which they are found."""

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import TrigramExtension
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models
from django.db.models.functions import Cast, Greatest, Now, Random

PUBLISHED = models.Q(is_public=True, hidden_at__isnull=True)
HAS_PREVIEWS = models.Q(removed_at__isnull=True) & ~models.Q(terrain_hash="")
# The columns that conditions compare. The index of an order includes them, so that it is enough to skip other maps.
COMPARED_COLUMNS = ("rating", "play_count", "terrains", "width", "height")
# The characters between words, in names as in queries.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u0589\u058a\u05be\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe00-\ufe0f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)


def order_index(name, column):
    """Returns an index of published maps by a column, the largest first."""
    return models.Index(
        fields=[f"-{column}", "-id"],
        include=[other for other in COMPARED_COLUMNS if other != column],
        condition=PUBLISHED,
        name=name,
    )


def words(column):
    """Returns the text of a column, with spaces in place of separators."""
    return models.Func(
        models.F(column),
        models.Value(f"[{SEPARATORS}]+"),
        models.Value(" "),
        models.Value("g"),
        function="regexp_replace",
        output_field=models.TextField(),
    )


def as_float(number):
    return Cast(number, models.FloatField())


STARS = as_float(models.F("rating_sum"))
# Eight ratings of three stars are added, so that a few ratings do not lead the list.
TOP_SCORE = (STARS + 24.0) / as_float(models.F("rating_count") + 8)
# Ten times as many points count as much as a week.
POINTS = as_float(models.F("play_count")) + 2 * (STARS - 3.0 * models.F("rating_count"))
LOG_POINTS = models.Func(
    Greatest(POINTS, models.Value(1.0)), function="LOG", output_field=models.FloatField()
)
SECONDS = models.Func(
    models.F("created_at"),
    template="extract(epoch from %(expressions)s at time zone 'UTC')::float8",
    output_field=models.FloatField(),
)
HOT_SCORE = LOG_POINTS + SECONDS / models.Value(604800.0)
SEARCH = SearchVector(words("name"), weight="A", config="english") + SearchVector(
    words("description"), weight="B", config="english"
)


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="GameMap",
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
                    "user",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        verbose_name="author",
                        on_delete=models.CASCADE,
                        related_name="maps",
                        db_index=False,
                        db_comment="The author.",
                    ),
                ),
                (
                    "name",
                    models.CharField(max_length=100, db_comment="3 to 100 characters, not unique."),
                ),
                (
                    "description",
                    models.TextField(
                        blank=True, null=True, db_comment="Plain text; null without one."
                    ),
                ),
                ("width", models.IntegerField(db_comment="Cells from west to east, 20 to 100.")),
                ("height", models.IntegerField(db_comment="Cells from north to south, 20 to 100.")),
                (
                    "terrain_data",
                    models.JSONField(
                        db_comment="[{x, y, terrainType, height, isBlocked}], exactly one for each cell."
                    ),
                ),
                (
                    "terrain_hash",
                    models.CharField(
                        max_length=64,
                        db_default="",
                        editable=False,
                        db_comment="SHA-256 of terrain and points, the name of previews; empty: unknown.",
                    ),
                ),
                ("spawn_point", models.JSONField(db_comment="{x, y}: where enemies enter.")),
                ("goal_point", models.JSONField(db_comment="{x, y}: what players defend.")),
                (
                    "wave_config",
                    models.JSONField(
                        db_comment="{waves: [{waveNumber, enemies: [{type, count, spawnInterval}]}]}."
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(
                        db_default=False, db_comment="True: the author published it."
                    ),
                ),
                (
                    "hidden_at",
                    models.DateTimeField(
                        null=True,
                        blank=True,
                        db_comment="When a moderator hid the map; null while it is not hidden.",
                    ),
                ),
                (
                    "found_valid_at",
                    models.DateTimeField(
                        null=True,
                        editable=False,
                        db_comment="When validation found no fault; null while that is unknown.",
                    ),
                ),
                (
                    "removed_at",
                    models.DateTimeField(
                        null=True,
                        blank=True,
                        editable=False,
                        db_comment="When the author removed a map that has games. Only moderators see it.",
                    ),
                ),
                (
                    "play_count",
                    models.IntegerField(
                        db_default=0, db_comment="Number of games that began on this map."
                    ),
                ),
                (
                    "rating",
                    models.DecimalField(
                        max_digits=3,
                        decimal_places=2,
                        db_default=0,
                        db_comment="Mean of the ratings in stars, 0 without any. A trigger updates it.",
                    ),
                ),
                (
                    "rating_sum",
                    models.IntegerField(
                        db_default=0,
                        db_comment="Sum of the stars of all ratings. A trigger updates it.",
                    ),
                ),
                (
                    "rating_count",
                    models.IntegerField(
                        db_default=0, db_comment="Number of ratings. A trigger updates it."
                    ),
                ),
                (
                    "top_score",
                    models.GeneratedField(
                        expression=TOP_SCORE,
                        output_field=models.FloatField(),
                        db_persist=True,
                        db_comment="Bayesian average of the ratings.",
                    ),
                ),
                (
                    "hot_score",
                    models.GeneratedField(
                        expression=HOT_SCORE,
                        output_field=models.FloatField(),
                        db_persist=True,
                        db_comment="Plays, ratings and age in one number.",
                    ),
                ),
                (
                    "lot",
                    models.FloatField(
                        db_default=Random(),
                        editable=False,
                        db_comment="Random number from 0 to 1, for the random sort order.",
                    ),
                ),
                (
                    "terrains",
                    models.SmallIntegerField(
                        db_default=0,
                        editable=False,
                        db_comment="Sum of its terrains: 1 Grass, 2 Dirt, 4 Stone, 8 Water, 16 Lava.",
                    ),
                ),
                (
                    "document_bytes",
                    models.IntegerField(
                        db_default=0,
                        editable=False,
                        db_comment="Bytes of terrain, waves and points as JSON text. A trigger counts.",
                    ),
                ),
                (
                    "version",
                    models.IntegerField(
                        db_default=1,
                        editable=False,
                        db_comment="Rises by one with each change of the content. A trigger counts.",
                    ),
                ),
                (
                    "search",
                    models.GeneratedField(
                        expression=SEARCH,
                        output_field=SearchVectorField(),
                        db_persist=True,
                        db_comment="Words of name and description, stemmed for full-text search.",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=Now(), db_comment="When the map was created."),
                ),
            ],
            options={
                "db_table": "maps",
                "db_table_comment": "Maps of players, public and private.",
                "verbose_name": "map",
                "permissions": [("moderate_gamemap", "Can hide and restore maps")],
                "constraints": [
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
                            terrain_data__stored_size__lte=2 * 1024 * 1024,
                            wave_config__stored_size__lte=512 * 1024,
                            spawn_point__stored_size__lte=1024,
                            goal_point__stored_size__lte=1024,
                        ),
                        name="map_document_size",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["user"], name="idx_maps_user_id"),
                    models.Index(fields=["is_public"], name="idx_maps_is_public"),
                    models.Index(fields=["-play_count"], name="idx_maps_play_count"),
                    # The order of the admin.
                    models.Index(fields=["-created_at"], name="idx_maps_created_at"),
                    GinIndex(fields=["search"], name="idx_maps_search"),
                    # One for each order: a page is read from the index, never sorted.
                    order_index("idx_maps_hot", "hot_score"),
                    order_index("idx_maps_new", "created_at"),
                    order_index("idx_maps_top", "top_score"),
                    order_index("idx_maps_plays", "play_count"),
                    order_index("idx_maps_random", "lot"),
                    models.Index(fields=["user", "-created_at", "-id"], name="idx_maps_author"),
                    # Finds whether a map still needs a preview.
                    models.Index(
                        fields=["terrain_hash"],
                        condition=HAS_PREVIEWS,
                        name="idx_maps_terrain_hash",
                    ),
                    # For conditions that few maps meet.
                    models.Index(fields=["rating"], condition=PUBLISHED, name="idx_maps_rating"),
                    models.Index(
                        fields=["terrains"], condition=PUBLISHED, name="idx_maps_terrains"
                    ),
                    models.Index(
                        Greatest("width", "height"),
                        condition=PUBLISHED,
                        name="idx_maps_longer_side",
                    ),
                ],
            },
        ),
    ]
