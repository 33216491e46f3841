"""Fills the column `search` of the maps that exist, in batches.

For a million maps it takes fifteen minutes. Maps are read and written meanwhile: each batch is a transaction of
its own, and locks a thousand maps for a second. Until it ends, searches find maps that were not reached yet by their
exact words. It ends with a VACUUM.
"""

from django.db import migrations

BATCH = 1_000
# The smallest id in the batch after an id is the last of the batch.
UPDATE_BATCH = """
WITH batch AS (SELECT id FROM maps WHERE id > %s ORDER BY id LIMIT %s),
changed AS (
    UPDATE maps SET search = NULL FROM batch WHERE maps.id = batch.id RETURNING maps.id
)
SELECT max(id::text) FROM changed
"""


def fill(apps, schema_editor):
    first = last = "00000000-0000-0000-0000-000000000000"
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(UPDATE_BATCH, [last, BATCH])
            (found,) = cursor.fetchone()
            if not found:
                break
            last = found
        # Until then, index-only scans along the orders would have to look at every map. For a table that it
        # knows to be empty, PostgreSQL would plan foreign keys without indexes.
        if last != first:
            cursor.execute("VACUUM ANALYZE maps")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("maps", "0010_search")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
