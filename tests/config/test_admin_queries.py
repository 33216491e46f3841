"""The query parameters that pages of the admin accept: only those that they offer."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from maps.models import GameMap
from tests.support.admin_lists import (
    LISTS,
    MAPS,
    REFUSALS,
    SITE,
    USERS,
    ask,
    may_see,
    offered_names,
    refused,
)

pytestmark = pytest.mark.django_db

HOSTILE = [
    # Relations that lead to secrets.
    "page_sessions__session_key__regex=^a",
    "page_sessions__session_key__startswith=a",
    "page_sessions__isnull=0",
    "page_sessions__pk__in=a,b",
    "totpdevice__key__startswith=a",
    "totpdevice__isnull=0",
    "recovery_codes__code_hash__startswith=a",
    "staticdevice__token_set__token=abc",
    "user__password__regex=^a",
    "user__page_sessions__session_key__gt=a",
    "map__user__email__contains=a",
    "seats__user__password__startswith=a",
    "logentry__change_message__contains=a",
    "logentry__isnull=1",
    "user__groups__permissions__codename=x",
    "permissions__group__user__password__gt=a",
    # Columns of the same table.
    "password=x",
    "password__startswith=argon2",
    "email__istartswith=p",
    "last_login__isnull=1",
    "username=admin",
    "name__regex=(",
    "description__iregex=(a%2B)%2B%24",
    "pk=1",
    "pk__in=1,2",
    "id=x",
    "id__exact=x",
    # Transforms, and unknown lookups.
    "username__unaccent=x",
    "username__lower__regex=a",
    "username__length=5",
    "name__length__gt=1",
    "level__range=",
    "level__range=1,9",
    "level__in=1,2",
    "created_at__year=-1",
    "created_at__year=2026",
    "created_at__date__gt=2026-01-01",
    "created_at__gt=2026-01-01",
    "created_at__range=2026-01-01,2026-02-01",
    "is_active__in=0,1",
    "is_active=1",
    "groups__name__startswith=M",
    "groups__in=1",
    "groups__id=1",
    "status=Lobby",
    "status__iregex=^l",
    "archetype__gt=A",
    # Keys of JSON.
    "terrain_data__0__x=0",
    "terrain_data__contains={}",
    "wave_config__0__enemies__isnull=1",
    "game_state__has_key=a",
    "game_state__lives__gt=1",
    # Unknown names.
    "nothing=1",
    "__=1",
    "=1",
    "q__contains=a",
    "Q=a",
    "_changelist_filters=a",
    "filter=a",
    "username%00=a",
    "p%20=1",
    "_=1",
    "x" * 5000 + "=1",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_lists_reject_queries_that_they_do_not_offer(
    admin_clients: dict[str, Client], hostile: str
) -> None:
    for page in LISTS.values():
        for role, client in admin_clients.items():
            for query in (hostile, f"q=a&{hostile}", f"{hostile}&e=1"):
                if may_see(role, page):
                    refused(client, f"{page}?{query}")
                else:
                    assert client.get(f"{page}?{query}").status_code in (400, 403)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_other_pages_reject_queries_that_they_do_not_offer(
    admin_clients: dict[str, Client], staff: dict[str, User], game_map: GameMap, hostile: str
) -> None:
    rows: dict[str, Any] = {USERS: staff["moderator"].pk, MAPS: game_map.pk}
    if hostile.startswith("_changelist_filters="):
        hostile = f"x{hostile}"
    for page, row in rows.items():
        for more in ("change/", "history/", "delete/", "password/"):
            if (page, more) != (MAPS, "password/"):
                for client in admin_clients.values():
                    refused(client, f"{page}{row}/{more}?{hostile}")
    for path in ("", "maps/", "jsi18n/", "autocomplete/", "r/1/1/", "accounts/user/add/"):
        for client in admin_clients.values():
            refused(client, f"/admin/{path}?{hostile}")


LOOKUPS = """regex iregex startswith istartswith contains icontains iexact in range gt lt gte lte isnull
    year month date__gt length lower__regex unaccent 0__x has_key exact trigram_similar""".split()


def hostile_names(model: type[models.Model]) -> Iterator[str]:
    """Yields every field of a model and of related models, in both directions, with lookups."""
    lookups = cycle(LOOKUPS)
    for field in model._meta.get_fields(include_hidden=True):
        name = getattr(field, "name", "").rstrip("+")
        yield name
        for _ in range(5):
            yield f"{name}__{next(lookups)}"
        related: Any = field.related_model
        if related:
            for further in related._meta.get_fields(include_hidden=True):
                path = f"{name}__{further.name.rstrip('+')}"
                yield path
                yield f"{path}__{next(lookups)}"


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
def test_no_field_of_any_model_can_be_queried(
    model: type[models.Model], staff: dict[str, User]
) -> None:
    """Made of the models themselves, so that new fields are covered."""
    model_admin = SITE.get_model_admin(model)
    Group.objects.create(name="Another")
    offered = offered_names(model_admin, staff["administrator"])
    names = set(hostile_names(model)) - offered
    assert len(names) > 40
    with CaptureQueriesContext(connection) as queries:
        for name in names:
            for value in ("a", "1"):
                with pytest.raises(REFUSALS):
                    ask(model_admin, {name: value}, staff["administrator"])
    assert not [q["sql"] for q in queries.captured_queries if "COUNT(" in q["sql"]]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (User, "password"),
        (User, "page_sessions__session_key"),
        (User, "totpdevice__key"),
        (User, "recovery_codes__code_hash"),
        (GameMap, "terrain_data__0__x"),
        (GameMap, "user__password"),
        (Group, "user__password"),
    ],
)
def test_the_generated_names_include_secrets(model: type[models.Model], name: str) -> None:
    first, _, _ = name.partition("__0__x")
    assert first in set(hostile_names(model))
