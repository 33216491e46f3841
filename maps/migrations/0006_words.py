"""The words of published maps, for spelling correction: triggers add those of new and changed maps.

Stop words, such as "the", have no stem. They are not added, because no search finds them. Maintenance deletes
the words that no published map has any more.
"""

from django.db import migrations

# The characters between words, as in 0001_initial.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u0589\u058a\u05be\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe00-\ufe0f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
CREATE = f"""
CREATE FUNCTION maps_words_of(name text, description text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT word
    FROM regexp_split_to_table(lower(name || ' ' || coalesce(description, '')), '[{SEPARATORS}]+') AS word
    WHERE length(word) BETWEEN 3 AND 30
$$;

CREATE FUNCTION maps_add_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO map_words (word)
    SELECT word FROM (
        SELECT DISTINCT word FROM changed, maps_words_of(changed.name, changed.description) AS word
        WHERE changed.is_public AND changed.hidden_at IS NULL
    ) AS known
    WHERE ts_lexize('english_stem', word) <> '{{}}'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER maps_add_words_insert AFTER INSERT ON maps
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION maps_add_words();

-- For each row: a trigger with tables of rows can't be limited to columns.
CREATE FUNCTION maps_add_words_of_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO map_words (word)
    SELECT DISTINCT word FROM maps_words_of(NEW.name, NEW.description) AS word
    WHERE ts_lexize('english_stem', word) <> '{{}}'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER maps_add_words_update
    AFTER UPDATE OF name, description, is_public, hidden_at ON maps
    FOR EACH ROW WHEN (NEW.is_public AND NEW.hidden_at IS NULL)
    EXECUTE FUNCTION maps_add_words_of_row();
"""
DROP = """
DROP TRIGGER maps_add_words_update ON maps;
DROP FUNCTION maps_add_words_of_row();
DROP TRIGGER maps_add_words_insert ON maps;
DROP FUNCTION maps_add_words();
DROP FUNCTION maps_words_of(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0005_notifications")]

    operations = [migrations.RunSQL(CREATE, DROP)]
