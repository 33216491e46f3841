"""Route × method × role → status, for all routes of the site. A route that is missing here fails."""

from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from maps.models import GameMap
from tests.support.roles import METHODS, ROLES, Roles

pytestmark = pytest.mark.django_db


def each(*statuses: int) -> dict[str, int]:
    """Returns statuses by role in the order of ROLES. The last one is for all other roles."""
    row = list(statuses) + [statuses[-1]] * (len(ROLES) - len(statuses))
    return dict(zip(ROLES, row, strict=True))


SHOWN, LED_ON = each(200), each(302)
OWN_PAGE = {"GET": each(302, 200)}  # no redirect to sign in
OWN_FORM = {"POST": each(302, 302)}
STAFF_PAGE = each(302, 403, 403, 200)
PUBLIC = {"GET": SHOWN}
PUBLIC_FORM = {"GET": SHOWN, "POST": SHOWN}
# The form or body is empty: the status shows who got past the permissions.
API_BODY = {"POST": each(400)}
API_OWN = {"GET": each(401, 200)}
OWNERS = each(401, 403, 200, 403)
OWNERS_ALONE = each(401, 404, 200, 404)
NOT_YET = each(401, 404, 409, 404)  # the owner sits alone in a lobby that has not begun
OWN_TRIBE = each(302, 404, 200, 404)
OWNERS_PRIVATE = each(401, 404, 200, 403)
# Routes that check permissions before the method.
ASK_FIRST = [
    f"api:{name}"
    for name in (
        "me password maps map validate publish unpublish rating favourite"
        " collections collection collection-map tribes tribe game-sessions game-session"
        " game-session-active game-session-by-code game-session-join game-session-leave"
        " game-session-kick game-session-start game-session-end game-session-ticket"
        " game-session-state game-session-fence game-session-map game-session-tribes"
    ).split()
]

# The statuses of a route by method. A method that is not listed is a 405 for everybody.
TABLE: dict[str, dict[str, dict[str, int]]] = {
    "home": {"GET": LED_ON},
    "privacy": PUBLIC,
    "player": PUBLIC,
    "schema": PUBLIC,
    "sitemap": PUBLIC,
    "robots": PUBLIC,
    "api-docs": PUBLIC,
    "accounts:sign-up": {"GET": each(200, 302), "POST": each(200, 302)},
    "accounts:sign-in": {"GET": each(200, 302), "POST": each(200, 302)},
    "accounts:sign-out": {"POST": LED_ON},
    "accounts:account": OWN_PAGE,
    "accounts:sign-out-device": OWN_FORM,
    "accounts:change-email": {"POST": each(302, 200)},
    "accounts:change-password": {"POST": each(302, 200)},
    "accounts:request-verification": OWN_FORM,
    "accounts:second-factor": {"GET": STAFF_PAGE, "POST": STAFF_PAGE},
    "accounts:recovery-codes": {"POST": LED_ON},
    "accounts:verify": PUBLIC_FORM,
    "accounts:request-reset": PUBLIC_FORM,
    "accounts:reset": PUBLIC_FORM,
    "maps:browse": PUBLIC,
    "maps:detail": PUBLIC,
    "maps:rating": {"POST": LED_ON},
    "maps:favourite": {"POST": LED_ON},
    "maps:collect": {"POST": LED_ON},
    "collections:index": {"GET": each(302, 200), "POST": each(302, 200)},
    "collections:detail": PUBLIC | {"POST": each(302, 403, 200, 403)},
    "collections:share": {"POST": each(302, 403, 302, 403)},
    "collections:entries": {"POST": each(302, 404)},  # which map?
    # Once its owner has deleted a collection there is none.
    "collections:delete": {"GET": each(302, 403, 200, 403), "POST": each(302, 403, 302, 404)},
    "tribes:index": OWN_PAGE,
    "tribes:new": {"GET": each(302, 200), "POST": each(302, 200)},
    "tribes:edit": {"GET": OWN_TRIBE, "POST": OWN_TRIBE},
    "tribes:delete": {"GET": OWN_TRIBE, "POST": each(302, 404, 302, 404)},
    "maps:picture": PUBLIC,
    "maps:terrain": PUBLIC,
    "lobbies:index": PUBLIC,
    "lobbies:new": {"GET": LED_ON, "POST": LED_ON},  # to choose a map first
    "lobbies:join-by-code": {"POST": SHOWN},
    # The owner sits there already.
    "lobbies:invited": {"GET": each(302, 200, 302, 200), "POST": each(302, 200, 302, 200)},
    "lobbies:detail": PUBLIC,
    "lobbies:join": {"POST": each(302, 200, 302, 200)},
    "lobbies:act": {"POST": each(302, 404)},  # do what?
    "api:register": API_BODY,
    "api:login": API_BODY,
    "api:refresh": API_BODY,
    "api:logout": {"POST": each(401, 204)},
    "api:me": API_OWN | {"PATCH": each(401, 400)},
    "api:password": {"POST": each(401, 400)},
    "api:player": PUBLIC,
    "api:maps": PUBLIC | {"POST": each(401, 400)},
    # Once its owner has removed a map there is none.
    "api:map": PUBLIC | {"PATCH": OWNERS, "DELETE": each(401, 403, 204, 404)},
    "api:validate": {"POST": each(401, 200)},
    "api:publish": {"POST": OWNERS},
    "api:unpublish": {"POST": OWNERS},
    "api:terrain": PUBLIC,
    "api:preview": PUBLIC,
    "api:rating": {"PUT": each(401, 400), "DELETE": each(401, 200, 403, 200)},
    "api:favourite": {"PUT": each(401, 200), "DELETE": each(401, 200)},
    "api:collections": API_OWN | {"POST": each(401, 400)},
    "api:collection": PUBLIC | {"PATCH": OWNERS, "DELETE": each(401, 403, 204, 404)},
    "api:collection-map": {"PUT": OWNERS, "DELETE": each(401, 403, 204, 403)},
    "api:tribes": API_OWN | {"POST": each(401, 400)},
    "api:tribe": {
        "GET": OWNERS_ALONE,
        "PATCH": OWNERS_ALONE,
        "DELETE": each(401, 404, 204, 404),
    },
    "api:game-sessions": PUBLIC | {"POST": each(401, 400)},
    "api:game-session-active": {"GET": OWNERS_ALONE},
    "api:game-session-by-code": {"POST": each(401, 400)},
    "api:game-session": PUBLIC,
    "api:game-session-join": {"POST": each(401, 400)},
    "api:game-session-leave": {"POST": each(401, 404, 204, 404)},
    "api:game-session-kick": {"POST": each(401, 400)},
    "api:game-session-start": {"POST": NOT_YET},
    "api:game-session-end": {"POST": NOT_YET},
    "api:game-session-ticket": {"POST": each(401, 404, 201, 404)},
    # An administrator may do what a game server does.
    "api:game-session-state": {"GET": each(401, 404, 409, 404, 409), "PUT": each(401, 400)},
    "api:game-session-fence": {"POST": each(401, 404, 409, 404, 409)},
    "api:game-session-map": {"GET": each(401, 404, 200, 404, 200)},
    "api:game-session-tribes": {"GET": each(401, 404, 200, 404, 200)},
}
# The same for a map that is private, where it is not the same.
PRIVATE = each(404, 404, 200, 200)
TABLE_PRIVATE = {
    "maps:detail": {"GET": PRIVATE},
    "maps:picture": {"GET": PRIVATE},
    "maps:terrain": {"GET": PRIVATE},
    "maps:rating": {"POST": each(302, 302)},
    "maps:favourite": {"POST": each(302, 404, 302)},
    "api:map": {"GET": PRIVATE, "PATCH": OWNERS_PRIVATE, "DELETE": each(401, 404, 204, 404)},
    "api:publish": {"POST": OWNERS_PRIVATE},
    "api:unpublish": {"POST": OWNERS_PRIVATE},
    "api:terrain": {"GET": PRIVATE},
    "api:preview": {"GET": PRIVATE},
    "api:rating": {"PUT": each(401, 400), "DELETE": each(401, 404, 403, 409)},
    "api:favourite": {"PUT": each(401, 404, 200), "DELETE": each(401, 404, 200)},
}


def routes(patterns: Any = None, prefix: str = "") -> list[str]:
    """Returns the names of all routes. Those of the admin are in test_admin_permissions.py."""
    found = []
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver) and entry.namespace != "admin":
            space = f"{entry.namespace}:" if entry.namespace else ""
            found += routes(entry.url_patterns, prefix + space)
        elif isinstance(entry, URLPattern):
            found.append(f"{prefix}{entry.name}")
    return found


def test_every_route_is_in_the_table() -> None:
    assert sorted(TABLE) == sorted(set(routes()))


def expected(
    table: dict[str, dict[str, dict[str, int]]], route: str, method: str, role: str
) -> int:
    status = table[route].get(method, each(405))[role]
    return 401 if status == 405 and role == "nobody" and route in ASK_FIRST else status


@pytest.mark.parametrize("route", TABLE)
def test_each_role_gets_its_status(route: str) -> None:
    roles = Roles(seated=route.startswith(("api:game-session", "lobbies:")))
    for method in METHODS:
        found = {role: roles.ask(route, method, role) for role in ROLES}
        wanted = {role: expected(TABLE, route, method, role) for role in ROLES}
        assert found == wanted, f"{method} {route}"


@pytest.mark.parametrize("route", [route for route in TABLE if route.startswith("api:")])
def test_head_and_options_reveal_no_more_than_get(route: str) -> None:
    """HEAD is GET without a body. OPTIONS only describes the route, or is refused like another method."""
    roles = Roles(seated=route.startswith("api:game-session"))
    for table in (TABLE, TABLE | TABLE_PRIVATE):
        GameMap.objects.update(is_public=table is TABLE)
        for role in ROLES:
            read, head, about = (roles.response(route, m, role) for m in ("GET", "HEAD", "OPTIONS"))
            assert (head.status_code, head.content) == (read.status_code, b""), role
            refusals = {expected(table, route, method, role) for method in METHODS}
            assert about.status_code in {200} | {s for s in refusals if 400 <= s < 500}, role
            assert not any(name in about.content for name in (b"Quiet Ford", b"Owner")), role


@pytest.mark.parametrize("route", TABLE_PRIVATE)
def test_each_role_gets_its_status_for_a_private_map(route: str) -> None:
    roles = Roles(seated=False)
    GameMap.objects.update(is_public=False)
    for method in TABLE_PRIVATE[route]:
        found = {role: roles.ask(route, method, role) for role in ROLES}
        wanted = {role: expected(TABLE_PRIVATE, route, method, role) for role in ROLES}
        assert found == wanted, f"{method} {route}"
