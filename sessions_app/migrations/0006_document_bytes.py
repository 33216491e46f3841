"""How large maps are as they were played: they count as their authors'."""

from django.db import migrations, models

BYTES = """
CREATE TRIGGER played_maps_count_bytes BEFORE INSERT ON played_maps
    FOR EACH ROW WHEN (NEW.document_bytes = 0) EXECUTE FUNCTION maps_count_bytes();
UPDATE played_maps SET document_bytes = maps_bytes_of(terrain_data, wave_config, spawn_point, goal_point);
"""
UNDO = "DROP TRIGGER played_maps_count_bytes ON played_maps;"


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0005_played_maps"), ("maps", "0006_document_bytes")]
    operations = [
        migrations.AddField(
            model_name="playedmap",
            name="document_bytes",
            field=models.IntegerField(
                db_comment="As in maps: counts as its author's.", db_default=0, editable=False
            ),
        ),
        migrations.RunSQL(BYTES, UNDO),
    ]
