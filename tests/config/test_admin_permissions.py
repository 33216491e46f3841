"""The permissions of the admin: route × method × role, for all registered models."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver

from maps.models import GameMap
from sessions_app.models import GameSession
from tests.support.factories import make_map
from tests.support.roles import ROLES, Roles

pytestmark = pytest.mark.django_db

Row = dict[str, tuple[int, int]]
SIGN_IN = -1  # redirected to the admin, which redirects to its page to sign in
LED = re.compile(r"/admin/(login/|$)")
OTHERS = ("PUT", "PATCH", "DELETE")  # no page means them; they get no further than GET
BOTH, ADMINISTRATOR, NEITHER = (200, 200), (403, 200), (403, 403)
FORWARD: Row = {"GET": (302, 302)}

# What moderators and administrators get. All others are redirected to sign in. POST is an empty form but
# for the confirmation of a deletion. Where POST is not listed, its status is that of GET.
ADMIN: dict[str, Row] = {
    "": {"GET": BOTH},
    "login/": {"GET": (SIGN_IN, SIGN_IN), "POST": BOTH},
    "logout/": {"GET": (405, 405), "POST": (302, 302)},
    "password_change/": {"GET": (302, 302)},  # to one's own page
    "password_change/done/": {"GET": BOTH, "POST": (405, 405)},
    "autocomplete/": {"GET": NEITHER},
    "jsi18n/": {"GET": BOTH, "POST": (405, 405)},
    "r/<path:content_type_id>/<path:object_id>/": FORWARD,
    "<app>/": {"GET": BOTH},
    "<anything>": {"GET": (404, 404)},
}
ADMINISTRATORS: dict[str, Row] = {
    "": {"GET": ADMINISTRATOR},
    "add/": {"GET": ADMINISTRATOR},
    "<path:object_id>/change/": {"GET": ADMINISTRATOR},
    "<path:object_id>/history/": {"GET": ADMINISTRATOR},
    "<path:object_id>/delete/": {"GET": ADMINISTRATOR, "POST": (403, 302)},
    "<path:object_id>/": FORWARD,  # an old address, redirects to the one that ends with change
}
MODERATORS_LOOK: dict[str, Row] = ADMINISTRATORS | {
    "": {"GET": BOTH},
    "<path:object_id>/change/": {"GET": BOTH, "POST": ADMINISTRATOR},
    "<path:object_id>/history/": {"GET": BOTH},
}
MADE_ELSEWHERE: dict[str, Row] = {"add/": {"GET": NEITHER}}
MODELS: dict[str, dict[str, Row]] = {
    "auth/group/": ADMINISTRATORS,
    "accounts/user/": MODERATORS_LOOK | {"<id>/password/": {"GET": ADMINISTRATOR}},
    "tribes/tribe/": ADMINISTRATORS,
    "maps/gamemap/": MODERATORS_LOOK | MADE_ELSEWHERE,
    "sessions_app/gamesession/": ADMINISTRATORS | MADE_ELSEWHERE,
}
TABLE = ADMIN | {model + page: row for model, rows in MODELS.items() for page, row in rows.items()}


def routes(patterns: Any, prefix: str = "") -> list[str]:
    """The addresses below those of the admin, as they are written."""
    found = []
    for entry in patterns:
        path = re.sub(r"^\^?\(\?P<(app|url).*", name_of_regex, prefix + str(entry.pattern))
        if isinstance(entry, URLResolver):
            found += routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            found.append(path)
    return found


def name_of_regex(found: re.Match[str]) -> str:
    return {"app": "<app>/", "url": "<anything>"}[found[1]]


def test_every_admin_address_is_in_the_permission_table() -> None:
    assert sorted(TABLE) == sorted(routes(admin.site.urls[0]))


class AdminRoles(Roles):
    """One user for each role, and a row of each model, which may be deleted."""

    def __init__(self) -> None:
        super().__init__(seated=False)
        owner = self.users["owner"]
        assert owner
        self.rows: dict[str, Any] = {
            "auth": Group.objects.all()[0],
            "accounts": owner,
            "tribes": self.tribe,
            "maps": self.game_map,
            "sessions_app": GameSession.objects.create(map=make_map(self.users["moderator"])),  # type: ignore[arg-type]
        }

    def path(self, route: str) -> str:
        row = self.rows.get(route.split("/")[0], self.game_map)
        maps = ContentType.objects.get_for_model(GameMap)
        route = route.replace("<path:content_type_id>", str(maps.pk)).replace("<app>", "maps")
        return "/admin/" + re.sub(r"<(path:object_id|id|anything)>", str(row.pk), route)

    def get(self, route: str, method: str, role: str) -> int:
        client, user = Client(), self.users[role]
        if user:
            client.force_login(user)
        form = "application/x-www-form-urlencoded"
        response = client.generic(method, self.path(route), "post=yes", content_type=form)
        return SIGN_IN if LED.match(response.headers.get("Location", "")) else response.status_code


@pytest.mark.parametrize("route", [route for route in TABLE if route != "login/"])
def test_admin_permissions_follow_the_table(route: str) -> None:
    roles, row = AdminRoles(), TABLE[route]
    for method in ("GET", "HEAD", *OTHERS, "POST"):
        found = [roles.get(route, method, role) for role in ROLES]
        wanted = [SIGN_IN] * 3 + list(row.get(method, row["GET"]))
        if method in OTHERS:  # these may also be a 404
            found = [w if f == 405 else f for f, w in zip(found, wanted, strict=True)]
        assert found == wanted, f"{method} {route}"


def test_admin_sign_in_page_is_public() -> None:
    roles = AdminRoles()
    for method, staff in TABLE["login/"].items():
        found = [roles.get("login/", method, role) for role in ROLES]
        assert found == [200] * 3 + list(staff), method


def test_requests_without_permission_delete_nothing() -> None:
    roles = AdminRoles()
    for model in MODELS:
        for role in ROLES[:-1]:
            for method in ("POST", "DELETE"):
                roles.get(f"{model}<path:object_id>/delete/", method, role)
    for row in roles.rows.values():
        row.refresh_from_db()
