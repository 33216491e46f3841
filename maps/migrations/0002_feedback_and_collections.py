"""Ratings, favourites and decisions about maps, collections, and the words for spelling correction."""

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Lower, Now


class Migration(migrations.Migration):
    dependencies = [
        ("maps", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MapRating",
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
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="ratings",
                        db_index=False,
                        db_comment="The player; null after the account was deleted. The rating stays.",
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        "maps.gamemap",
                        on_delete=models.CASCADE,
                        related_name="ratings",
                        db_comment="The map.",
                    ),
                ),
                ("stars", models.SmallIntegerField(db_comment="Stars, 1 to 5.")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="When the player first rated the map."
                    ),
                ),
            ],
            options={
                "db_table": "map_ratings",
                "db_table_comment": "Ratings of maps by players.",
                "constraints": [
                    models.UniqueConstraint(fields=["user", "map"], name="one_rating_per_player"),
                    models.CheckConstraint(
                        condition=models.Q(stars__range=(1, 5)), name="stars_range"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MapFavourite",
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
                        on_delete=models.CASCADE,
                        related_name="favourites",
                        db_index=False,
                        db_comment="The player.",
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        "maps.gamemap",
                        on_delete=models.CASCADE,
                        related_name="favourites",
                        db_comment="The map.",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="When the player marked the map."
                    ),
                ),
            ],
            options={
                "db_table": "map_favourites",
                "db_table_comment": "Favourites: maps that players marked to find them again.",
                "constraints": [
                    models.UniqueConstraint(fields=["user", "map"], name="one_favourite_per_player")
                ],
            },
        ),
        migrations.CreateModel(
            name="MapDecision",
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
                    "map",
                    models.ForeignKey(
                        "maps.gamemap",
                        on_delete=models.CASCADE,
                        related_name="decisions",
                        db_comment="The map.",
                    ),
                ),
                (
                    "moderator",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        null=True,
                        on_delete=models.SET_NULL,
                        related_name="map_decisions",
                        db_comment="The moderator; null after that account was deleted.",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        max_length=10,
                        choices=[("hide", "hidden"), ("restore", "restored")],
                        db_comment="hide or restore.",
                    ),
                ),
                ("reason", models.CharField(max_length=500, db_comment="Shown to the author.")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="When the moderator decided."
                    ),
                ),
            ],
            options={
                "db_table": "map_decisions",
                "db_table_comment": "Decisions of moderators about maps, with reasons.",
                "ordering": ["-created_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(action__in=["hide", "restore"]),
                        name="map_decision_actions",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(reason__regex=r"^\s*$"), name="map_decision_reason"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MapCollection",
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
                        on_delete=models.CASCADE,
                        related_name="collections",
                        db_index=False,
                        db_comment="The owner.",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=60,
                        db_comment="3 to 60 characters; unique for its owner, regardless of case.",
                    ),
                ),
                (
                    "description",
                    models.CharField(
                        max_length=500,
                        blank=True,
                        db_default="",
                        db_comment="Plain text, may be empty.",
                    ),
                ),
                (
                    "is_public",
                    models.BooleanField(
                        db_default=False, db_comment="True: everybody with its address may see it."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="When the collection was created."
                    ),
                ),
            ],
            options={
                "db_table": "map_collections",
                "db_table_comment": "Collections: lists of maps, private or public.",
                "constraints": [
                    models.UniqueConstraint("user", Lower("name"), name="one_collection_of_a_name"),
                    models.CheckConstraint(
                        condition=models.Q(name__length__gte=3, name__length__lte=60),
                        name="collection_name_length",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MapCollectionEntry",
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
                    "collection",
                    models.ForeignKey(
                        "maps.mapcollection",
                        on_delete=models.CASCADE,
                        related_name="entries",
                        db_index=False,
                        db_comment="The collection.",
                    ),
                ),
                (
                    "map",
                    models.ForeignKey(
                        "maps.gamemap",
                        on_delete=models.CASCADE,
                        related_name="entries",
                        db_comment="The map.",
                    ),
                ),
                ("position", models.IntegerField(db_comment="Position in the collection, from 1.")),
            ],
            options={
                "db_table": "map_collection_entries",
                "db_table_comment": "Entries of collections: maps in an order.",
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["collection", "map"], name="one_entry_of_a_map"
                    ),
                    # Checked after each statement, so that one statement may move all entries.
                    models.UniqueConstraint(
                        fields=["collection", "position"],
                        name="one_entry_at_a_place",
                        deferrable=models.Deferrable.IMMEDIATE,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(position__gte=1), name="collection_position_range"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MapWord",
            fields=[
                (
                    "word",
                    models.CharField(
                        primary_key=True,
                        serialize=False,
                        max_length=30,
                        db_comment="The word, in lower case.",
                    ),
                ),
            ],
            options={
                "db_table": "map_words",
                "db_table_comment": "Words of published names and descriptions, for spelling correction.",
                "indexes": [
                    GinIndex(
                        fields=["word"], opclasses=["gin_trgm_ops"], name="idx_map_words_trigrams"
                    )
                ],
            },
        ),
    ]
