"""The page of open lobbies: which it shows, and what a card there says."""

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse

from maps.models import GameMap
from sessions_app.lists import CARDS, MOST_LISTED


@dataclass(frozen=True)
class Wanted:
    """What a reader looks for: a map, words of its name, and how many seats must be free."""

    map_id: UUID | None = None
    words: str = ""
    free: int = 1

    def conditions(self) -> tuple[str, list[Any]]:
        """The same as SQL, to be appended to what is asked of every card."""
        conditions, values = "AND g.seat_limit - seated.count >= %s", [self.free]
        if self.map_id:
            return f"{conditions} AND m.id = %s", [*values, self.map_id]
        if self.words:
            conditions += " AND strpos(lower(m.name), lower(%s)) > 0"
            return conditions, [*values, self.words]
        return conditions, list(values)


def find(wanted: Wanted) -> list[dict[str, Any]]:
    """The cards of open lobbies, the newest first, as many as the list socket shows at the most."""
    narrowed, values = wanted.conditions()
    with connection.cursor() as cursor:
        cursor.execute(CARDS.format(narrowed=narrowed, limit=MOST_LISTED), values)
        found = [row[0] for row in cursor.fetchall()]
    maps = GameMap.objects.for_cards().in_bulk({facts["map"]["id"] for facts in found})
    pictures = {str(game_map.pk): game_map.card_picture for game_map in maps.values()}
    return [card(facts, pictures[facts["map"]["id"]]) for facts in found]


def card(facts: dict[str, Any], picture: str) -> dict[str, Any]:
    """What the template shows of a lobby: besides the facts its address, picture, age and seats."""
    free = facts["free_seats"]
    return facts | {
        "url": reverse("lobbies:detail", args=[facts["id"]]),
        "picture": picture,
        "created_at": datetime.datetime.fromisoformat(facts["created_at"]),
        "pips": pips(facts["seats"], free),
        "taken": facts["seats"] - free,
    }


def pips(seats: int, free: int) -> list[bool]:
    """Seats as shapes: true for each that is taken, those first."""
    return [True] * (seats - free) + [False] * free
