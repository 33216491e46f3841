"""How large the documents of maps are, and may be.

`document_bytes` is the size of a map's document as JSON text. It is counted when the document is written, and
not by a generated column: PostgreSQL computes those anew with each change of a row that has triggers before
it, and would read the whole document for each play. Whoever inserts many maps may bring the number along.
"""

from importlib import import_module

from django.db import migrations, models

changes = import_module("maps.migrations.0004_changes")
DOCUMENT = ["terrain_data", "wave_config", "spawn_point", "goal_point"]

BYTES = """
CREATE FUNCTION maps_bytes_of(VARIADIC documents jsonb[]) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT sum(octet_length(document::text))::integer FROM unnest(documents) AS document
$$;
CREATE FUNCTION maps_count_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.document_bytes := maps_bytes_of({parts});
    RETURN NEW;
END $$;
CREATE TRIGGER maps_count_bytes_insert BEFORE INSERT ON maps
    FOR EACH ROW WHEN (NEW.document_bytes = 0) EXECUTE FUNCTION maps_count_bytes();
CREATE TRIGGER maps_count_bytes_update BEFORE UPDATE OF document_bytes, {columns} ON maps
    FOR EACH ROW WHEN (
        NEW.document_bytes <> OLD.document_bytes OR {old} IS DISTINCT FROM {new}
    ) EXECUTE FUNCTION maps_count_bytes();
UPDATE maps SET document_bytes = -1;  -- whatever is written there, the trigger counts
""".format(
    columns=", ".join(DOCUMENT),
    parts=", ".join(f"NEW.{part}" for part in DOCUMENT),
    old=changes.row("OLD", DOCUMENT),
    new=changes.row("NEW", DOCUMENT),
)
UNDO_BYTES = """
DROP TRIGGER maps_count_bytes_update ON maps;
DROP TRIGGER maps_count_bytes_insert ON maps;
DROP FUNCTION maps_count_bytes();
DROP FUNCTION maps_bytes_of(jsonb[]);
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0005_words")]
    operations = [
        migrations.AddField(
            model_name="gamemap",
            name="document_bytes",
            field=models.IntegerField(
                db_comment="Bytes of terrain_data, wave_config and both points as text, by a trigger.",
                db_default=0,
                editable=False,
            ),
        ),
        migrations.RunSQL(BYTES, UNDO_BYTES),
        migrations.AddConstraint(
            model_name="gamemap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("goal_point__stored_size__lte", 1024),
                    ("spawn_point__stored_size__lte", 1024),
                    ("terrain_data__stored_size__lte", 2097152),
                    ("wave_config__stored_size__lte", 524288),
                ),
                name="map_document_size",
            ),
        ),
    ]
