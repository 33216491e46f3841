"""The table of words of published maps, for suggestions."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class MapWord(models.Model):
    """A word of a published map, for maps.search.spelling. Triggers (migration 0006_words) add the rows."""

    word = models.CharField(primary_key=True, max_length=30, db_comment="The word, in lower case.")

    class Meta:
        db_table = "map_words"
        db_table_comment = "Words of published names and descriptions, for spelling correction."
        indexes = [
            GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="idx_map_words_trigrams")
        ]

    def __str__(self) -> str:
        return self.word
