"""A world of the longest names that players can choose, in several scripts, without a space."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.contrib import admin
from django.urls import get_resolver, reverse
from django.utils import timezone

from accounts.identity import links
from accounts.models import User, UserDecision
from config.http.next_url import accepts_get
from maps.collections import actions as collection_actions
from maps.feedback.actions import rate_map
from maps.models import GameMap, MapCollection, MapDecision
from sessions_app.lobby import actions as lobby_actions
from sessions_app.lobby.transactions import run
from sessions_app.models import GameSession
from tests.support.factories import make_map, make_moderator, make_tribe, make_user
from tests.support.routes import routes
from tribes.models import Tribe

# Wide letters, digits, a script without spaces, one with marks, and one that is written from right to left.
SCRIPTS = ("W", "0123456789", "傭兵與小說家", "กรุงเทพมหานคร", "مستشفيات")
# Files, documents for programs, and a page of another package, which has no names.
OTHERS = {"robots", "sitemap", "schema", "api-docs", "maps:picture", "maps:terrain"}
ROLES = ("visitor", "player", "host", "moderator", "administrator")


def long_name(script: str, length: int, end: str = "") -> str:
    """Returns a name of this length. Its end makes it different from others."""
    return (script * length)[: length - len(end)] + end


def open_lobbies(host: User, maps: list[GameMap]) -> list[Any]:
    """Opens a lobby of the host, which is full, and one of others with free seats."""
    lobbies = []
    for number, (script, members) in enumerate((("W", [host]), (SCRIPTS[3], []))):
        for n in range(3 - number):
            guest = make_user(long_name("W", 50, f"{number}{n}"))
            make_tribe(guest, long_name(script, 20))
            members.append(guest)
        first, *others = [
            (user.pk, Tribe.objects.filter(user=user).earliest("created_at").pk) for user in members
        ]
        lobby = run(lobby_actions.create, first[0], map_id=maps[number].pk, tribe_id=first[1]).after
        for guest_id, tribe_id in others:
            run(lobby_actions.join, lobby.id, guest_id, tribe_id=tribe_id)
        lobbies.append(lobby)
    return lobbies


@dataclass
class LongNames:
    """Players of each role, with maps, collections, tribes and a full lobby."""

    users: dict[str, User | None]
    maps: list[GameMap]
    collections: list[MapCollection]
    tribes: dict[str, list[Tribe]]
    lobbies: list[Any]

    @classmethod
    def create(cls) -> "LongNames":
        names = {role: long_name("W", 50, f"_{role}"[:11]) for role in ROLES[1:]}
        host, player = make_user(names["host"]), make_user(names["player"])
        moderator = make_moderator(names["moderator"])
        chief = make_user(names["administrator"], is_staff=True, is_superuser=True)
        users = {
            "visitor": None,
            "player": player,
            "host": host,
            "moderator": moderator,
            "administrator": chief,
        }
        maps = [
            make_map(host, long_name(script, 100), description=long_name(script, 400))
            for script in SCRIPTS
        ]
        hidden = make_map(host, long_name("W", 100), hidden_at=timezone.now())
        MapDecision.objects.create(
            map=hidden, moderator=moderator, action="hide", reason=long_name("W", 400)
        )
        make_map(host, long_name("W", 100), is_public=False)
        for number, game_map in enumerate(maps):
            rate_map(player=player, map_id=game_map.pk, stars=number % 5 + 1)
        tribes = {
            role: [make_tribe(user, long_name(script, 20)) for script in SCRIPTS]
            for role, user in users.items()
            if user
        }
        collections = []
        for owner in (host, player):
            UserDecision.objects.create(
                user=owner,
                moderator=moderator,
                action="suspend_rating",
                reason=long_name("W", 400),
                until=timezone.now() + timedelta(days=9),
            )
            for script in SCRIPTS:
                given = {
                    "name": long_name(script, 60),
                    "description": long_name(script, 400),
                    "is_public": True,
                }
                made = collection_actions.create_collection(player=owner, given=given)
                for game_map in maps:
                    collection_actions.add_map(
                        player=owner, collection_id=made.pk, map_id=game_map.pk
                    )
                collections.append(made)
        return cls(users, maps, collections, tribes, open_lobbies(host, maps))

    def addresses(self, role: str) -> list[str]:
        """Returns all pages that a role can open. A new route needs an argument here, or is one of OTHERS."""
        found = []
        for name, arguments in routes(get_resolver().url_patterns):
            if name in OTHERS or name.startswith(("api:", "admin:")):
                continue
            found += [
                path
                for path in self._paths(name, [*arguments], role)
                if accepts_get(get_resolver().resolve(path).func)
            ]
        if role in ("moderator", "administrator"):
            found += self._admin_paths()
        return found + self._queries()

    def _paths(self, name: str, arguments: list[str], role: str) -> list[str]:
        user = self.users[role] or self.users["player"]
        assert user
        own_tribes = self.tribes.get(role) or self.tribes["player"]
        values: dict[str, list[Any]] = {
            "map_id": [game_map.pk for game_map in self.maps],
            "collection_id": [each.pk for each in self.collections],
            "tribe_id": [tribe.pk for tribe in own_tribes],
            "lobby_id": [lobby.id for lobby in self.lobbies],
            "code": [lobby.code for lobby in self.lobbies],
            "username": [user.username, *User.objects.values_list("username", flat=True)[:1]],
            "uidb64": [links.uid_of(user)],
            "token": [links.verification_tokens.make_token(user)],
        }
        if not arguments:
            return [reverse(name)]
        if arguments == ["uidb64", "token"]:
            return [reverse(name, args=[values["uidb64"][0], values["token"][0]])]
        [only] = arguments
        return [reverse(name, args=[value]) for value in values[only]]

    def _admin_paths(self) -> list[str]:
        rows = {
            GameMap: self.maps[0].pk,
            User: self.users["host"].pk if self.users["host"] else None,
            Tribe: self.tribes["host"][0].pk,
            GameSession: self.lobbies[0].id,
        }
        found = ["/admin/", "/admin/nowhere/"]
        for model in rows:
            if not admin.site.is_registered(model):
                continue
            place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            found.append(reverse(f"{place}_changelist"))
            found.append(reverse(f"{place}_add"))
            found += [
                reverse(f"{place}_{page}", args=[rows[model]])
                for page in ("change", "history", "delete")
            ]
        return found

    def _queries(self) -> list[str]:
        """Returns pages that show what a query has."""
        word, map_id = "W" * 200, self.maps[0].pk
        thai = quote(long_name("กรุงเทพมหานคร", 60))
        return [
            f"/maps/?q={word}",
            f"/maps/?q={thai}",
            f"/maps/?author={'W' * 50}&terrain=grass&size_min=20&sort=new",
            f"/maps/?q={'W' * 100}&sort=nonsense&cursor=x",
            "/maps/?filter=own",
            "/maps/?favourite=yes",
            f"/lobbies/?map={map_id}",
            f"/lobbies/?map={map_id}&free=3",
            f"/lobbies/?map={word}",
            f"/lobbies/?map={thai}",
            f"/lobbies/?free={word}",
            f"/lobbies/new/?map={map_id}",
            f"/collections/?map={map_id}",
            f"{self.collections[0].get_absolute_url()}?edit=1",
            f"/{word}",
        ]
