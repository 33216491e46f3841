"""Every route of the site that can be looked at, from the URL resolver: by whom, and what the database does.

A route whose parameters nobody here knows, or that shows its page to none of the visitors, is a fault.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.work import Counter, Work

# Routes that answer none of the visitors with a page.
WITHOUT_PAGE = {
    "home": "leads to the maps",
    "admin:view_on_site": "leads to a page",
    "admin:password_change": "leads to the account",
    "admin:autocomplete": "no form of the admin asks it",
    "admin:maps_gamemap_add": "maps are made on the site",
    "admin:sessions_app_gamesession_add": "games are opened on the site",
    "api:game-session-state": "409 in a lobby; that of a game is one value of Redis",
}
Parameters = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """A route by its name with namespaces, and the names of what stands in its address."""

    name: str
    parameters: tuple[str, ...]


def routes(patterns: Any = None, namespace: str = "") -> Iterator[Route]:
    """All routes that have a name."""
    from django.urls import URLResolver, get_resolver

    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, inner)
        elif pattern.name:
            yield Route(namespace + pattern.name, tuple(pattern.pattern.regex.groupindex))


class Visitors:
    """A stranger, a player in a lobby, one who is not, and an administrator; and what addresses name."""

    def __init__(self, counter: Counter) -> None:
        from django.test import Client

        from accounts.tokens.actions import start_family

        self.counter = counter
        self.numbers = itertools.count(1)
        self.people = make_people()
        self.parameters = make_things(self.people["player"])
        self.clients = {"stranger": Client(SERVER_NAME="localhost")}
        self.tokens = {}
        for name, person in self.people.items():
            self.clients[name] = Client(SERVER_NAME="localhost")
            self.clients[name].force_login(person)
            self.tokens[name] = start_family(person, "bench")[0]

    def address(self, route: Route) -> str:
        """Its address. Raises LookupError for a parameter that nobody knows."""
        from django.urls import reverse

        known = self.parameters | self.parameters.get(route.name, {})
        if kind := re.match(r"admin:(\w+?)_(user|tribe|gamemap|gamesession|group)_", route.name):
            known["object_id"] = known["id"] = known[f"a {kind[2]}"]
        return reverse(route.name, kwargs={name: known[name] for name in route.parameters})

    def look(self, visitor: str, address: str) -> tuple[int, Work]:
        """The status of the answer and the work, when nothing is kept but what a process learns once."""
        from config.redis.clients import disposable

        for _ in range(2):
            disposable().clear()
            number = next(self.numbers)  # each from another address, which the limits count
            more: dict[str, Any] = {
                "REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            }
            if address.startswith("/api/") and visitor in self.tokens:
                more["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[visitor]}"
            with self.counter.counting() as work:
                answer = self.clients[visitor].get(address, **more)
                for _ in answer if answer.streaming else ():
                    pass
        return answer.status_code, work


def make_people() -> dict[str, Any]:
    """Those who sign in, by what they are here."""
    from accounts.models import User

    staff = {"is_staff": True, "is_superuser": True}
    return {
        "player": User.objects.create_user("Watcher", "watcher@example.com", "!"),
        "guest": User.objects.create_user("Guest", "guest@example.com", "!"),
        "chief": User.objects.create_user("Chief", "chief@example.com", "!", **staff),
    }


def make_things(player: Any) -> Parameters:
    """What a player has, a little of each, and the parameters of addresses that lead there."""
    from django.contrib.auth.models import Group
    from django.contrib.auth.tokens import default_token_generator
    from django.contrib.contenttypes.models import ContentType
    from django.utils.encoding import force_bytes
    from django.utils.http import urlsafe_base64_encode

    from accounts.identity.links import verification_tokens
    from maps.drawing.pictures import DRAWING_VERSION
    from maps.models import GameMap, MapCollection, MapCollectionEntry
    from maps.previews import preview_files
    from sessions_app.lobby import actions as lobby_actions
    from sessions_app.lobby.transactions import run
    from tribes.models import Tribe

    game_map = GameMap.objects.defer("search").filter(is_public=True)[0]
    copied = {
        field.attname: getattr(game_map, field.attname)
        for field in GameMap._meta.concrete_fields
        if not field.generated and field.attname not in ("id", "user_id", "name", "search")
    }
    own = [GameMap.objects.create(user=player, name=f"Own {n}", **copied) for n in range(3)]
    preview_files.draw_missing(own[0].pk)  # tasks do not run here
    tribe = Tribe.objects.create(
        user=player,
        name="Ravens",
        archetype="Aggressive",
        damage_bonus="0.50",
        color_theme="#FFD700",
    )
    shelf = MapCollection.objects.create(user=player, name="Shelf", is_public=True)
    for n, kept in enumerate(own):
        MapCollectionEntry.objects.create(collection=shelf, map=kept, position=n + 1)
    lobby = run(lobby_actions.create, player.pk, map_id=own[0].pk, tribe_id=tribe.pk).after
    who = urlsafe_base64_encode(force_bytes(player.pk))
    return {
        "map_id": own[0].pk,
        "username": player.username,
        "collection_id": shelf.pk,
        "tribe_id": tribe.pk,
        "session_id": lobby.id,
        "lobby_id": lobby.id,
        "code": lobby.code,
        "uidb64": who,
        "size": "card",
        "form": "webp",
        "content": f"{own[0].terrain_hash}-{DRAWING_VERSION}",
        "accounts:verify": {"token": verification_tokens.make_token(player)},
        "accounts:reset": {"token": default_token_generator.make_token(player)},
        "content_type_id": ContentType.objects.get_for_model(GameMap).pk,
        "object_id": own[0].pk,
        "app_label": "maps",
        "a user": player.pk,
        "a tribe": tribe.pk,
        "a gamemap": own[0].pk,
        "a gamesession": lobby.id,
        "a group": Group.objects.first().pk,  # type: ignore[union-attr]
    }
