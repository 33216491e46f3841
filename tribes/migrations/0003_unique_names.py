"""A player's tribes whose names look the same are the same; tribes sorted by name.

If two of a player's tribes have names that now count as the same, the later one gets a number: "Äpfel" and
"Äpfel 2". Names are put into normal form C.

For 200,000 tribes it takes ten seconds. Tribes are read and written meanwhile. If a player makes
such a name before the index exists, it fails, and can be run again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
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
            FROM tribes
        ) AS numbered WHERE n > 1
    LOOP
        number := 2;
        LOOP
            proposal := left(later.name, 20 - length(' ' || number)) || ' ' || number;
            EXIT WHEN NOT EXISTS (
                SELECT FROM tribes
                WHERE user_id = later.user_id AND text_casefold(name) = text_casefold(proposal));
            number := number + 1;
        END LOOP;
        UPDATE tribes SET name = proposal WHERE id = later.id;
    END LOOP;
END $$;

-- Names that were different remain different.
UPDATE tribes SET name = normalize(name, NFC) WHERE name IS NOT NFC NORMALIZED;
"""
DROP = "DROP INDEX CONCURRENTLY IF EXISTS tribe_name_casefold"


def text_function(name, column):
    return models.Func(models.F(column), function=name, output_field=models.TextField())


def sort_key(column):
    return Collate(text_function("text_sort_key", column), "C")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tribes", "0002_notifications"), ("accounts", "0005_text_functions")]

    operations = [
        migrations.RunSQL(MAKE_UNIQUE, migrations.RunSQL.noop),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY tribe_name_casefold ON tribes (user_id, text_casefold(name))",
            DROP,
            [
                migrations.AddConstraint(
                    "tribe",
                    models.UniqueConstraint(
                        models.F("user"),
                        text_function("text_casefold", "name"),
                        name="tribe_name_casefold",
                    ),
                )
            ],
        ),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS tribe_name_once_per_user",
            "CREATE UNIQUE INDEX CONCURRENTLY tribe_name_once_per_user ON tribes (user_id, lower(name))",
            [migrations.RemoveConstraint("tribe", "tribe_name_once_per_user")],
        ),
        migrations.AddConstraint(
            "tribe",
            models.CheckConstraint(condition=models.Q(name__is_nfc=True), name="tribe_normal_form"),
        ),
        AddIndexConcurrently(
            "tribe", models.Index(models.F("user"), sort_key("name"), name="idx_tribes_sort_key")
        ),
        AddIndexConcurrently(
            "tribe", models.Index(sort_key("name"), name="idx_tribes_name_sort_key")
        ),
    ]
