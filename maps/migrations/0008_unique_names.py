"""A player's collections whose names look the same are the same; texts in normal form C; maps sorted by name.

If two of a player's collections have names that now count as the same, the later one gets a number: "Äpfel" and
"Äpfel 2". Texts are put into normal form C; the next migration validates the constraint of maps.

For a million maps it takes a minute: 10 seconds for reading the names, the rest for the index. Maps are read and
written meanwhile. If a player makes
such a name before the index exists, it fails, and can be run again.
"""

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Collate

MAKE_UNIQUE = """
DO $$
DECLARE
    later record;
    number integer;
    proposal text;
BEGIN
    FOR later IN
        SELECT id, user_id, name FROM (
            SELECT *, row_number() OVER (PARTITION BY user_id, text_casefold(name) ORDER BY created_at, id) AS n
            FROM map_collections
        ) AS numbered WHERE n > 1
    LOOP
        number := 2;
        LOOP
            proposal := left(later.name, 60 - length(' ' || number)) || ' ' || number;
            EXIT WHEN NOT EXISTS (
                SELECT FROM map_collections
                WHERE user_id = later.user_id AND text_casefold(name) = text_casefold(proposal));
            number := number + 1;
        END LOOP;
        UPDATE map_collections SET name = proposal WHERE id = later.id;
    END LOOP;
END $$;

-- Names that were different remain different.
UPDATE map_collections SET name = normalize(name, NFC), description = normalize(description, NFC)
WHERE name IS NOT NFC NORMALIZED OR description IS NOT NFC NORMALIZED;
UPDATE map_decisions SET reason = normalize(reason, NFC) WHERE reason IS NOT NFC NORMALIZED;
UPDATE maps SET name = normalize(name, NFC), description = normalize(description, NFC)
WHERE name IS NOT NFC NORMALIZED OR description IS NOT NFC NORMALIZED;
"""
DROP = "DROP INDEX CONCURRENTLY IF EXISTS collection_name_casefold"


def text_function(name, column):
    return models.Func(models.F(column), function=name, output_field=models.TextField())


def sort_key(column):
    return Collate(text_function("text_sort_key", column), "C")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("maps", "0007_moderators"), ("accounts", "0005_text_functions")]

    operations = [
        migrations.RunSQL(MAKE_UNIQUE, migrations.RunSQL.noop),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY collection_name_casefold ON map_collections (user_id, text_casefold(name))",
            DROP,
            [
                migrations.AddConstraint(
                    "mapcollection",
                    models.UniqueConstraint(
                        models.F("user"),
                        text_function("text_casefold", "name"),
                        name="collection_name_casefold",
                    ),
                )
            ],
        ),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS one_collection_of_a_name",
            "CREATE UNIQUE INDEX CONCURRENTLY one_collection_of_a_name ON map_collections (user_id, lower(name))",
            [migrations.RemoveConstraint("mapcollection", "one_collection_of_a_name")],
        ),
        migrations.AddConstraint(
            "mapcollection",
            models.CheckConstraint(
                condition=models.Q(name__is_nfc=True, description__is_nfc=True),
                name="collection_normal_form",
            ),
        ),
        AddIndexConcurrently(
            "mapcollection",
            models.Index(models.F("user"), sort_key("name"), name="idx_collections_sort_key"),
        ),
        migrations.AddConstraint(
            "mapdecision",
            models.CheckConstraint(
                condition=models.Q(reason__is_nfc=True), name="map_decision_normal_form"
            ),
        ),
        AddConstraintNotValid(
            "gamemap",
            models.CheckConstraint(
                condition=models.Q(name__is_nfc=True, description__is_nfc=True),
                name="map_normal_form",
            ),
        ),
        AddIndexConcurrently("gamemap", models.Index(sort_key("name"), name="idx_maps_sort_key")),
    ]
