import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.math
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

import config.fields
import maps.scores


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
                        db_default=config.fields.RandomUUID(),
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
                        db_comment="Bayesian average of its stars; see maps/ranking.py.",
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
                        db_comment="Plays and stars, and how young it is; see maps/ranking.py.",
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            maps.scores.Log10(
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
                                maps.scores.Epoch(models.F("created_at")),
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
                        expression=django.contrib.postgres.search.CombinedSearchVector(
                            django.contrib.postgres.search.SearchVector(
                                "name", config="english", weight="A"
                            ),
                            "||",
                            django.contrib.postgres.search.SearchVector(
                                "description", config="english", weight="B"
                            ),
                            django.contrib.postgres.search.SearchConfig("english"),
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
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
            name="MapDecision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.fields.RandomUUID(),
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
            name="MapRating",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_comment="Never reused.",
                        db_default=config.fields.RandomUUID(),
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
            },
        ),
        migrations.AddIndex(
            model_name="mapword",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["word"], name="idx_map_words_trigrams", opclasses=["gin_trgm_ops"]
            ),
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
                name="idx_maps_hot",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-created_at", "-id"],
                name="idx_maps_new",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-top_score", "-id"],
                name="idx_maps_top",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-play_count", "-id"],
                name="idx_maps_plays",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(("hidden_at__isnull", True), ("is_public", True)),
                fields=["-lot", "-id"],
                name="idx_maps_random",
            ),
        ),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(fields=["user", "-created_at", "-id"], name="idx_maps_author"),
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
