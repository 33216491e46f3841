"""The indexes that the orders of the browser are read off."""

from django.db import models

from maps.querysets import PUBLISHED

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
