"""The indexes that the orders of the browser are read off, and what searches are found by."""

from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.expressions import CombinedExpression

from maps.models.querysets import PUBLISHED
from maps.search.language import SEPARATORS

# What conditions look at. A walk along an order reads them from the index itself, so that passing by a
# million maps that don't meet a condition costs a tenth of a second and not some.
CONDITIONS = ("rating", "play_count", "terrains", "width", "height")


def order_index(name: str, column: str) -> models.Index:
    """The index of published maps by a column, the largest first, with what conditions look at."""
    return models.Index(
        fields=[f"-{column}", "-id"],
        include=[other for other in CONDITIONS if other != column],
        condition=PUBLISHED,
        name=name,
    )


def search_expression() -> CombinedExpression:
    """The words of name and description, split as a search is (maps/search/language.py)."""
    name = SearchVector(_words("name"), weight="A", config="english")
    return name + SearchVector(_words("description"), weight="B", config="english")


def _words(column: str) -> models.Func:
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
