"""What follows a change of maps, however it is made: a new version, and word to whoever keeps copies.

The version counts changes of what the author made, so that two editors at once can't undo each other
(`If-Match`), and not the stars and plays that come from others. The word goes out on channel `maps`
when a transaction commits: the ids of the maps that changed, or nothing where the lists alone may
differ, or where they are many.
"""

from django.db import migrations

AUTHORED = "name description width height terrain_data spawn_point goal_point wave_config".split()
VERSION = """
CREATE FUNCTION maps_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER maps_next_version BEFORE UPDATE OF {columns} ON maps
    FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION maps_next_version();
""".format(
    columns=", ".join(AUTHORED),
    old=", ".join(f"OLD.{column}" for column in AUTHORED),
    new=", ".join(f"NEW.{column}" for column in AUTHORED),
)
TELL = """
CREATE FUNCTION maps_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('maps', '');
    RETURN NULL;
END $$;
CREATE FUNCTION maps_tell_which() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids text;
BEGIN
    -- A message has 8,000 bytes at the most.
    SELECT string_agg(id::text, ',') INTO ids FROM (SELECT id FROM changed LIMIT 101) AS few;
    IF ids IS NOT NULL THEN
        PERFORM pg_notify('maps', CASE WHEN length(ids) > 3700 THEN '*' ELSE ids END);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER maps_tell_insert AFTER INSERT ON maps
    FOR EACH STATEMENT EXECUTE FUNCTION maps_tell();
CREATE TRIGGER maps_tell_update AFTER UPDATE ON maps
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_which();
CREATE TRIGGER maps_tell_delete AFTER DELETE ON maps
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION maps_tell_which();
CREATE TRIGGER maps_tell_author AFTER UPDATE OF username, level ON users
    FOR EACH STATEMENT EXECUTE FUNCTION maps_tell();
"""
# Words of names that everybody may read, as maps.spelling corrects by.
LEARN = """
CREATE FUNCTION maps_learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO map_words (word)
    SELECT DISTINCT word
    FROM changed, regexp_split_to_table(lower(changed.name), '[^[:alnum:]]+') AS word
    WHERE changed.is_public AND changed.hidden_at IS NULL AND length(word) BETWEEN 3 AND 30
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER maps_learn_words_insert AFTER INSERT ON maps
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION maps_learn_words();
-- By row, since triggers with transition tables can't be told which columns matter.
CREATE FUNCTION maps_learn_words_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO map_words (word)
    SELECT DISTINCT word FROM regexp_split_to_table(lower(NEW.name), '[^[:alnum:]]+') AS word
    WHERE length(word) BETWEEN 3 AND 30
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER maps_learn_words_update AFTER UPDATE OF name, is_public, hidden_at ON maps
    FOR EACH ROW WHEN (NEW.is_public AND NEW.hidden_at IS NULL)
    EXECUTE FUNCTION maps_learn_words_again();
"""
UNDO = """
DROP TRIGGER maps_learn_words_update ON maps;
DROP TRIGGER maps_learn_words_insert ON maps;
DROP FUNCTION maps_learn_words_again();
DROP FUNCTION maps_learn_words();
DROP TRIGGER maps_tell_author ON users;
DROP TRIGGER maps_tell_delete ON maps;
DROP TRIGGER maps_tell_update ON maps;
DROP TRIGGER maps_tell_insert ON maps;
DROP TRIGGER maps_next_version ON maps;
DROP FUNCTION maps_tell_which();
DROP FUNCTION maps_tell();
DROP FUNCTION maps_next_version();
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0003_moderators"), ("accounts", "0001_initial")]
    operations = [migrations.RunSQL(VERSION + TELL + LEARN, UNDO)]
