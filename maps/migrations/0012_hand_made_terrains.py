"""What follows from a map's terrain follows it too where it was typed by hand.

`terrain_hash` names pictures and answers, `terrains` is what browsing looks for. Whoever changes a map by
the site sets both; where somebody else changes the terrain alone, the first is no longer known, and the
second is counted anew.
"""

from importlib import import_module

from django.db import migrations

VALID = import_module("maps.migrations.0010_found_valid_at")
DRAWN = [part for part in VALID.PARTS if part != "wave_config"]
TERRAINS = {"Grass": 1, "Dirt": 2, "Stone": 4, "Water": 8, "Lava": 16}
CREATE = """
CREATE FUNCTION maps_terrains_of(tiles jsonb) RETURNS smallint LANGUAGE sql AS $$
    SELECT coalesce(bit_or(CASE tile->>'terrainType' {cases} ELSE 0 END), 0)::smallint
    FROM jsonb_array_elements(CASE jsonb_typeof(tiles) WHEN 'array' THEN tiles ELSE '[]' END) AS tile
$$;
CREATE FUNCTION maps_forget_hash() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.terrain_hash := '';
    NEW.terrains := maps_terrains_of(NEW.terrain_data);
    RETURN NEW;
END $$;
CREATE TRIGGER maps_forget_hash BEFORE UPDATE OF {columns} ON maps
    FOR EACH ROW WHEN (
        NEW.terrain_hash = OLD.terrain_hash AND ({old}) IS DISTINCT FROM ({new})
    ) EXECUTE FUNCTION maps_forget_hash();
""".format(
    cases=" ".join(f"WHEN '{name}' THEN {bit}" for name, bit in TERRAINS.items()),
    columns=", ".join(DRAWN),
    old=", ".join(f"OLD.{column}" for column in DRAWN),
    new=", ".join(f"NEW.{column}" for column in DRAWN),
)
DROP = """
DROP TRIGGER maps_forget_hash ON maps;
DROP FUNCTION maps_forget_hash();
DROP FUNCTION maps_terrains_of(jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0011_terrain_changes")]
    operations = [migrations.RunSQL(CREATE, DROP)]
