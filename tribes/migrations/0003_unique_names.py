"""A player's tribes whose names look the same are the same; tribes sorted by name.

Names are put into normal form C. If two of a player's tribes have names that now count as the same, the later
one gets a number: "Äpfel" and "Äpfel 2".

For 200,000 tribes it takes five seconds, during which tribes are read, but not written.
"""

from django.db import migrations, models
from django.db.models.functions import Collate

MAKE_UNIQUE = """
UPDATE tribes SET name = normalize(name, NFC) WHERE name IS NOT NFC NORMALIZED;

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
"""


def sort_key(column):
    key = models.Func(models.F(column), function="text_sort_key", output_field=models.TextField())
    return Collate(key, "C")


class Migration(migrations.Migration):
    dependencies = [("tribes", "0002_notifications"), ("accounts", "0005_text_functions")]

    operations = [
        # First, because names may collide while they are put into normal form.
        migrations.RemoveConstraint("tribe", "tribe_name_once_per_user"),
        migrations.RunSQL(MAKE_UNIQUE, migrations.RunSQL.noop),
        # Otherwise the table could not be altered while the events of its triggers wait.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "tribe",
            models.UniqueConstraint(
                models.F("user"),
                models.Func(
                    models.F("name"), function="text_casefold", output_field=models.TextField()
                ),
                name="tribe_name_casefold",
            ),
        ),
        migrations.AddConstraint(
            "tribe",
            models.CheckConstraint(condition=models.Q(name__is_nfc=True), name="tribe_normal_form"),
        ),
        migrations.AddIndex(
            "tribe", models.Index(models.F("user"), sort_key("name"), name="idx_tribes_sort_key")
        ),
        migrations.AddIndex(
            "tribe", models.Index(sort_key("name"), name="idx_tribes_name_sort_key")
        ),
        migrations.AlterField(
            "tribe",
            "name",
            models.CharField(
                max_length=100,
                db_comment="3 to 20 characters; unique for its owner, regardless of case and form.",
            ),
        ),
    ]
