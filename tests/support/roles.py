"""One user for each role, and the statuses that each gets."""

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from maps.collections import actions as collection_actions
from maps.previews import preview_files
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby import transactions
from tests.support.api import bearer
from tests.support.factories import make_map, make_moderator, make_tribe, make_user

ROLES = ("nobody", "player", "owner", "moderator", "administrator")


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


ALL_METHODS = (*METHODS, "HEAD", "OPTIONS")


OF_A_MAP = [
    "maps:detail",
    "maps:terrain",
    "maps:rating",
    "maps:favourite",
    "maps:collect",
    *(f"api:{name}" for name in "map terrain rating favourite publish unpublish".split()),
]


OF_A_COLLECTION = [
    "api:collection",
    *(f"collections:{name}" for name in "detail share entries delete".split()),
]


OF_A_SESSION = [
    "api:game-session",
    *(f"lobbies:{name}" for name in ("detail", "join", "act")),
    *(
        f"api:game-session-{name}"
        for name in "join leave kick start end ticket state fence map tribes".split()
    ),
]


OF_A_TRIBE = ["api:tribe", "tribes:edit", "tribes:delete"]


class Roles:
    """One user for each role, and a map of the owner."""

    def __init__(self, *, seated: bool) -> None:
        self.users: dict[str, User | None] = {
            "nobody": None,
            "player": make_user("Player1"),
            "owner": make_user("Owner"),
            "moderator": make_moderator(),
            "administrator": make_user("Chief", is_staff=True, is_superuser=True),
        }
        owner = self.users["owner"]
        assert owner
        self.game_map = make_map(owner)
        given = {"name": "Fords", "is_public": True}
        self.collection = collection_actions.create_collection(player=owner, given=given)
        self.tribe = make_tribe(owner)
        self.lobby = None
        if seated:
            self.lobby = transactions.run(
                lobby_actions.create, owner.pk, map_id=self.game_map.pk, tribe_id=self.tribe.pk
            ).after

    def address(self, route: str) -> str:
        arguments: dict[str, list[Any]] = {
            "player": ["Owner"],
            "api:player": ["Owner"],
            "accounts:verify": ["x", "y"],
            "accounts:reset": ["x", "y-z"],
            "maps:picture": [self.game_map.pk, "card", self.game_map.picture_content, "webp"],
            "api:preview": [self.game_map.pk],
            "api:collection-map": [self.collection.pk, self.game_map.pk],
        }
        if route in OF_A_COLLECTION:
            arguments[route] = [self.collection.pk]
        if route in OF_A_TRIBE:
            arguments[route] = [self.tribe.pk]
        if self.lobby and route in OF_A_SESSION:
            arguments[route] = [self.lobby.id]
        if self.lobby and route == "lobbies:invited":
            arguments[route] = [self.lobby.code]
        if route in OF_A_MAP:
            arguments[route] = [self.game_map.pk]
        return reverse(route, args=arguments.get(route, []))

    def ask(self, route: str, method: str, role: str) -> int:
        status: int = self.response(route, method, role).status_code
        return status

    def response(self, route: str, method: str, role: str) -> Any:
        client, user = Client(), self.users[role]
        if route in ("maps:picture", "api:preview"):
            preview_files.draw_missing(self.game_map.pk)
        headers = {}
        if user and route.startswith("api:"):
            headers = bearer(user)
        elif user:
            client.force_login(user)
        # From different addresses, so that no rate limit is reached.
        client.defaults["REMOTE_ADDR"] = f"10.0.{ROLES.index(role)}.{ALL_METHODS.index(method)}"
        return client.generic(
            method, self.address(route), "{}", content_type="application/json", headers=headers
        )
