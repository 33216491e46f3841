"""When a map was last found valid, so that a game can begin without checking it again.

Whoever changes a map by the site says so with the change. Any other change, one typed in psql too, makes
it unknown again, by a trigger. What is public was found valid before this column came.
"""

from django.db import migrations, models

PARTS = "width height terrain_data spawn_point goal_point wave_config".split()
CREATE = """
CREATE FUNCTION maps_forget_valid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.found_valid_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER maps_forget_valid BEFORE UPDATE OF {columns} ON maps
    FOR EACH ROW WHEN (
        NEW.found_valid_at IS NOT DISTINCT FROM OLD.found_valid_at
        AND ({old}) IS DISTINCT FROM ({new})
    ) EXECUTE FUNCTION maps_forget_valid();
""".format(
    columns=", ".join(PARTS),
    old=", ".join(f"OLD.{column}" for column in PARTS),
    new=", ".join(f"NEW.{column}" for column in PARTS),
)
DROP = """
DROP TRIGGER maps_forget_valid ON maps;
DROP FUNCTION maps_forget_valid();
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0009_orders_with_conditions")]

    operations = [
        migrations.AddField(
            model_name="gamemap",
            name="found_valid_at",
            field=models.DateTimeField(
                db_comment="When it was checked and valid; null while that is not known.",
                editable=False,
                null=True,
            ),
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
