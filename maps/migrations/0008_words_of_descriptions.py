"""Typing errors are forgiven in descriptions too: their words are learned beside those of names.

Words too common to search by ("the"), which have no stem, are no longer learned: they are nobody's typing
error, and no whole word to look for.
"""

from importlib import import_module

from django.db import migrations

OLD = import_module("maps.migrations.0004_changes").LEARN
UNLEARN = """
DROP TRIGGER maps_learn_words_update ON maps;
DROP TRIGGER maps_learn_words_insert ON maps;
DROP FUNCTION maps_learn_words_again();
DROP FUNCTION maps_learn_words();
"""
WORDS = """
CREATE FUNCTION maps_words_of(name text, description text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT word
    FROM regexp_split_to_table(lower(name || ' ' || coalesce(description, '')), '[^[:alnum:]]+') AS word
    WHERE length(word) BETWEEN 3 AND 30
$$;
"""
LEARN = """
CREATE FUNCTION maps_learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO map_words (word)
    SELECT word FROM (
        SELECT DISTINCT word FROM changed, maps_words_of(changed.name, changed.description) AS word
        WHERE changed.is_public AND changed.hidden_at IS NULL
    ) AS known
    WHERE ts_lexize('english_stem', word) <> '{}'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER maps_learn_words_insert AFTER INSERT ON maps
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION maps_learn_words();
-- By row, since triggers with transition tables can't be told which columns matter.
CREATE FUNCTION maps_learn_words_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO map_words (word)
    SELECT DISTINCT word FROM maps_words_of(NEW.name, NEW.description) AS word
    WHERE ts_lexize('english_stem', word) <> '{}'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER maps_learn_words_update
    AFTER UPDATE OF name, description, is_public, hidden_at ON maps
    FOR EACH ROW WHEN (NEW.is_public AND NEW.hidden_at IS NULL)
    EXECUTE FUNCTION maps_learn_words_again();
"""
FILL = """
INSERT INTO map_words (word)
SELECT word FROM (
    SELECT DISTINCT word FROM maps, maps_words_of(name, description) AS word
    WHERE is_public AND hidden_at IS NULL
) AS known
ON CONFLICT DO NOTHING;
DELETE FROM map_words WHERE ts_lexize('english_stem', word) = '{}';
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0007_collections")]
    operations = [
        migrations.RunSQL(
            UNLEARN + WORDS + LEARN,
            UNLEARN + "DROP FUNCTION maps_words_of(text, text);" + OLD,
        ),
        # Words that are known do no harm to the version before.
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
