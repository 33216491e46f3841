"""Pictures are deleted when no map has them any more, whatever changed the map, and not before."""

import datetime
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import PageSession, User
from config.db.notifications import EVERYTHING
from config.storage.files import FileStore
from maps.drawing.formats import DRAWING_VERSION, FORMATS
from maps.models import GameMap, MapWord
from maps.previews import cleanup, preview_files
from maps.search import spelling
from sessions_app.models import GameSession, PlayedMap
from tests.support.api import bearer
from tests.support.database import received_notifications
from tests.support.factories import drawn_grid, make_map, make_user
from tests.support.live_site import Site
from tests.support.object_storage import use_bucket
from tests.support.task_queue import get_drawn, jobs
from tests.support.waiting import until


def files() -> set[str]:
    """The names of all stored files, without folders."""
    root = Path(default_storage.location)  # type: ignore[attr-defined]
    return {file.name for file in root.rglob("*") if file.is_file()}


def store_pictures(*maps: GameMap) -> None:
    """Stores files as pictures of maps."""
    for game_map in maps:
        for size in FORMATS:
            default_storage.save(preview_files.name_of(game_map, size), ContentFile(b"picture"))


def make_old(hours: float = 2) -> None:
    root = Path(default_storage.location)  # type: ignore[attr-defined]
    then = time.time() - hours * 3600
    for file in root.rglob("*"):
        os.utime(file, (then, then))


def has_pictures(game_map: GameMap) -> bool:
    """Returns whether all pictures exist. Fails where only some do and no deletion is pending."""
    found = count_pictures(game_map)
    assert found in (0, len(FORMATS))
    return bool(found)


def count_pictures(game_map: GameMap) -> int:
    return sum(default_storage.exists(preview_files.name_of(game_map, size)) for size in FORMATS)


# ---- At once ------------------------------------------------------------------------------------


def change_by_api(site: Site, game_map: GameMap) -> None:
    path = f"{site.url}/api/v1/maps/{game_map.pk}"
    body = {"goal_point": {"x": 3, "y": 3}}
    assert httpx.patch(path, json=body, headers=bearer(game_map.user)).status_code == 200


def remove_by_api(site: Site, game_map: GameMap) -> None:
    path = f"{site.url}/api/v1/maps/{game_map.pk}"
    assert httpx.delete(path, headers=bearer(game_map.user)).status_code == 204


def remove_what_was_played(site: Site, game_map: GameMap) -> None:
    GameSession.objects.create(map=game_map, status="Completed")
    remove_by_api(site, game_map)
    assert GameMap.objects.filter(pk=game_map.pk).exists()


def delete_by_orm(site: Site, game_map: GameMap) -> None:
    GameMap.objects.filter(pk=game_map.pk).delete()


def delete_by_sql(site: Site, game_map: GameMap) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM maps WHERE id = %s", [game_map.pk])


def delete_the_author(site: Site, game_map: GameMap) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [game_map.user_id])


def change_by_sql(site: Site, game_map: GameMap) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE maps SET spawn_point = \'{"x": 1, "y": 0}\' WHERE id = %s', [game_map.pk]
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "go",
    [
        change_by_api,
        remove_by_api,
        remove_what_was_played,
        delete_by_orm,
        delete_by_sql,
        delete_the_author,
        change_by_sql,
    ],
)
def test_pictures_are_deleted_with_their_content(
    tasks_run: None, site: Site, go: Callable[[Site, GameMap], None]
) -> None:
    author = make_user("Author")
    alone = make_map(author, "Alone", grid=drawn_grid(30, "Water"))
    shared = make_map(author, "Shared", grid=drawn_grid(31, "Lava"))
    make_map(make_user("Other"), "The same", grid=drawn_grid(31, "Lava"))
    store_pictures(alone, shared)
    until(server_listens)
    go(site, shared)
    if GameMap.objects.filter(pk=alone.pk).exists():  # it may have gone with its author
        go(site, alone)
    until(lambda: not count_pictures(alone))
    assert has_pictures(shared)


def server_listens() -> bool:
    """Returns whether the server listens for notifications about pictures."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'idle' AND query IN ('LISTEN \"pictures\"', 'SELECT 1')"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_deletes_many_names_each_content_once(
    listener: "psycopg.Connection[Any]",
) -> None:
    listener.execute("LISTEN pictures")
    author = make_user("Author")
    first = make_map(author, "First")
    rows = [
        GameMap(
            user=author,
            name=f"Map {n}",
            width=20,
            height=20,
            terrain_data=[],
            spawn_point={},
            goal_point={},
            wave_config={},
            terrain_hash=f"{n // 2:064x}",
        )
        for n in range(500)
    ]
    GameMap.objects.bulk_create(rows)
    GameMap.objects.update(play_count=3)  # names nothing
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM users WHERE id = %s", [author.pk])
    messages = [payload.split(",") for payload in received_notifications(listener, "pictures")]
    named = [content for message in messages for content in message]
    assert max(map(len, messages)) <= 100
    assert len(named) == len(set(named)) == 251
    assert first.terrain_hash in named


@pytest.mark.django_db(transaction=True)
def test_a_map_that_gets_the_content_before_the_check_keeps_its_pictures() -> None:
    author = make_user("Author")
    old = make_map(author, "Old", grid=drawn_grid(30, "Water"))
    store_pictures(old)
    content = old.terrain_hash
    old.delete()
    again = make_map(author, "Again", grid=drawn_grid(30, "Water"))
    cleanup.delete_unused([content])
    assert has_pictures(again)
    GameMap.objects.all().delete()
    cleanup.delete_unused([content])
    assert not has_pictures(again)


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_was_deleted_too_early_is_drawn_again(client: Any) -> None:
    game_map = make_map(make_user("Author"))
    first = get_drawn(client, game_map.card_picture).content
    default_storage.delete(preview_files.name_of(game_map, "card"))
    assert get_drawn(client, game_map.card_picture).content == first
    assert default_storage.exists(preview_files.name_of(game_map, "card"))


@pytest.mark.django_db(transaction=True)
def test_several_processes_delete_the_files_of_a_change_once() -> None:
    for _ in range(2):
        cleanup.schedule_deletion(["0" * 64, "1" * 64])
    cleanup.schedule_deletion([EVERYTHING])
    assert jobs().get().args == {"contents": ["0" * 64, "1" * 64]}


@pytest.mark.django_db
def test_a_storage_that_refuses_to_delete_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(storage: Any, name: str) -> None:
        raise PermissionError

    monkeypatch.setattr(FileSystemStorage, "delete", refuse)
    stored = FileStore()
    for n in range(3):
        stored.delete(f"pictures/00/{n}")
    received_notifications = [r for r in caplog.records if "can't be deleted" in r.getMessage()]
    assert len(received_notifications) == 1


# ---- The sweep ----------------------------------------------------------------------------------


def names_of(game_map: GameMap) -> set[str]:
    return {preview_files.name_of(game_map, s).rpartition("/")[2] for s in FORMATS}


@pytest.mark.django_db
def test_the_sweep_deletes_all_that_no_map_has(
    author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "BATCH_SIZE", 2)
    public = make_map(author, grid=drawn_grid(30, "Water"))
    draft = make_map(author, grid=drawn_grid(31, "Water"), is_public=False)
    removed = make_map(author, grid=drawn_grid(32, "Water"), is_public=False)
    gone = make_map(author, grid=drawn_grid(33, "Water"))
    store_pictures(public, draft, removed, gone)
    gone.delete()
    GameMap.objects.filter(pk=removed.pk).update(removed_at=timezone.now())
    folder, content = f"pictures/{public.terrain_hash[:2]}", public.terrain_hash
    strangers = [
        f"{content}-{DRAWING_VERSION - 1}-card.webp",  # an older drawing
        f"{content}-{DRAWING_VERSION}-card.webp.0123456789abcdef0123456789abcdef",  # never finished
        f"{content}-{DRAWING_VERSION}-huge.webp",
        f"{content}-{DRAWING_VERSION}-card.jpeg",
        f"{content.upper()}-{DRAWING_VERSION}-card.webp",
        "x",
    ]
    for name in strangers:
        default_storage.save(f"{folder}/{name}", ContentFile(b"x"))
    default_storage.save("others/file", ContentFile(b"x"))
    make_old(hours=0.9)
    assert cleanup.sweep() == 0  # a change that is not committed yet may need them
    make_old(hours=1.1)
    assert cleanup.sweep() == 6 + len(strangers)
    assert files() == names_of(public) | names_of(draft) | {"file"}
    assert cleanup.sweep() == 0


@pytest.mark.django_db
def test_two_sweeps_at_once_delete_each_file_once(
    author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make_map(author)
    store_pictures(gone)
    gone.delete()
    make_old()
    modified = FileSystemStorage.get_modified_time

    def delete_first(storage: FileSystemStorage, name: str) -> datetime.datetime:
        storage.delete(name)
        return modified(storage, name)

    monkeypatch.setattr(FileSystemStorage, "get_modified_time", delete_first)
    assert cleanup.sweep() == 0
    assert files() == set()


@pytest.mark.django_db
def test_an_empty_storage_is_swept() -> None:
    assert cleanup.sweep() == 0


@pytest.mark.django_db
def test_the_sweep_deletes_unused_pictures_of_a_bucket(
    author: User,
    settings: Any,
    s3_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_bucket(settings, s3_server, "swept")
    default_storage.connection.create_bucket(  # type: ignore[attr-defined]
        Bucket="swept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert cleanup.sweep() == 0
    stored, gone = make_map(author, grid=drawn_grid(30, "Water")), make_map(author)
    store_pictures(stored, gone)
    gone.delete()
    assert cleanup.sweep() == 0
    monkeypatch.setattr(cleanup, "MIN_AGE", datetime.timedelta(seconds=-60))
    assert cleanup.sweep() == 3
    assert has_pictures(stored)
    assert not has_pictures(gone)
    FileStore().delete(preview_files.name_of(stored, "card"))
    assert not default_storage.exists(preview_files.name_of(stored, "card"))


# ---- The command --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_maintain_deletes_and_reports(author: User, capsys: pytest.CaptureFixture[str]) -> None:
    game_map = make_map(author, "Unheard Quagmire")
    gone = make_map(author, "Short Lived", grid=drawn_grid(30, "Water"))
    store_pictures(game_map, gone)
    gone.delete()
    make_old()
    now = timezone.now()
    hour = datetime.timedelta(hours=1)
    for n, expires in enumerate((now - hour, now - hour, now + hour)):
        PageSession.objects.create(session_key=f"key{n}", session_data="", expire_date=expires)
    game = GameSession.objects.create(map=game_map, status="Completed", map_version=1)
    facts = {"name": "Ford", "width": 20, "height": 20, "terrain_data": [], "wave_config": {}}
    facts |= {"spawn_point": {}, "goal_point": {}}
    played = [
        PlayedMap.objects.create(map_id=game_map.pk, version=v, **facts).pk for v in (1, 2, 3)
    ]
    assert game.map_version == 1
    call_command("maintain")
    said = capsys.readouterr().out
    for words in (
        "2 expired page sessions deleted.",
        "2 played maps without games deleted.",
        "2 words that no map has deleted.",
        "3 pictures that no map has deleted.",
    ):
        assert words in said
    assert PageSession.objects.count() == 1
    assert PlayedMap.objects.get().pk == played[0]
    assert set(MapWord.objects.values_list("word", flat=True)) == {"unheard", "quagmire"}
    assert has_pictures(game_map)
    call_command("maintain")
    assert capsys.readouterr().out.count("0 ") == 4


@pytest.mark.django_db
def test_one_task_that_fails_leaves_the_others(
    author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(storage: Any, folder: str) -> None:
        raise PermissionError(folder)

    monkeypatch.setattr(FileSystemStorage, "listdir", fail)
    make_map(author, "Short Lived").delete()
    with pytest.raises(CommandError, match=r"pictures that no map has \(PermissionError\)"):
        call_command("maintain", verbosity=0)
    assert not MapWord.objects.exists()


@pytest.mark.django_db
def test_words_are_pruned_unless_a_published_map_has_them(
    author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spelling, "DELETION_BATCH", 2)
    game_map = make_map(author, "Old Name", description="Rivers v2 3rd x1e5 größe and so-called")
    make_map(author, "Secret", is_public=False)
    before = set(MapWord.objects.values_list("word", flat=True))
    assert spelling.delete_unused_words() == 0
    assert set(MapWord.objects.values_list("word", flat=True)) == before
    assert {"rivers", "grosse", "x1e5"} <= before
    GameMap.objects.filter(pk=game_map.pk).update(name="New Words", description=None)
    assert spelling.delete_unused_words() == len(before)
    assert set(MapWord.objects.values_list("word", flat=True)) == {"new", "words"}
