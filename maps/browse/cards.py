"""Cards of maps for templates: the JSON of the REST API as Python values, with the viewer's marks."""

import datetime
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson

from accounts.models import Viewer
from maps.browse.queries import find_maps
from maps.feedback.queries import find_marks
from maps.models import GameMap
from maps.search.sql import BrowseRequest

Card = dict[str, Any]
PAGE_SIZE = 24  # cards on a page of the site
MAX_OTHER_MAPS = 4  # of the author, beside a map
EXPIRED_CURSOR = "That link has expired. Here’s the first page."


def read_cards(texts: Iterable[str]) -> list[Card]:
    """Parses the cards of a page of results."""
    cards: list[Card] = [orjson.loads(text) for text in texts]
    for card in cards:
        card["created_at"] = datetime.datetime.fromisoformat(card["created_at"])
    return cards


def add_marks(viewer: Viewer, cards: list[Card]) -> list[Card]:
    """Returns the cards with the viewer's marks under `marks`; None for a viewer who is not signed in."""
    marks = find_marks(viewer.pk, [card["id"] for card in cards])
    return [card | {"marks": marks.get(card["id"])} for card in cards]


def marked_cards(viewer: Viewer, texts: Iterable[str]) -> list[Card]:
    """Parses the cards of a page of results, and adds the viewer's marks."""
    return add_marks(viewer, read_cards(texts))


def other_maps(game_map: GameMap) -> list[Card]:
    """Returns the cards of the author's newest other maps."""
    browse = BrowseRequest(sort="new", size=MAX_OTHER_MAPS + 1, author=str(game_map.user_id))
    cards = read_cards(find_maps(browse).cards)
    return [card for card in cards if card["id"] != str(game_map.pk)][:MAX_OTHER_MAPS]


def find_visible_map(viewer: Viewer, map_id: UUID | None) -> GameMap | None:
    """Returns the map with this id, with the columns of a card, if the viewer may see it."""
    visible = GameMap.objects.visible_to(viewer).for_cards()
    return visible.filter(pk=map_id).first() if map_id else None
