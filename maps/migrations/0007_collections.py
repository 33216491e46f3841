import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import config.fields


class Migration(migrations.Migration):
    dependencies = [
        ("maps", "0006_facets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MapCollection",
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
                "constraints": [
                    models.UniqueConstraint(
                        models.F("user"),
                        django.db.models.functions.text.Lower("name"),
                        name="one_collection_of_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__length__gte", 3), ("name__length__lte", 60)),
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
                        db_comment="Never reused.",
                        db_default=config.fields.RandomUUID(),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=("collection", "map"), name="one_entry_of_a_map"
                    ),
                    models.UniqueConstraint(
                        deferrable=models.Deferrable.IMMEDIATE,
                        fields=("collection", "position"),
                        name="one_entry_at_a_place",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("position__gte", 1)), name="collection_position_range"
                    ),
                ],
            },
        ),
    ]
