"""The lists of the admin and their query parameters: helpers of two test modules."""

import re
from html import unescape
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from maps.models import GameMap
from sessions_app.models import GameSession
from tests.support.factories import make_map, make_tribe, make_user
from tribes.models import Tribe

SITE = admin.site
LISTS = {
    model: f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in SITE._registry
}
USERS, MAPS, TRIBES, GAMES = (LISTS[model] for model in (User, GameMap, Tribe, GameSession))
REFUSALS = (BadRequest, SuspiciousOperation)  # both become the page of a 400
ROLES = ("moderator", "administrator")


def may_see(role: str, page: str) -> bool:
    return role == "administrator" or page in (USERS, MAPS)


def refused(client: Client, address: str) -> None:
    """Asserts that a request is a 400 page, and that no list was counted or read."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert response.status_code == 400, address
    assert b"be understood" in response.content
    # Session, account, and what it may do.
    assert not [q["sql"] for q in queries.captured_queries if "COUNT(" in q["sql"]]
    assert len(queries) <= 6


def ask(model_admin: Any, query: dict[str, str], user: User) -> Any:
    """Runs a query of a list; raises what its page turns into an error."""
    request = RequestFactory().get("/", query)
    request.user = user
    return model_admin.get_changelist_instance(request)


def offered_names(model_admin: Any, user: User) -> set[str]:
    specs = ask(model_admin, {}, user).filter_specs
    return {name for spec in specs for name in spec.expected_parameters()}


def links_of(page: str) -> set[str]:
    """The addresses of the same list that a page offers."""
    return {unescape(found) for found in re.findall(r'href="(\?[^"]*)"', page)}


def fill() -> None:
    """Creates one or two rows for each list."""
    player = make_user("Player1")
    game_map = make_map(player, "public")
    make_map(player, "hidden", hidden_at="2026-01-01T00:00Z")
    make_tribe(player)
    GameSession.objects.create(map=game_map)
    Group.objects.create(name="Another")
