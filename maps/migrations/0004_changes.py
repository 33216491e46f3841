"""What changes with the content of a map, whoever changes it.

- `version` counts changes of what the author made, so that two editors at once can't undo each other
  (`If-Match`). Plays and ratings do not count.
- `found_valid_at` and `terrain_hash` are set by the application. Any other change of the content, such as one
  in psql, clears them.
- `terrains` is computed again where the hash is cleared.
- `document_bytes` is the size of the documents as JSON text. It is not a generated column, because PostgreSQL
  computes those again with each change of a row, and would read the whole document for each play. An INSERT of
  many maps may give the number.
"""

from django.db import migrations

VERSION = """
CREATE FUNCTION maps_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;

CREATE TRIGGER maps_next_version
    BEFORE UPDATE OF name, description, width, height, terrain_data, spawn_point, goal_point, wave_config ON maps
    FOR EACH ROW WHEN (
        (OLD.name, OLD.description, OLD.width, OLD.height, OLD.terrain_data, OLD.spawn_point, OLD.goal_point,
            OLD.wave_config)
        IS DISTINCT FROM (NEW.name, NEW.description, NEW.width, NEW.height, NEW.terrain_data,
            NEW.spawn_point, NEW.goal_point, NEW.wave_config)
    ) EXECUTE FUNCTION maps_next_version();
"""
DROP_VERSION = """
DROP TRIGGER maps_next_version ON maps;
DROP FUNCTION maps_next_version();
"""
VALIDITY = """
CREATE FUNCTION maps_clear_validity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.found_valid_at := NULL;
    RETURN NEW;
END $$;

CREATE TRIGGER maps_clear_validity
    BEFORE UPDATE OF width, height, terrain_data, spawn_point, goal_point, wave_config ON maps
    FOR EACH ROW WHEN (
        NEW.found_valid_at IS NOT DISTINCT FROM OLD.found_valid_at
        AND (OLD.width, OLD.height, OLD.terrain_data, OLD.spawn_point, OLD.goal_point, OLD.wave_config)
        IS DISTINCT FROM (NEW.width, NEW.height, NEW.terrain_data, NEW.spawn_point, NEW.goal_point,
            NEW.wave_config)
    ) EXECUTE FUNCTION maps_clear_validity();
"""
DROP_VALIDITY = """
DROP TRIGGER maps_clear_validity ON maps;
DROP FUNCTION maps_clear_validity();
"""
TERRAIN_HASH = """
CREATE FUNCTION maps_terrains_of(tiles jsonb) RETURNS smallint LANGUAGE sql AS $$
    SELECT coalesce(bit_or(CASE tile->>'terrainType'
        WHEN 'Grass' THEN 1 WHEN 'Dirt' THEN 2 WHEN 'Stone' THEN 4 WHEN 'Water' THEN 8 WHEN 'Lava' THEN 16
        ELSE 0 END), 0)::smallint
    FROM jsonb_array_elements(CASE jsonb_typeof(tiles) WHEN 'array' THEN tiles ELSE '[]' END) AS tile
$$;

CREATE FUNCTION maps_clear_terrain_hash() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.terrain_hash := '';
    NEW.terrains := maps_terrains_of(NEW.terrain_data);
    RETURN NEW;
END $$;

CREATE TRIGGER maps_clear_terrain_hash
    BEFORE UPDATE OF width, height, terrain_data, spawn_point, goal_point ON maps
    FOR EACH ROW WHEN (
        NEW.terrain_hash = OLD.terrain_hash
        AND (OLD.width, OLD.height, OLD.terrain_data, OLD.spawn_point, OLD.goal_point)
        IS DISTINCT FROM (NEW.width, NEW.height, NEW.terrain_data, NEW.spawn_point, NEW.goal_point)
    ) EXECUTE FUNCTION maps_clear_terrain_hash();
"""
DROP_TERRAIN_HASH = """
DROP TRIGGER maps_clear_terrain_hash ON maps;
DROP FUNCTION maps_clear_terrain_hash();
DROP FUNCTION maps_terrains_of(jsonb);
"""
DOCUMENT_BYTES = """
CREATE FUNCTION maps_bytes_of(VARIADIC documents jsonb[]) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT sum(octet_length(document::text))::integer FROM unnest(documents) AS document
$$;

CREATE FUNCTION maps_count_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.document_bytes := maps_bytes_of(
        NEW.terrain_data, NEW.wave_config, NEW.spawn_point, NEW.goal_point);
    RETURN NEW;
END $$;

CREATE TRIGGER maps_count_bytes_insert BEFORE INSERT ON maps
    FOR EACH ROW WHEN (NEW.document_bytes = 0) EXECUTE FUNCTION maps_count_bytes();
CREATE TRIGGER maps_count_bytes_update
    BEFORE UPDATE OF document_bytes, terrain_data, wave_config, spawn_point, goal_point ON maps
    FOR EACH ROW WHEN (
        NEW.document_bytes <> OLD.document_bytes
        OR (OLD.terrain_data, OLD.wave_config, OLD.spawn_point, OLD.goal_point)
        IS DISTINCT FROM (NEW.terrain_data, NEW.wave_config, NEW.spawn_point, NEW.goal_point)
    ) EXECUTE FUNCTION maps_count_bytes();
"""
DROP_DOCUMENT_BYTES = """
DROP TRIGGER maps_count_bytes_update ON maps;
DROP TRIGGER maps_count_bytes_insert ON maps;
DROP FUNCTION maps_count_bytes();
DROP FUNCTION maps_bytes_of(jsonb[]);
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0003_ratings")]

    operations = [
        migrations.RunSQL(VERSION, DROP_VERSION),
        migrations.RunSQL(VALIDITY, DROP_VALIDITY),
        migrations.RunSQL(TERRAIN_HASH, DROP_TERRAIN_HASH),
        migrations.RunSQL(DOCUMENT_BYTES, DROP_DOCUMENT_BYTES),
    ]
