"""Word of terrains apart from that of maps, so that stars and plays leave a kept terrain alone.

Channel `maps` goes on to tell of every change. Channel `terrains` tells of those after which a kept
terrain may be wrong: what the author made of the map, who may see it, its end.
"""

from importlib import import_module

from django.db import migrations

OLD = import_module("maps.migrations.0004_changes").TELL
UNTELL = """
DROP TRIGGER maps_tell_author ON users;
DROP TRIGGER maps_tell_delete ON maps;
DROP TRIGGER maps_tell_update ON maps;
DROP TRIGGER maps_tell_insert ON maps;
"""
FORGET_OLD = """
DROP FUNCTION maps_tell_which();
DROP FUNCTION maps_tell();
"""
TELL = """
CREATE FUNCTION maps_tell_ids(channel text, ids text) RETURNS void LANGUAGE sql AS $$
    -- A message has 8,000 bytes at the most.
    SELECT pg_notify(channel, CASE WHEN length(ids) > 3700 THEN '*' ELSE ids END) WHERE ids IS NOT NULL;
$$;
CREATE FUNCTION maps_tell_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maps_tell_ids('maps', string_agg(id::text, ',')) FROM (SELECT id FROM after LIMIT 101) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION maps_tell_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maps_tell_ids('maps', string_agg(id::text, ',')) FROM (SELECT id FROM after LIMIT 101) AS few;
    PERFORM maps_tell_ids('terrains', string_agg(id::text, ',')) FROM (
        SELECT id FROM after JOIN before USING (id)
        WHERE (after.version, after.is_public, after.hidden_at)
            IS DISTINCT FROM (before.version, before.is_public, before.hidden_at)
        LIMIT 101
    ) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION maps_tell_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM maps_tell_ids('maps', string_agg(id::text, ',')),
        maps_tell_ids('terrains', string_agg(id::text, ','))
    FROM (SELECT id FROM before LIMIT 101) AS few;
    RETURN NULL;
END $$;
CREATE FUNCTION maps_tell_author() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER maps_tell_author AFTER UPDATE OF username, level ON users
    FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_author();
"""
FORGET_NEW = """
DROP FUNCTION maps_tell_author();
DROP FUNCTION maps_tell_deleted();
DROP FUNCTION maps_tell_updated();
DROP FUNCTION maps_tell_inserted();
DROP FUNCTION maps_tell_ids(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0010_found_valid_at")]
    operations = [
        migrations.RunSQL(UNTELL + FORGET_OLD + TELL, UNTELL + FORGET_NEW + OLD),
    ]
