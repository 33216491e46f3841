"""Notifications of pictures that may be unused, on channel `pictures`, at the commit.

A message names the content (`terrain_hash`) that maps had which changed, were removed or were deleted; a
hundred in a message, at most 2,000 of a statement that deletes. Whether another map has it is looked up
then (maps.previews.cleanup).
"""

from django.db import migrations, models

# Row by row for updates: what differs is seen without a join of all rows before and after.
PICTURES = """
CREATE FUNCTION maps_pictures_unused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pictures', OLD.terrain_hash);
    RETURN NULL;
END $$;
CREATE TRIGGER maps_pictures_update AFTER UPDATE ON maps FOR EACH ROW
    WHEN (OLD.terrain_hash <> '' AND (
        NEW.terrain_hash <> OLD.terrain_hash
        OR (OLD.removed_at IS NULL AND NEW.removed_at IS NOT NULL)))
    EXECUTE FUNCTION maps_pictures_unused();
CREATE FUNCTION maps_pictures_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pictures', string_agg(terrain_hash, ',')) FROM (
        SELECT terrain_hash, (row_number() OVER () - 1) / 100 AS part
        FROM (SELECT DISTINCT terrain_hash FROM before WHERE terrain_hash <> '' LIMIT 2000) AS gone
    ) AS numbered GROUP BY part;
    RETURN NULL;
END $$;
CREATE TRIGGER maps_pictures_delete AFTER DELETE ON maps
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION maps_pictures_deleted();
"""
UNDO_PICTURES = """
DROP TRIGGER maps_pictures_delete ON maps;
DROP FUNCTION maps_pictures_deleted();
DROP TRIGGER maps_pictures_update ON maps;
DROP FUNCTION maps_pictures_unused();
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0006_document_bytes")]
    operations = [
        migrations.RunSQL(PICTURES, UNDO_PICTURES),
        migrations.AddIndex(
            model_name="gamemap",
            index=models.Index(
                condition=models.Q(
                    ("removed_at__isnull", True),
                    models.Q(("terrain_hash", ""), _negated=True),
                ),
                fields=["terrain_hash"],
                name="idx_maps_terrain_hash",
            ),
        ),
    ]
