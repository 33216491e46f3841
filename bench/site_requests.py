"""Requests to every named route of the site, by several users, and the work of the database for them.

A route is a fault if its parameters have no values here, or if it returns a page to none of the users.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.work import Counter, Work

# Routes that return a page to none of the users, with the reasons.
WITHOUT_PAGE = {
    "home": "redirects to the maps",
    "admin:view_on_site": "redirects to a page",
    "admin:password_change": "redirects to the account",
    "admin:autocomplete": "no form of the admin has such a field",
    "admin:maps_gamemap_add": "maps are made on the site",
    "admin:sessions_app_gamesession_add": "lobbies are opened on the site",
    "api:game-session-state": "409 in a lobby; the state of a game is in Redis",
}
Parameters = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """A route: its name with namespaces, and the names of its parameters."""

    name: str
    parameters: tuple[str, ...]


def find_routes(patterns: Any = None, namespace: str = "") -> Iterator[Route]:
    """Yields all routes that have a name."""
    from django.urls import URLResolver, get_resolver

    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            nested_namespace = (
                f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            )
            yield from find_routes(pattern.url_patterns, nested_namespace)
        elif pattern.name:
            yield Route(namespace + pattern.name, tuple(pattern.pattern.regex.groupindex))


class SiteClients:
    """Clients of a visitor, a player in a lobby, another player and an administrator. Has their data."""

    def __init__(self, counter: Counter) -> None:
        from django.test import Client

        from accounts.tokens.actions import start_family

        self.counter = counter
        self.request_numbers = itertools.count(1)
        self.users = create_users()
        self.parameters = create_data(self.users["player"])
        self.clients = {"visitor": Client(SERVER_NAME="localhost")}
        self.tokens = {}
        for name, user in self.users.items():
            self.clients[name] = Client(SERVER_NAME="localhost")
            self.clients[name].force_login(user)
            self.tokens[name] = start_family(user, "bench")[0]

    def build_path(self, route: Route) -> str:
        """Returns the path of a route. Raises LookupError for an unknown parameter."""
        from django.urls import reverse

        values = self.parameters | self.parameters.get(route.name, {})
        if kind := re.match(r"admin:(\w+?)_(user|tribe|gamemap|gamesession|group)_", route.name):
            values["object_id"] = values["id"] = values[f"{kind[2]}_pk"]
        return reverse(route.name, kwargs={name: values[name] for name in route.parameters})

    def get(self, user: str, url: str) -> tuple[int, Work]:
        """Returns the status and the work of a request.

        The second of two requests is measured, because the first fills caches of the process. Redis is
        cleared before each.
        """
        from config.redis.clients import disposable

        for _ in range(2):
            disposable().clear()
            number = next(self.request_numbers)  # for another address, because of the rate limits
            headers: dict[str, Any] = {
                "REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            }
            if url.startswith("/api/") and user in self.tokens:
                headers["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[user]}"
            with self.counter.counting() as work:
                response = self.clients[user].get(url, **headers)
                for _ in response if response.streaming else ():
                    pass
        return response.status_code, work


def create_users() -> dict[str, Any]:
    """Creates the users who are signed in, by their roles."""
    from accounts.models import User

    staff = {"is_staff": True, "is_superuser": True}
    return {
        "player": User.objects.create_user("Player1", "player1@example.com", "!"),
        "other": User.objects.create_user("Player2", "player2@example.com", "!"),
        "admin": User.objects.create_user("Admin1", "admin1@example.com", "!", **staff),
    }


def create_data(player: Any) -> Parameters:
    """Creates some data of a player. Returns the values of route parameters that refer to them."""
    from django.contrib.auth.models import Group
    from django.contrib.auth.tokens import default_token_generator
    from django.contrib.contenttypes.models import ContentType
    from django.utils.encoding import force_bytes
    from django.utils.http import urlsafe_base64_encode

    from accounts.identity.links import verification_tokens
    from maps.drawing.formats import DRAWING_VERSION
    from maps.models import GameMap, MapCollection, MapCollectionEntry
    from maps.previews import preview_files
    from sessions_app.lobby import actions as lobby_actions
    from sessions_app.lobby.transactions import run
    from tribes.models import Tribe

    game_map = GameMap.objects.defer("search").filter(is_public=True)[0]
    copied_fields = {
        field.attname: getattr(game_map, field.attname)
        for field in GameMap._meta.concrete_fields
        if not field.generated and field.attname not in ("id", "user_id", "name", "search")
    }
    maps = [GameMap.objects.create(user=player, name=f"Own {n}", **copied_fields) for n in range(3)]
    preview_files.draw_missing(maps[0].pk)  # no worker runs here
    tribe = Tribe.objects.create(
        user=player,
        name="Ravens",
        archetype="Aggressive",
        damage_bonus="0.50",
        color_theme="#FFD700",
    )
    collection = MapCollection.objects.create(user=player, name="Collection", is_public=True)
    for n, entry_map in enumerate(maps):
        MapCollectionEntry.objects.create(collection=collection, map=entry_map, position=n + 1)
    lobby = run(lobby_actions.create, player.pk, map_id=maps[0].pk, tribe_id=tribe.pk).after
    encoded_id = urlsafe_base64_encode(force_bytes(player.pk))
    return {
        "map_id": maps[0].pk,
        "username": player.username,
        "collection_id": collection.pk,
        "tribe_id": tribe.pk,
        "session_id": lobby.id,
        "lobby_id": lobby.id,
        "code": lobby.code,
        "uidb64": encoded_id,
        "size": "card",
        "form": "webp",
        "content": f"{maps[0].terrain_hash}-{DRAWING_VERSION}",
        "accounts:verify": {"token": verification_tokens.make_token(player)},
        "accounts:reset": {"token": default_token_generator.make_token(player)},
        "content_type_id": ContentType.objects.get_for_model(GameMap).pk,
        "object_id": maps[0].pk,
        "app_label": "maps",
        "user_pk": player.pk,
        "tribe_pk": tribe.pk,
        "gamemap_pk": maps[0].pk,
        "gamesession_pk": lobby.id,
        "group_pk": Group.objects.first().pk,  # type: ignore[union-attr]
    }
