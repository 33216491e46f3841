"""Words of what everybody may read, as maps.search.spelling corrects typing errors by.

Words too common to search by ("the") have no stem, and are not learned: they are nobody's typing error, and no
whole word to look for. Words that no published map has any more are deleted daily (maps.search.spelling.delete_unused_words).
"""

from importlib import import_module

from django.db import migrations

SEPARATORS = import_module("maps.migrations.0001_initial").SEPARATORS
SPLIT = f"""
CREATE FUNCTION maps_words_of(name text, description text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT word
    FROM regexp_split_to_table(lower(name || ' ' || coalesce(description, '')), '[{SEPARATORS}]+') AS word
    WHERE length(word) BETWEEN 3 AND 30
$$;
"""
LEARN = """
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
UNDO = """
DROP TRIGGER maps_learn_words_update ON maps;
DROP TRIGGER maps_learn_words_insert ON maps;
DROP FUNCTION maps_learn_words_again();
DROP FUNCTION maps_learn_words();
DROP FUNCTION maps_words_of(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0004_changes")]
    operations = [migrations.RunSQL(SPLIT + LEARN, UNDO)]
