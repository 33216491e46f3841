"""The indexes of the sort orders, and the search column."""

from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.expressions import CombinedExpression

from maps.models.conditions import PUBLISHED
from maps.search.language import SEPARATORS

# The columns that conditions compare. They are part of the index, so that an index-only scan can skip a
# million maps that do not meet a condition in 0.1 s instead of several seconds.
COMPARED_COLUMNS = ("rating", "play_count", "terrains", "width", "height")


def order_index(name: str, column: str) -> models.Index:
    """Returns an index of published maps by a column, the largest first, with COMPARED_COLUMNS."""
    return models.Index(
        fields=[f"-{column}", "-id"],
        include=[other for other in COMPARED_COLUMNS if other != column],
        condition=PUBLISHED,
        name=name,
    )


def search_expression() -> CombinedExpression:
    """Returns the words of name and description, split like queries (maps/search/language.py)."""
    name = SearchVector(_words("name"), weight="A", config="english")
    return name + SearchVector(_words("description"), weight="B", config="english")


def _words(column: str) -> models.Func:
    """Returns a text column with all word separators replaced by spaces."""
    separators, space, everywhere = (models.Value(text) for text in (f"[{SEPARATORS}]+", " ", "g"))
    return models.Func(
        models.F(column),
        separators,
        space,
        everywhere,
        function="regexp_replace",
        output_field=models.TextField(),
    )
