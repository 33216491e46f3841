"""Documents of lists of maps, only for the schema of the REST API: the database builds the JSON."""

from typing import Any

from rest_framework import serializers

from config.db import keyset
from maps.browse.queries import DEFAULT_PAGE_SIZE, MAX_ESTIMATE, MAX_PAGE_SIZE, OWN_FILTER
from maps.search.language import MAX_QUERY_LENGTH
from maps.search.sql import DEFAULT_ORDER, ORDERS
from maps.serializers import MapCard


def optional_text(help_text: str) -> serializers.CharField:
    """Returns a field for a parameter that may be missing or empty."""
    return serializers.CharField(required=False, allow_blank=True, help_text=help_text)


class MapPage(serializers.Serializer[Any]):
    """A page of maps, with the cursors of the pages before and after it."""

    results = MapCard(many=True, help_text="The maps of this page, in the requested order.")
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")
    previous = serializers.CharField(allow_null=True, help_text="Cursor of the previous page.")
    notes = serializers.ListField(
        child=serializers.CharField(), help_text="Parts of the search that were ignored, and why."
    )
    corrected = serializers.CharField(
        allow_null=True,
        help_text="The words that were searched for instead, because the given words match nothing.",
    )
    suggestions = serializers.ListField(
        child=serializers.CharField(),
        help_text="Conditions to use instead of those that match nothing, such as `author:SwiftFox`.",
    )
    count = serializers.IntegerField(
        min_value=0,
        max_value=MAX_ESTIMATE,
        allow_null=True,
        help_text="The number of maps on all pages if `count=yes` asked for it, null otherwise.",
    )
    count_is_estimate = serializers.BooleanField(
        help_text="Whether `count` is an estimate, as it is above 1,000."
    )


class BrowseQuery(serializers.Serializer[Any]):
    """The parameters of the list. `maps.browse.queries` parses them."""

    q = serializers.CharField(
        max_length=MAX_QUERY_LENGTH,
        required=False,
        allow_blank=True,
        help_text='Words and conditions, such as `ember "old forge" -swamp author:mira rating>4'
        " size<50 plays>=100 terrain:lava`.",
    )
    sort = serializers.ChoiceField(
        choices=list(ORDERS), default=DEFAULT_ORDER, help_text="The order of the list."
    )
    cursor = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=keyset.MAX_CURSOR_LENGTH,
        help_text="A cursor from `next` or `previous`.",
    )
    page_size = serializers.IntegerField(
        min_value=1,
        max_value=MAX_PAGE_SIZE,
        default=DEFAULT_PAGE_SIZE,
        help_text="The number of maps on a page.",
    )
    filter = serializers.ChoiceField(
        choices=[OWN_FILTER],
        required=False,
        help_text="`own`: the caller's own maps, drafts included.",
    )
    count = serializers.ChoiceField(
        choices=["yes", "no"],
        default="no",
        help_text="`yes`: the response has the number of maps on all pages.",
    )
    author = optional_text("A username.")
    terrain = optional_text("The name of a terrain, such as Lava.")
    rating_min = optional_text("Stars, 0 to 5.")
    size_min = optional_text("Cells of the longer side.")
    size_max = optional_text("Cells of the longer side.")
    plays_min = optional_text("A number.")
    played = optional_text("yes or no; needs a token.")
    favourite = optional_text("yes or no; needs a token.")
