import django.contrib.postgres.indexes
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.math
import django.db.models.functions.text
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models

import config.db.functions
import maps.models.scores

# What parts words, in names and in searches (maps/search/language.py); as it stood when this was written.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u0589\u058a\u05be\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe00-\ufe0f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)


def words(column: str) -> models.Func:
    """A text of which but words are left."""
    separators, space, everywhere = (models.Value(text) for text in (f"[{SEPARATORS}]+", " ", "g"))
    return models.Func(
        models.F(column),
        separators,
        space,
        everywhere,
        function="regexp_replace",
        output_field=models.TextField(),
    )


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="GameMap",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        db_comment="3 to 100 characters; need not be unique.", max_length=100
                    ),
                ),
                (
                    "description",
                    models.TextField(blank=True, db_comment="Plain text for players.", null=True),
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
                        db_comment="SHA-256 of the compact terrain, spawn and goal: names the pictures.",
                        db_default="",
                        editable=False,
                        max_length=64,
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
                        db_comment="True once the author published it.", db_default=False
                    ),
                ),
                (
                    "hidden_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="When a moderator hid it; null while it is not hidden.",
                        null=True,
                    ),
                ),
                (
                    "found_valid_at",
                    models.DateTimeField(
                        db_comment="When it was checked and valid; null while that is not known.",
                        editable=False,
                        null=True,
                    ),
                ),
                (
                    "removed_at",
                    models.DateTimeField(
                        blank=True,
                        db_comment="When the author removed it, where games keep it; only moderators see it then.",
                        editable=False,
                        null=True,
                    ),
                ),
                (
                    "play_count",
                    models.IntegerField(db_comment="Games that began on this map.", db_default=0),
                ),
                (
                    "rating",
                    models.DecimalField(
                        db_comment="Exact mean of its ratings in stars, kept by a trigger; 0 without any.",
                        db_default=0,
                        decimal_places=2,
                        max_digits=3,
                    ),
                ),
                (
                    "rating_sum",
                    models.IntegerField(
                        db_comment="Sum of its ratings, by the trigger.", db_default=0
                    ),
                ),
                (
                    "rating_count",
                    models.IntegerField(
                        db_comment="Number of ratings, by the trigger.", db_default=0
                    ),
                ),
                (
                    "top_score",
                    models.GeneratedField(
                        db_comment="Bayesian average of its stars; see maps/search/ranking.py.",
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.functions.comparison.Cast(
                                    models.F("rating_sum"), models.FloatField()
                                ),
                                "+",
                                models.Value(24.0),
                            ),
                            "/",
                            django.db.models.functions.comparison.Cast(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("rating_count"), "+", models.Value(8)
                                ),
                                models.FloatField(),
                            ),
                        ),
                        output_field=models.FloatField(),
                    ),
                ),
                (
                    "hot_score",
                    models.GeneratedField(
                        db_comment="Plays and stars, and how young it is; see maps/search/ranking.py.",
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            maps.models.scores.Log10(
                                django.db.models.functions.comparison.Greatest(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.functions.comparison.Cast(
                                            models.F("play_count"), models.FloatField()
                                        ),
                                        "+",
                                        django.db.models.expressions.CombinedExpression(
                                            models.Value(2),
                                            "*",
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.functions.comparison.Cast(
                                                    models.F("rating_sum"), models.FloatField()
                                                ),
                                                "-",
                                                django.db.models.expressions.CombinedExpression(
                                                    models.Value(3.0), "*", models.F("rating_count")
                                                ),
                                            ),
                                        ),
                                    ),
                                    models.Value(1.0),
                                )
                            ),
                            "+",
                            django.db.models.expressions.CombinedExpression(
                                maps.models.scores.Epoch(models.F("created_at")),
                                "/",
                                models.Value(604800.0),
                            ),
                        ),
                        output_field=models.FloatField(),
                    ),
                ),
                (
                    "lot",
                    models.FloatField(
                        db_comment="0 to 1, by chance: the random order.",
                        db_default=django.db.models.functions.math.Random(),
                        editable=False,
                    ),
                ),
                (
                    "terrains",
                    models.SmallIntegerField(
                        db_comment="Which terrains it has: the sum of 1 Grass, 2 Dirt, 4 Stone, 8 Water, 16 Lava.",
                        db_default=0,
                        editable=False,
                    ),
                ),
                (
                    "version",
                    models.IntegerField(
                        db_comment="One more with each change of what the author made, by a trigger.",
                        db_default=1,
                        editable=False,
                    ),
                ),
                (
                    "search",
                    models.GeneratedField(
                        db_comment="Words of name and description, stemmed for full-text search.",
                        db_persist=True,
                        expression=SearchVector(words("name"), weight="A", config="english")
                        + SearchVector(words("description"), weight="B", config="english"),
                        output_field=SearchVectorField(),
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When the map was made.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="The author.",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="maps",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "verbose_name": "map",
                "db_table": "maps",
                "db_table_comment": "Maps that players made, public and private.",
                "permissions": [("moderate_gamemap", "Can hide and restore maps")],
            },
        ),
        migrations.CreateModel(
            name="MapCollection",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        db_comment="3 to 60 characters; unique for its player, whatever the case.",
                        max_length=60,
                    ),
                ),
                (
                    "description",
                    models.CharField(
                        blank=True,
                        db_comment="Plain text, or empty.",
                        db_default="",
                        max_length=500,
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(
                        db_comment="True once everybody may see it who has its address.",
                        db_default=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it was made.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="The player who keeps it.",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="collections",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "map_collections",
                "db_table_comment": "Collections of maps that players keep and share.",
            },
        ),
        migrations.CreateModel(
            name="MapCollectionEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.IntegerField(db_comment="Its place in the order, from 1.")),
                (
                    "collection",
                    models.ForeignKey(
                        db_comment="The collection.",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="maps.mapcollection",
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        db_comment="The map.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="maps.gamemap",
                    ),
                ),
            ],
            options={
                "db_table": "map_collection_entries",
                "db_table_comment": "The maps of collections, in their order.",
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="MapDecision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[("hide", "hidden"), ("restore", "restored")],
                        db_comment="hide or restore.",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(db_comment="Told to the author.", max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it was decided.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        db_comment="The map.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="maps.gamemap",
                    ),
                ),
                (
                    "moderator",
                    models.ForeignKey(
                        db_comment="Who decided; null once that account is gone.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="map_decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "map_decisions",
                "db_table_comment": "Moderators' decisions about maps, with reasons.",
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="MapFavourite",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it was marked.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        db_comment="The map.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="favourites",
                        to="maps.gamemap",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="The player.",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="favourites",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "map_favourites",
                "db_table_comment": "Maps that players marked, to find them again.",
            },
        ),
        migrations.CreateModel(
            name="MapRating",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.db.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("stars", models.SmallIntegerField(db_comment="1 to 5.")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_comment="When it was first given.",
                        db_default=django.db.models.functions.datetime.Now(),
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        db_comment="The map.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ratings",
                        to="maps.gamemap",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="Who rated; null once the account is gone: the stars stay in the mean.",
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="ratings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "map_ratings",
                "db_table_comment": "Stars that players gave to maps.",
            },
        ),
        migrations.CreateModel(
            name="MapWord",
            fields=[
                (
                    "word",
                    models.CharField(
                        db_comment="In small letters.",
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={
                "db_table": "map_words",
                "db_table_comment": "Words of published maps' names, to correct typing errors by.",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["word"], name="idx_map_words_trigrams", opclasses=["gin_trgm_ops"]
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(fields=["user"], name="idx_maps_user_id"),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(fields=["is_public"], name="idx_maps_is_public"),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(fields=["-play_count"], name="idx_maps_play_count"),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(fields=["-created_at"], name="idx_maps_created_at"),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["search"], name="idx_maps_search"
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-hot_score", "-id"],
                include=("rating", "play_count", "terrains", "width", "height"),
                name="idx_maps_hot",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-created_at", "-id"],
                include=("rating", "play_count", "terrains", "width", "height"),
                name="idx_maps_new",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-top_score", "-id"],
                include=("rating", "play_count", "terrains", "width", "height"),
                name="idx_maps_top",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-play_count", "-id"],
                include=("rating", "terrains", "width", "height"),
                name="idx_maps_plays",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-lot", "-id"],
                include=("rating", "play_count", "terrains", "width", "height"),
                name="idx_maps_random",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(fields=["user", "-created_at", "-id"], name="idx_maps_author"),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["rating"],
                name="idx_maps_rating",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["terrains"],
                name="idx_maps_terrains",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                django.db.models.functions.comparison.Greatest("width", "height"),
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                name="idx_maps_longer_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamemap",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__length__gte", 3), ("name__length__lte", 100)),
                name="map_name_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamemap",
            constraint=models.CheckConstraint(
                condition=models.Q(("height__range", (20, 100)), ("width__range", (20, 100))),
                name="map_dimensions",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamemap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True), ("is_public", False), _connector="OR"
                ),
                name="removed_maps_are_private",
            ),
        ),
        migrations.AddConstraint(
            model_name="gamemap",
            constraint=models.CheckConstraint(
                condition=models.Q(("rating__gte", 0), ("rating__lte", 5)), name="rating_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="mapcollection",
            constraint=models.UniqueConstraint(
                models.F("user"),
                django.db.models.functions.text.Lower("name"),
                name="one_collection_of_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="mapcollection",
            constraint=models.CheckConstraint(
                condition=models.Q(("name__length__gte", 3), ("name__length__lte", 60)),
                name="collection_name_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="mapcollectionentry",
            constraint=models.UniqueConstraint(
                fields=("collection", "map"), name="one_entry_of_a_map"
            ),
        ),
        migrations.AddConstraint(
            model_name="mapcollectionentry",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                fields=("collection", "position"),
                name="one_entry_at_a_place",
            ),
        ),
        migrations.AddConstraint(
            model_name="mapcollectionentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("position__gte", 1)), name="collection_position_range"
            ),
        ),
        migrations.AddConstraint(
            model_name="mapdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ["hide", "restore"])), name="map_decision_actions"
            ),
        ),
        migrations.AddConstraint(
            model_name="mapdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__regex", "^\\s*$"), _negated=True),
                name="map_decision_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="mapfavourite",
            constraint=models.UniqueConstraint(
                fields=("user", "map"), name="one_favourite_per_player"
            ),
        ),
        migrations.AddConstraint(
            model_name="maprating",
            constraint=models.UniqueConstraint(
                fields=("user", "map"), name="one_rating_per_player"
            ),
        ),
        migrations.AddConstraint(
            model_name="maprating",
            constraint=models.CheckConstraint(
                condition=models.Q(("stars__range", (1, 5))), name="stars_range"
            ),
        ),
    ]
