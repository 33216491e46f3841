r"""Search in every language: what the column `search` has, and functions that turn words into queries.

The column has a lexeme for each word of a map, with a weight:

- A: the words of the name, case-folded and stemmed, stop words included; B: those of the description, without.
- C and D: what else finds the name and the description. That is the folded text (without accents) if it differs, and
  the parts of words such as "EpicLoot" and "Level9"; for the name also two, three and all neighbouring words joined.

Scripts without spaces between words (Han, kana, Hangul, Thai, Khmer …) have a lexeme for each two neighbouring
characters, and for the last one alone. PostgreSQL's own parser would split Thai at its vowel signs, and depends on
the locale, so it only parses plain ASCII.

The kinds of lexemes have positions of their own: the words of the name from 1 (folded 300, parts 600), those of the
description from 1,000 (folded 7,000, parts 13,000); in plain ASCII ten apart. So no phrase begins in one and ends in another.

A trigger fills the column. It was a generated column before, whose expression can't be changed without writing the
whole table anew, terrains included. The next migration fills the rows that exist.

It takes less than a second, whatever the number of maps, and needs the lock of the table for milliseconds.
"""

from django.contrib.postgres.search import SearchVectorField
from django.db import migrations

# The characters between words, as in 0001_initial.
SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u0589\u058a\u05be\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe00-\ufe0f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
# Letters, signs and digits of scripts without spaces between words: Thai, Lao, Tibetan, Burmese, Hangul, Khmer, Tai,
# Han, kana, Bopomofo, Yi.
UNSPACED = (
    r"\u0e01-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf"
    r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3031-\u303f\u3041-\u30fa\u30fc-\u31bf\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaadf\uac00-\ud7ff"
    r"\uf900-\ufaff\U00016fe0-\U00018cff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
CONFIGURATION = """
CREATE TEXT SEARCH DICTIONARY maps_stem (TEMPLATE = snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION maps_name (COPY = english);
ALTER TEXT SEARCH CONFIGURATION maps_name ALTER MAPPING REPLACE english_stem WITH maps_stem;
"""
DROP_CONFIGURATION = """
DROP TEXT SEARCH CONFIGURATION maps_name;
DROP TEXT SEARCH DICTIONARY maps_stem;
"""
WORDS = rf"""
-- The stem of a word, also of a stop word. Words with digits have none.
CREATE FUNCTION maps_lexeme(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN word ~ '[0-9]' THEN left(word, 400)
    ELSE coalesce((ts_lexize('maps_stem', left(word, 400)))[1], left(word, 400)) END;

-- The words of a text with their places. Kinds: `word`; `pair` of neighbouring characters of a script without spaces;
-- `end`, the last character after pairs; `single`, one character without neighbours.
CREATE FUNCTION maps_split(value text, OUT word text, OUT place integer, OUT kind text)
RETURNS SETOF record LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 20 AS $$
BEGIN
    IF value !~ '[{UNSPACED}]' THEN
        RETURN QUERY SELECT part, n::integer, 'word'
        FROM regexp_split_to_table(value, '[{SEPARATORS}]+') WITH ORDINALITY AS parts (part, n)
        WHERE part <> '';
        RETURN;
    END IF;
    RETURN QUERY
    WITH parts AS (
        SELECT match[1] AS part, n, match[1] ~ '^[{UNSPACED}]' AS is_run,
            CASE WHEN match[1] ~ '^[{UNSPACED}]' THEN length(match[1]) ELSE 1 END AS size
        FROM regexp_matches(value, '[{UNSPACED}]+|[^{UNSPACED}{SEPARATORS}]+', 'g')
            WITH ORDINALITY AS matches (match, n)
    ), placed AS (
        SELECT part, is_run, size, (sum(size) OVER (ORDER BY n) - size)::integer AS before FROM parts
    )
    SELECT part, before + 1, 'word' FROM placed WHERE NOT is_run
    UNION ALL
    SELECT substr(part, i, 2), before + i,
        CASE WHEN i < size THEN 'pair' WHEN size > 1 THEN 'end' ELSE 'single' END
    FROM placed, generate_series(1, size) AS i WHERE is_run;
END $$;

-- A text with spaces between the parts of its words: "Epic Loot" of "EpicLoot", "Level 9" of "Level9".
CREATE FUNCTION maps_divide(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN value ~ '[[:lower:]][[:upper:]]|[[:alpha:]][0-9]|[0-9][[:alpha:]]|[[:upper:]][[:upper:]][[:lower:]]'
    THEN regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(value, '([[:lower:]])(?=[[:upper:]])', '\1 ', 'g'),
                '([[:upper:]])(?=[[:upper:]][[:lower:]])', '\1 ', 'g'),
            '([[:alpha:]])(?=[0-9])', '\1 ', 'g'),
        '([0-9])(?=[[:alpha:]])', '\1 ', 'g')
    ELSE value END;
"""
DROP_WORDS = """
DROP FUNCTION maps_divide(text);
DROP FUNCTION maps_split(text);
DROP FUNCTION maps_lexeme(text);
"""
VECTOR = rf"""
CREATE FUNCTION maps_search_vector_of_any(name text, description text)
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    title text := text_casefold(name);
    folded_title text := text_fold(name);
    divided_title text := maps_divide(name);
    about text := text_casefold(description);
    folded_about text := text_fold(description);
    divided_about text;
    words text[];
    lexemes text;
BEGIN
    words := ARRAY(
        SELECT word FROM maps_split(text_fold(divided_title)) WHERE kind = 'word' ORDER BY place);
    IF divided_title <> name THEN
        divided_title := text_fold(divided_title);
    ELSE
        divided_title := NULL;
    END IF;
    IF maps_divide(description) <> description THEN
        divided_about := text_fold((
            SELECT string_agg(maps_divide(word), ' ')
            FROM regexp_split_to_table(description, '[{SEPARATORS}]+') AS word
            WHERE maps_divide(word) <> word));
    END IF;
    SELECT string_agg('''' || lexeme || ''':' || place || weight, ' ') INTO lexemes FROM (
        SELECT CASE kind WHEN 'word' THEN maps_lexeme(word) ELSE word END AS lexeme, place, 'A' AS weight
        FROM maps_split(title)
        UNION ALL
        SELECT CASE kind WHEN 'word' THEN maps_lexeme(word) ELSE word END, 300 + place, 'C'
        FROM maps_split(folded_title) WHERE folded_title <> title
        UNION ALL
        SELECT maps_lexeme(word), 600 + place, 'C'
        FROM maps_split(divided_title) WHERE divided_title IS NOT NULL AND kind = 'word'
        UNION ALL
        SELECT maps_lexeme(array_to_string(words[i : i + size - 1], '')), 16383, 'C'
        FROM generate_series(1, cardinality(words) - 1) AS i, unnest(ARRAY[2, 3]) AS size
        WHERE i + size - 1 <= cardinality(words)
        UNION ALL
        SELECT maps_lexeme(array_to_string(words, '')), 16383, 'C' WHERE cardinality(words) > 3
        UNION ALL
        SELECT CASE kind WHEN 'word' THEN maps_lexeme(word) ELSE word END, 1000 + place, 'B'
        FROM maps_split(about)
        WHERE about IS NOT NULL AND (kind <> 'word' OR ts_lexize('english_stem', left(word, 400)) <> '{{}}')
        UNION ALL
        SELECT CASE kind WHEN 'word' THEN maps_lexeme(word) ELSE word END, 7000 + place, 'D'
        FROM maps_split(folded_about)
        WHERE folded_about <> about
            AND (kind <> 'word' OR ts_lexize('english_stem', left(word, 400)) <> '{{}}')
        UNION ALL
        SELECT maps_lexeme(word), least(13000 + place, 16382), 'D'
        FROM maps_split(divided_about)
        WHERE divided_about IS NOT NULL AND kind = 'word'
            AND ts_lexize('english_stem', left(word, 400)) <> '{{}}'
    ) AS found;
    RETURN coalesce(lexemes, '')::tsvector;
END $$;

-- For plain ASCII: PostgreSQL's parser is much faster, and splits it at spaces, except that it reads 1e5 as a number
-- also at the beginning of a word, or of words that are joined.
CREATE FUNCTION maps_search_vector_of_ascii(name text, description text)
RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    title text := btrim(regexp_replace(lower(name), '[^a-z0-9]+', ' ', 'g'));
    divided text := maps_divide(name);
    words text[];
    count integer;
    joined text := '';
    -- Ten stop words, so that no phrase begins in one text and ends in another.
    gap CONSTANT text := 'the the the the the the the the the the ';
    found tsvector := setweight(to_tsvector('maps_name', title), 'A');
BEGIN
    IF divided <> name THEN
        divided := btrim(regexp_replace(lower(divided), '[^a-z0-9]+', ' ', 'g'));
        words := string_to_array(divided, ' ');
    ELSE
        divided := NULL;
        words := string_to_array(title, ' ');
    END IF;
    count := cardinality(words);
    FOR i IN 1 .. count - 1 LOOP
        joined := joined || ' ' || words[i] || words[i + 1];
        IF i + 2 <= count THEN
            joined := joined || ' ' || words[i] || words[i + 1] || words[i + 2];
        END IF;
    END LOOP;
    IF count > 3 THEN
        joined := joined || ' ' || array_to_string(words, '');
    END IF;
    IF description IS NOT NULL THEN
        found := found || setweight(
            to_tsvector('english', gap || regexp_replace(lower(description), '[^a-z0-9]+', ' ', 'g')), 'B');
        IF description ~ '[[:lower:]][[:upper:]]|[[:alpha:]][0-9]|[0-9][[:alpha:]]|[[:upper:]][[:upper:]][[:lower:]]' THEN
            found := found || setweight(
                to_tsvector('english', gap || (
                    SELECT lower(string_agg(maps_divide(word), ' '))
                    FROM regexp_split_to_table(description, '[^A-Za-z0-9]+') AS word
                    WHERE maps_divide(word) <> word)), 'D');
        END IF;
    END IF;
    IF divided IS NOT NULL THEN
        found := found || setweight(to_tsvector('english', gap) || to_tsvector('maps_name', divided), 'C');
    END IF;
    RETURN found || setweight(to_tsvector('maps_name', joined), 'C');
END $$;

CREATE FUNCTION maps_search_vector(name text, description text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(name || coalesce(description, '')) = length(name || coalesce(description, ''))
        AND regexp_replace(name || coalesce(description, ''), '[^A-Za-z0-9]+', '', 'g') !~ '[0-9][eE][0-9]'
    THEN maps_search_vector_of_ascii(name, description)
    ELSE maps_search_vector_of_any(name, description) END;

CREATE FUNCTION maps_set_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search := maps_search_vector(NEW.name, NEW.description);
    RETURN NEW;
END $$;

ALTER TABLE maps ALTER COLUMN search DROP EXPRESSION;
COMMENT ON COLUMN maps.search IS 'Words of name and description, as a search finds them. A trigger sets it.';

CREATE TRIGGER maps_set_search_insert BEFORE INSERT ON maps
    FOR EACH ROW EXECUTE FUNCTION maps_set_search();
CREATE TRIGGER maps_set_search_update BEFORE UPDATE OF name, description, search ON maps
    FOR EACH ROW EXECUTE FUNCTION maps_set_search();
"""
DROP_VECTOR = f"""
DROP TRIGGER maps_set_search_update ON maps;
DROP TRIGGER maps_set_search_insert ON maps;
DROP FUNCTION maps_set_search();
DROP FUNCTION maps_search_vector(text, text);
DROP FUNCTION maps_search_vector_of_ascii(text, text);
DROP FUNCTION maps_search_vector_of_any(text, text);

-- Writes the table anew: minutes for a million maps.
ALTER TABLE maps DROP COLUMN search;
ALTER TABLE maps ADD COLUMN search tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english'::regconfig, regexp_replace(coalesce(name, ''), '[{SEPARATORS}]+', ' ', 'g')), 'A')
    || setweight(
        to_tsvector('english'::regconfig, regexp_replace(coalesce(description, ''), '[{SEPARATORS}]+', ' ', 'g')), 'B')
) STORED;
COMMENT ON COLUMN maps.search IS 'Words of name and description, stemmed for full-text search.';
CREATE INDEX idx_maps_search ON maps USING gin (search);
"""
QUERIES = rf"""
-- A phrase as the text of a tsquery, or null without words. The last word may be unfinished; `stems` are those of the
-- words that begin with it. Without stop words, the distances between the others stay.
CREATE FUNCTION maps_phrase(
    value text, weights text, is_unfinished boolean, stems text[], has_stop_words boolean
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg(
        CASE WHEN place > before THEN '<' || place - before || '> ' ELSE '' END || lexeme, ' ' ORDER BY place)
    FROM (
        SELECT place, lag(place) OVER (ORDER BY place) AS before,
            CASE
                WHEN kind = 'pair' THEN '''' || word || ''':' || weights
                WHEN kind = 'single' THEN '''' || word || ''':*' || weights
                WHEN is_unfinished AND place = last_place THEN
                    '(' || array_to_string(
                        '''' || word || ''':*' || weights
                        || ARRAY(SELECT '''' || stem || ''':' || weights FROM unnest(stems) AS stem),
                        ' | ') || ')'
                ELSE '''' || maps_lexeme(word) || ''':' || weights
            END AS lexeme
        FROM (SELECT *, max(place) FILTER (WHERE kind <> 'end') OVER () AS last_place FROM maps_split(value)) AS words
        WHERE kind <> 'end'
            AND (has_stop_words OR kind <> 'word' OR ts_lexize('english_stem', left(word, 400)) <> '{{}}'
                OR (is_unfinished AND place = last_place))
    ) AS lexemes
$$;

-- The queries of a word or phrase: what has it exactly, in name or description, and what has it in any way. The last
-- word may be unfinished, unless a map has it as a word. `is_joined`: the words without the spaces between them.
CREATE FUNCTION maps_term_queries(
    value text, is_unfinished boolean, is_joined boolean, OUT exact text, OUT loose text
) LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    written text := text_casefold(value);
    folded text := text_fold(value);
    joined text := regexp_replace(folded, '[{SEPARATORS}]+', '', 'g');
    last_word text := (SELECT word FROM maps_split(folded) WHERE kind <> 'end' ORDER BY place DESC LIMIT 1);
    is_common boolean := ts_lexize('english_stem', left(last_word, 400)) = '{{}}';
    has_common boolean;
    stems text[] := '{{}}';
    known text[];
BEGIN
    IF is_unfinished AND NOT is_joined AND NOT is_common THEN
        is_unfinished := NOT EXISTS (SELECT FROM map_words WHERE word = last_word);
        IF is_unfinished THEN
            stems := ARRAY(
                SELECT maps_lexeme(word) AS stem FROM map_words
                WHERE starts_with(word, last_word) AND NOT starts_with(maps_lexeme(word), last_word)
                    AND word LIKE last_word || '%'
                GROUP BY stem ORDER BY length(maps_lexeme(word)), stem LIMIT 20);
        END IF;
    END IF;
    IF is_joined THEN
        loose := maps_phrase(joined, '', false, stems, true);
        IF is_unfinished THEN
            loose := loose || ' | ' || maps_phrase(joined, '', true, stems, true);
        END IF;
        RETURN;
    END IF;
    has_common := EXISTS (
        SELECT FROM maps_split(folded) WHERE kind = 'word' AND ts_lexize('english_stem', left(word, 400)) = '{{}}');
    exact := maps_phrase(written, 'AB', is_unfinished AND NOT is_common, stems, true);
    known := ARRAY[
        maps_phrase(folded, '', is_unfinished, stems, true),
        maps_phrase(written, '', is_unfinished, stems, true),
        maps_phrase(joined, '', is_unfinished, stems, true),
        -- Joined words are stemmed, but they are not among the known words.
        CASE WHEN is_unfinished THEN maps_phrase(folded, '', false, stems, true) END,
        CASE WHEN maps_divide(value) <> value
            THEN maps_phrase(text_fold(maps_divide(value)), '', is_unfinished, '{{}}', true) END
    ];
    IF has_common THEN
        exact := concat_ws(' | ', exact, maps_phrase(written, 'B', is_unfinished, stems, false));
        known := known || maps_phrase(folded, 'BD', is_unfinished, stems, false);
    END IF;
    loose := (SELECT string_agg(DISTINCT one, ' | ') FROM unnest(known) AS one);
END $$;
"""
DROP_QUERIES = """
DROP FUNCTION maps_term_queries(text, boolean, boolean);
DROP FUNCTION maps_phrase(text, text, boolean, text[], boolean);
"""
# Known words are folded, and have no script without spaces.
KNOWN_WORDS = rf"""
CREATE OR REPLACE FUNCTION maps_words_of(name text, description text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT word
    FROM regexp_split_to_table(text_fold(name || ' ' || coalesce(description, '')), '[{SEPARATORS}]+') AS word
    WHERE length(word) BETWEEN 3 AND 30 AND word !~ '[{UNSPACED}]'
$$;

INSERT INTO map_words (word)
SELECT DISTINCT folded FROM (SELECT text_fold(word) AS folded FROM map_words) AS words
WHERE length(folded) BETWEEN 3 AND 30 AND folded !~ '[{UNSPACED}]'
ON CONFLICT DO NOTHING;
DELETE FROM map_words WHERE word <> text_fold(word) OR word ~ '[{UNSPACED}]';
"""
FORMER_KNOWN_WORDS = rf"""
CREATE OR REPLACE FUNCTION maps_words_of(name text, description text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT word
    FROM regexp_split_to_table(lower(name || ' ' || coalesce(description, '')), '[{SEPARATORS}]+') AS word
    WHERE length(word) BETWEEN 3 AND 30
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0009_validate_normal_form"), ("accounts", "0007_similar_names")]

    operations = [
        migrations.RunSQL(CONFIGURATION, DROP_CONFIGURATION),
        migrations.RunSQL(WORDS, DROP_WORDS),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(VECTOR, DROP_VECTOR)],
            [
                migrations.AlterField(
                    "gamemap",
                    "search",
                    SearchVectorField(
                        null=True,
                        editable=False,
                        db_comment="Words of name and description, as a search finds them. A trigger sets it.",
                    ),
                )
            ],
        ),
        migrations.RunSQL(QUERIES, DROP_QUERIES),
        migrations.RunSQL(KNOWN_WORDS, FORMER_KNOWN_WORDS),
    ]
