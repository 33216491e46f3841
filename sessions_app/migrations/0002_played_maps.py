"""The versions of maps on which games began.

Their bytes are counted as those of maps, because they count towards the quota of the author.
"""

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models
from django.db.models.functions import Now

CREATE = """
CREATE TRIGGER played_maps_count_bytes BEFORE INSERT ON played_maps
    FOR EACH ROW WHEN (NEW.document_bytes = 0) EXECUTE FUNCTION maps_count_bytes();
"""
DROP = "DROP TRIGGER played_maps_count_bytes ON played_maps;"


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_initial"), ("maps", "0004_changes")]

    operations = [
        migrations.CreateModel(
            name="PlayedMap",
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
                ("map_id", models.UUIDField(db_comment="The map.")),
                ("version", models.IntegerField(db_comment="The version of the map.")),
                ("name", models.CharField(max_length=100, db_comment="The map's name.")),
                ("width", models.IntegerField(db_comment="Cells from west to east.")),
                ("height", models.IntegerField(db_comment="Cells from north to south.")),
                ("terrain_data", models.JSONField(db_comment="As in maps.")),
                ("spawn_point", models.JSONField(db_comment="{x, y}: where enemies enter.")),
                ("goal_point", models.JSONField(db_comment="{x, y}: what players defend.")),
                ("wave_config", models.JSONField(db_comment="As in maps.")),
                (
                    "document_bytes",
                    models.IntegerField(
                        db_default=0,
                        editable=False,
                        db_comment="As in maps. Counts towards the quota of the author.",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=Now(), db_comment="When the first game on this version began."
                    ),
                ),
            ],
            options={
                "db_table": "played_maps",
                "db_table_comment": "Played maps: each version of a map on which a game began.",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["map_id", "version"], name="one_row_of_a_version"
                    )
                ],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
