"""The cached configs of tribes: filled once, deleted by each change."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.db import notifications
from config.redis import read_through
from config.redis.clients import disposable
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, make_tribe, make_user
from tests.support.live_site import Site
from tests.support.redis import cache_away, open_circuit
from tests.support.tribe_api import DAMAGE, RANGE, SPEED, call
from tests.support.waiting import until
from tribes import config_cache
from tribes.actions import change_tribe, delete_tribe
from tribes.config_cache import CONFIG_FIELDS, TribeConfig, read_config
from tribes.models import Tribe

pytestmark = pytest.mark.django_db
CACHED = dict(zip(CONFIG_FIELDS, (0.05, 0.3, 0.15, "#FFD700"), strict=True))


def key(tribe: Tribe) -> str:
    return f"tribe:{tribe.pk}:config"


def is_cached(tribe: Tribe) -> bool:
    return bool(disposable().has_key(key(tribe)))


def test_the_config_is_cached(
    player: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tribe = make_tribe(player)
    assert read_config(tribe.pk) == CACHED
    stored: Any = disposable().get(key(tribe))
    assert stored == (
        b'{"damage_bonus":0.05,"attack_speed_bonus":0.3,"range_bonus":0.15,"color_theme":"#FFD700"}'
    )
    lives: Any = disposable().ttl(key(tribe))
    assert 3590 < lives <= 3600
    with django_assert_num_queries(0):
        assert read_config(tribe.pk) == CACHED
    with pytest.raises(Tribe.DoesNotExist):
        read_config(NOBODY)


def by_page(tribe: Tribe) -> None:
    client = Client()
    client.force_login(tribe.user)
    form = {"name": "Owls", "archetype": "Support", "damage": 4, "attack_speed": 3, "range": 3}
    response = client.post(f"/tribes/{tribe.pk}/", form | {"color": "#99C2FF"})
    assert response.status_code == 302


def by_api(tribe: Tribe) -> None:
    assert call(tribe.user, "patch", f"/{tribe.pk}", {"color_theme": "#99C2FF"}).status_code == 200


def by_removal(tribe: Tribe) -> None:
    delete_tribe(player=tribe.user, tribe_id=tribe.pk)


def administrator() -> Client:
    client = Client()
    client.force_login(make_user("Chief", is_staff=True, is_superuser=True))
    return client


def by_admin(tribe: Tribe) -> None:
    form = {
        "user": tribe.user_id, "name": "Owls", "archetype": "Support", DAMAGE: "0.50", SPEED: "0",
        RANGE: "0", "color_theme": "#99C2FF", "created_at_0": "2026-01-01", "created_at_1": "12:00",
    }  # fmt: skip
    assert administrator().post(f"/admin/tribes/tribe/{tribe.pk}/change/", form).status_code == 302


def by_admins_deleting(tribe: Tribe) -> None:
    administrator().post(f"/admin/tribes/tribe/{tribe.pk}/delete/", {"post": "yes"})
    assert not Tribe.objects.exists()


def by_admins_action(tribe: Tribe) -> None:
    form = {"action": "delete_selected", "_selected_action": [str(tribe.pk)], "post": "yes"}
    administrator().post("/admin/tribes/tribe/", form)
    assert not Tribe.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "way", [by_page, by_api, by_removal, by_admin, by_admins_deleting, by_admins_action]
)
def test_each_change_deletes_the_cached_config(settings: Any, way: Callable[[Tribe], None]) -> None:
    settings.ADMIN_SECOND_FACTOR = False
    tribe = make_tribe(make_user("Owner"))
    read_config(tribe.pk)
    assert is_cached(tribe)
    way(tribe)
    assert not is_cached(tribe)
    if Tribe.objects.exists():
        assert read_config(tribe.pk)["color_theme"] == "#99C2FF"


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_deletes_nothing() -> None:
    tribe = make_tribe(make_user("Owner"))
    read_config(tribe.pk)
    with transaction.atomic():
        change_tribe(player=tribe.user, tribe_id=tribe.pk, given={"color_theme": "#99C2FF"})
        assert is_cached(tribe)
        transaction.set_rollback(True)
    assert is_cached(tribe)
    assert read_config(tribe.pk) == CACHED


def wait_until_dropped(*tribes: Tribe) -> bool:
    return any(not any(map(is_cached, tribes)) or threading.Event().wait(0.02) for _ in range(500))


def test_changes_from_outside_delete_the_cached_config(site: Site, transactional_db: None) -> None:
    """By psql, a bulk update and a cascade. The server process listens for them."""
    owner = make_user("Owner")
    tribes = [make_tribe(owner, f"Tribe {n}") for n in range(3)]
    many = [Tribe(**facts(owner, n)) for n in range(120)]
    statements = [
        f"UPDATE tribes SET color_theme = '#99C2FF' WHERE id = '{tribes[0].pk}'",
        f"DELETE FROM tribes WHERE id = '{tribes[1].pk}'",
    ]
    wanted = connection.get_connection_params()
    address = {name: wanted[name] for name in wanted if name not in ("cursor_factory", "context")}
    with psycopg.connect(**address, autocommit=True) as psql:
        for tribe, statement in zip(tribes, statements, strict=False):
            read_config(tribe.pk)
            psql.execute(statement)
            assert wait_until_dropped(tribe)
        Tribe.objects.bulk_create(many)
        read_config(tribes[2].pk)
        psql.execute("UPDATE tribes SET color_theme = '#66FFCC'")  # too many to be named
        assert wait_until_dropped(tribes[2])
        read_config(tribes[2].pk)
        psql.execute("DELETE FROM users WHERE username = 'Owner'")
        assert wait_until_dropped(tribes[2])


def facts(owner: User, n: int) -> dict[str, Any]:
    colours = {"archetype": "Support", "color_theme": "#FFD700", "damage_bonus": "0.50"}
    return {"user": owner, "name": f"Many {n}"} | colours


def test_all_configs_are_deleted_when_listening_begins(player: User) -> None:
    tribes = [make_tribe(player, f"Tribe {n}") for n in range(3)]
    for tribe in tribes:
        read_config(tribe.pk)
    disposable().set("map:x:data", b"cached")
    (subscriber,) = [each for each in notifications.subscribers if each.channel == "tribes"]
    subscriber.callback([notifications.EVERYTHING])
    assert not any(map(is_cached, tribes))
    assert disposable().has_key("map:x:data")


@pytest.mark.django_db(transaction=True)
def test_an_empty_key_is_filled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tribe, filled = make_tribe(make_user("Owner")), []
    store, lock = disposable(), threading.Lock()

    class Counting:
        """The same Redis, which counts writes."""

        def get(self, name: str) -> Any:
            return store.get(name)

        def set(self, *arguments: Any, **options: Any) -> Any:
            with lock:
                filled.append(arguments)
            return store.set(*arguments, **options)

    monkeypatch.setattr(read_through, "disposable", Counting)
    assert at_once(12, lambda _: read_config(tribe.pk)) == [CACHED] * 12
    assert len(filled) == 1


def another_waits() -> bool:
    """Whether another connection waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_change_waits_until_the_cache_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the old config could be cached for an hour after the change."""
    tribe = make_tribe(make_user("Owner"))
    begun, read = threading.Event(), config_cache._read_row

    def read_slowly(tribe_id: UUID) -> TribeConfig:
        found = read(tribe_id)
        begun.set()
        until(another_waits)  # for the row
        return found

    monkeypatch.setattr(config_cache, "_read_row", read_slowly)

    def work(hand: int) -> None:
        if hand:
            read_config(tribe.pk)
        elif begun.wait(10):
            change_tribe(player=tribe.user, tribe_id=tribe.pk, given={"color_theme": "#99C2FF"})

    at_once(2, work)
    monkeypatch.undo()
    assert not is_cached(tribe)
    assert read_config(tribe.pk)["color_theme"] == "#99C2FF"


@pytest.mark.parametrize("error_with_note", [False, True])
def test_configs_are_read_without_redis(
    player: User, monkeypatch: pytest.MonkeyPatch, error_with_note: bool
) -> None:
    tribe = make_tribe(player)
    monkeypatch.setattr(read_through, "disposable", cache_away)
    if error_with_note:
        open_circuit("disposable")
    assert read_config(tribe.pk) == CACHED
    changed = call(player, "patch", f"/{tribe.pk}", {"color_theme": "#99C2FF"})
    assert changed.status_code == 200
    config_cache.invalidate([str(tribe.pk)])
    assert read_config(tribe.pk)["color_theme"] == "#99C2FF"
