"""The cards on the page of open lobbies: what each says, and its map's picture."""

import datetime
from typing import Any

from django.urls import reverse

from maps.models import GameMap
from sessions_app.lobby.listing import Wanted, listing
from sessions_app.lobby.store import run


def find(wanted: Wanted) -> list[dict[str, Any]]:
    """The cards of open lobbies, the newest first."""
    found, _ = run(listing, wanted)
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
