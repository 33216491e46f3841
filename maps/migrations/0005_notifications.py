"""Notifications of changed maps, at the commit.

- Channel `maps`: the ids of all maps that changed. Empty where an author changed, or all maps.
- Channel `terrains`: the ids of maps after whose change a cached terrain may be wrong. Plays and ratings do not
  count.
- Channel `pictures`: the `terrain_hash` of maps that changed, were removed or were deleted, because previews of
  that name may be unused. A hundred are in a notification, and at most 2,000 are named by a DELETE. Whether
  another map still has the hash is looked up by the receiver.

`*` stands for more than a hundred ids.
"""

from django.db import migrations

MAPS = """
CREATE FUNCTION maps_notify_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('maps', string_agg(id::text, ',')) FROM (SELECT id FROM after LIMIT 101) AS few;
    RETURN NULL;
END $$;

CREATE FUNCTION maps_notify_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('maps', string_agg(id::text, ',')) FROM (
        (SELECT id FROM before LIMIT 101) UNION (SELECT id FROM after LIMIT 101)
    ) AS few;
    -- Grouped, never joined: a session keeps the plan of a function, whatever the size of the next statement,
    -- and a nested loop over a million rows would take hours.
    PERFORM notify_ids('terrains', string_agg(id::text, ',')) FROM (
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

CREATE FUNCTION maps_notify_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_ids('maps', string_agg(id::text, ',')),
        notify_ids('terrains', string_agg(id::text, ','))
    FROM (SELECT id FROM before LIMIT 101) AS few;
    RETURN NULL;
END $$;

CREATE FUNCTION maps_notify_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('maps', '');
    RETURN NULL;
END $$;

CREATE TRIGGER maps_notify_insert AFTER INSERT ON maps
    REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION maps_notify_inserted();
CREATE TRIGGER maps_notify_update AFTER UPDATE ON maps
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION maps_notify_updated();
CREATE TRIGGER maps_notify_delete AFTER DELETE ON maps
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION maps_notify_deleted();
CREATE TRIGGER maps_notify_truncate AFTER TRUNCATE ON maps
    FOR EACH STATEMENT EXECUTE FUNCTION maps_notify_all();
CREATE TRIGGER maps_notify_author AFTER UPDATE OF username, level ON users
    FOR EACH STATEMENT EXECUTE FUNCTION maps_notify_all();
"""
DROP_MAPS = """
DROP TRIGGER maps_notify_author ON users;
DROP TRIGGER maps_notify_truncate ON maps;
DROP TRIGGER maps_notify_delete ON maps;
DROP TRIGGER maps_notify_update ON maps;
DROP TRIGGER maps_notify_insert ON maps;
DROP FUNCTION maps_notify_all();
DROP FUNCTION maps_notify_deleted();
DROP FUNCTION maps_notify_updated();
DROP FUNCTION maps_notify_inserted();
"""
PICTURES = """
CREATE FUNCTION maps_pictures_unused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pictures', OLD.terrain_hash);
    RETURN NULL;
END $$;

-- For each row: WHEN compares the row before and after, without a join.
CREATE TRIGGER maps_pictures_update AFTER UPDATE ON maps FOR EACH ROW
    WHEN (OLD.terrain_hash <> '' AND (
        NEW.terrain_hash <> OLD.terrain_hash
        OR (OLD.removed_at IS NULL AND NEW.removed_at IS NOT NULL)))
    EXECUTE FUNCTION maps_pictures_unused();

CREATE FUNCTION maps_pictures_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pictures', string_agg(terrain_hash, ',')) FROM (
        SELECT terrain_hash, (row_number() OVER () - 1) / 100 AS part
        FROM (SELECT DISTINCT terrain_hash FROM before WHERE terrain_hash <> '' LIMIT 2000) AS gone
    ) AS numbered GROUP BY part;
    RETURN NULL;
END $$;

CREATE TRIGGER maps_pictures_delete AFTER DELETE ON maps
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION maps_pictures_deleted();
"""
DROP_PICTURES = """
DROP TRIGGER maps_pictures_delete ON maps;
DROP FUNCTION maps_pictures_deleted();
DROP TRIGGER maps_pictures_update ON maps;
DROP FUNCTION maps_pictures_unused();
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0004_changes"), ("accounts", "0003_triggers")]

    operations = [
        migrations.RunSQL(MAPS, DROP_MAPS),
        migrations.RunSQL(PICTURES, DROP_PICTURES),
    ]
