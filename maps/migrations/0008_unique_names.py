"""A player's collections whose names look the same are the same; texts in normal form C; maps sorted by name.

If two of a player's collections have names that now count as the same, the later one gets a number: "Äpfel" and
"Äpfel 2". Rows that are not in normal form are changed; the next migration validates the constraint of maps.

For a million maps it takes 40 seconds: 10 for reading the names, 30 for the index. Meanwhile maps are read, but
not written.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models.functions import Collate

MAKE_UNIQUE = """
UPDATE map_collections SET name = normalize(name, NFC), description = normalize(description, NFC)
WHERE name IS NOT NFC NORMALIZED OR description IS NOT NFC NORMALIZED;
UPDATE map_decisions SET reason = normalize(reason, NFC) WHERE reason IS NOT NFC NORMALIZED;
UPDATE maps SET name = normalize(name, NFC), description = normalize(description, NFC)
WHERE name IS NOT NFC NORMALIZED OR description IS NOT NFC NORMALIZED;

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
"""


def sort_key(column):
    key = models.Func(models.F(column), function="text_sort_key", output_field=models.TextField())
    return Collate(key, "C")


class Migration(migrations.Migration):
    dependencies = [("maps", "0007_moderators"), ("accounts", "0005_text_functions")]

    operations = [
        # First, because names may collide while they are put into normal form.
        migrations.RemoveConstraint("mapcollection", "one_collection_of_a_name"),
        migrations.RunSQL(MAKE_UNIQUE, migrations.RunSQL.noop),
        # Otherwise the tables could not be altered while the events of their triggers wait.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "mapcollection",
            models.UniqueConstraint(
                models.F("user"),
                models.Func(
                    models.F("name"), function="text_casefold", output_field=models.TextField()
                ),
                name="collection_name_casefold",
            ),
        ),
        migrations.AddConstraint(
            "mapcollection",
            models.CheckConstraint(
                condition=models.Q(name__is_nfc=True, description__is_nfc=True),
                name="collection_normal_form",
            ),
        ),
        migrations.AddIndex(
            "mapcollection",
            models.Index(models.F("user"), sort_key("name"), name="idx_collections_sort_key"),
        ),
        migrations.AlterField(
            "mapcollection",
            "name",
            models.CharField(
                max_length=60,
                db_comment="3 to 60 characters; unique for its owner, regardless of case and form.",
            ),
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
        migrations.AddIndex("gamemap", models.Index(sort_key("name"), name="idx_maps_sort_key")),
    ]
