"""A map is found by its name, whatever stands between the words of it.

PostgreSQL took "North/South" for a file, "v2.1" for a host, "-34" for a number and "<b>" for nothing, where a
search is split into words. Column `search` and the words known to typing errors are now split as it is.

The column is made anew, since PostgreSQL before 17 can't change how one is generated: the table is written
once more and locked meanwhile, so that no search meets it without its index. A site with many maps migrates
while nobody plays.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import migrations, models

SEPARATORS = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf"
    r"\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u0589\u058a\u05be\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ufe00-\ufe0f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
COMMENT = "Words of name and description, stemmed for full-text search."
INDEX = GinIndex(fields=["search"], name="idx_maps_search")


def words(column: str) -> models.Func:
    """A text of which but words are left."""
    separators, space, everywhere = (models.Value(text) for text in (f"[{SEPARATORS}]+", " ", "g"))
    return models.Func(
        models.F(column),
        separators,
        space,
        everywhere,
        function="regexp_replace",
        output_field=models.TextField(),
    )


# As migration 0008 has it, but for where words end.
SPLIT = """
CREATE OR REPLACE FUNCTION maps_words_of(name text, description text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT word
    FROM regexp_split_to_table(lower(name || ' ' || coalesce(description, '')), '{separators}') AS word
    WHERE length(word) BETWEEN 3 AND 30
$$;
"""
# Words that are known do no harm, so that those of before stay.
FILL = """
INSERT INTO map_words (word)
SELECT word FROM (
    SELECT DISTINCT word FROM maps, maps_words_of(name, description) AS word
    WHERE is_public AND hidden_at IS NULL
) AS known
WHERE ts_lexize('english_stem', word) <> '{}'
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [("maps", "0012_hand_made_terrains")]
    operations = [
        migrations.RemoveIndex("gamemap", INDEX.name),
        migrations.RemoveField("gamemap", "search"),
        migrations.AddField(
            "gamemap",
            "search",
            models.GeneratedField(
                expression=SearchVector(words("name"), weight="A", config="english")
                + SearchVector(words("description"), weight="B", config="english"),
                output_field=SearchVectorField(),
                db_persist=True,
                db_comment=COMMENT,
            ),
        ),
        migrations.AddIndex("gamemap", INDEX),
        migrations.RunSQL(
            SPLIT.format(separators=f"[{SEPARATORS}]+"),
            SPLIT.format(separators="[^[:alnum:]]+"),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
