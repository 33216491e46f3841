"""What follows a change of maps, however it is made: a new version, what is no longer known, and word of it.

The version counts changes of what the author made, so that two editors at once can't undo each other
(`If-Match`), and not the stars and plays that come from others.

Whoever changes a map by the site says whether it is valid (`found_valid_at`) and what its terrain is
(`terrain_hash`, which names pictures and answers, and `terrains`, which browsing looks for). Any other change,
one typed in psql too, makes the first two unknown again; the third is counted anew.

Word goes out when a transaction commits: on channel `maps` the ids of the maps that changed, or nothing where
an author did; on channel `terrains` those after whose change a kept terrain may be wrong, which stars and
plays are not. `*` stands for more of them than a message has room for.
"""

from django.db import migrations

DRAWN = "width height terrain_data spawn_point goal_point".split()
PLAYED = [*DRAWN, "wave_config"]
AUTHORED = ["name", "description", *PLAYED]
TERRAINS = {"Grass": 1, "Dirt": 2, "Stone": 4, "Water": 8, "Lava": 16}


def row(name: str, columns: list[str]) -> str:
    """These columns of OLD or NEW, in brackets."""
    return f"({', '.join(f'{name}.{column}' for column in columns)})"


VERSION = """
CREATE FUNCTION maps_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER maps_next_version BEFORE UPDATE OF {columns} ON maps
    FOR EACH ROW WHEN ({old} IS DISTINCT FROM {new}) EXECUTE FUNCTION maps_next_version();
""".format(
    columns=", ".join(AUTHORED),
    old=row("OLD", AUTHORED),
    new=row("NEW", AUTHORED),
)
VALID = """
CREATE FUNCTION maps_forget_valid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.found_valid_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER maps_forget_valid BEFORE UPDATE OF {columns} ON maps
    FOR EACH ROW WHEN (
        NEW.found_valid_at IS NOT DISTINCT FROM OLD.found_valid_at
        AND {old} IS DISTINCT FROM {new}
    ) EXECUTE FUNCTION maps_forget_valid();
""".format(
    columns=", ".join(PLAYED),
    old=row("OLD", PLAYED),
    new=row("NEW", PLAYED),
)
HASH = """
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
        NEW.terrain_hash = OLD.terrain_hash AND {old} IS DISTINCT FROM {new}
    ) EXECUTE FUNCTION maps_forget_hash();
""".format(
    cases=" ".join(f"WHEN '{name}' THEN {bit}" for name, bit in TERRAINS.items()),
    columns=", ".join(DRAWN),
    old=row("OLD", DRAWN),
    new=row("NEW", DRAWN),
)
TELL = """
CREATE FUNCTION maps_tell_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('maps', string_agg(id::text, ',')) FROM (SELECT id FROM after LIMIT 101) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION maps_tell_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('maps', string_agg(id::text, ',')) FROM (
        (SELECT id FROM before LIMIT 101) UNION (SELECT id FROM after LIMIT 101)
    ) AS few;
    -- Sorted or hashed, never joined: accounts/0007_changes says why.
    PERFORM tell_ids('terrains', string_agg(id::text, ',')) FROM (
        SELECT DISTINCT id FROM (
            SELECT id FROM (
                SELECT id, version, is_public, hidden_at FROM before
                UNION ALL SELECT id, version, is_public, hidden_at FROM after
            ) AS both_sides
            GROUP BY id, version, is_public, hidden_at HAVING count(*) = 1
        ) AS changed LIMIT 101
    ) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION maps_tell_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_ids('maps', string_agg(id::text, ',')),
        tell_ids('terrains', string_agg(id::text, ','))
    FROM (SELECT id FROM before LIMIT 101) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION maps_tell_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('maps', '');
    RETURN NULL;
END $$;
CREATE TRIGGER maps_tell_insert AFTER INSERT ON maps
    REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_inserted();
CREATE TRIGGER maps_tell_update AFTER UPDATE ON maps
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_updated();
CREATE TRIGGER maps_tell_delete AFTER DELETE ON maps
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_deleted();
CREATE TRIGGER maps_tell_truncate AFTER TRUNCATE ON maps
    FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_all();
CREATE TRIGGER maps_tell_author AFTER UPDATE OF username, level ON users
    FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_all();
"""
UNDO = """
DROP TRIGGER maps_tell_author ON users;
DROP TRIGGER maps_tell_truncate ON maps;
DROP TRIGGER maps_tell_delete ON maps;
DROP TRIGGER maps_tell_update ON maps;
DROP TRIGGER maps_tell_insert ON maps;
DROP FUNCTION maps_tell_all();
DROP FUNCTION maps_tell_deleted();
DROP FUNCTION maps_tell_updated();
DROP FUNCTION maps_tell_inserted();
DROP TRIGGER maps_forget_hash ON maps;
DROP FUNCTION maps_forget_hash();
DROP FUNCTION maps_terrains_of(jsonb);
DROP TRIGGER maps_forget_valid ON maps;
DROP FUNCTION maps_forget_valid();
DROP TRIGGER maps_next_version ON maps;
DROP FUNCTION maps_next_version();
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0003_moderators"), ("accounts", "0007_changes")]
    operations = [migrations.RunSQL(VERSION + VALID + HASH + TELL, UNDO)]
