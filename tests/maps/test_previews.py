"""Pictures as files and responses: drawn once, with permanent names, in each kind of storage."""

import logging
import os
import re
import signal
import socket
import threading
from html import unescape
from io import BytesIO
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from PIL import Image

from accounts.models import User
from config.ops import results, task_queue
from config.server import handler
from config.storage.files import AtomicFileSystemStorage, FileStore
from config.storage.urls import read_media_url
from maps.drawing import process as drawing_process
from maps.drawing.formats import DRAWING_VERSION
from maps.drawing.pictures import render
from maps.editing import actions as editing_actions
from maps.models import GameMap
from maps.previews import preview_files
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.documents import document_of
from tests.support.factories import NOBODY, drawn_grid, flat_grid, make_map, make_user, tiles
from tests.support.live_site import Site
from tests.support.object_storage import use_bucket
from tests.support.task_queue import get_drawn, jobs, run_tasks
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def own_outages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_files, "file_store", FileStore())


# ---- Names --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_another_drawing_has_other_names(
    client: Client, game_map: GameMap, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    old = game_map.card_picture
    assert old.endswith(f"card-{game_map.terrain_hash}-{DRAWING_VERSION}.webp")
    assert "immutable" in get_drawn(client, old)["Cache-Control"]
    monkeypatch.setattr("maps.models.maps.DRAWING_VERSION", DRAWING_VERSION + 1)
    assert game_map.card_picture != old
    assert get_drawn(client, old)["Cache-Control"] == "public, no-cache"
    assert "immutable" in get_drawn(client, game_map.card_picture)["Cache-Control"]
    assert len(list(settings.MEDIA_ROOT.rglob("*.webp"))) == 2


@pytest.mark.django_db
def test_a_size_has_one_format(client: Client, game_map: GameMap) -> None:
    assert client.get(game_map.card_picture.replace("webp", "jpeg")).status_code == 404
    assert client.get(game_map.link_picture.replace("jpeg", "webp")).status_code == 404
    assert get_drawn(client, game_map.link_picture)["Content-Type"] == "image/jpeg"


@pytest.mark.django_db
def test_a_long_address_is_read_quickly(client: Client) -> None:
    for tail in ("card-" + "0" * 60_000, "card-" + "unknown-1" * 9_000, "page-" + "-1" * 30_000):
        assert client.get(f"/maps/{NOBODY}/{tail}").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("no_id", ["-" * 36, "a" * 36, "0" * 32 + "----", "-" * 4 + "0" * 32])
def test_an_address_without_an_id_is_a_404(client: Client, no_id: str) -> None:
    client.raise_request_exception = False
    assert client.get(f"/maps/{no_id}/card-unknown-2.webp").status_code == 404


@pytest.mark.django_db
def test_a_picture_is_not_stored_under_the_name_of_another_content(
    game_map: GameMap, settings: Any
) -> None:
    """The author changed the map after its row, and before its terrain, was read."""
    grid = flat_grid()
    grid.level[5, 5] = 3
    game_map.terrain_data = tiles(grid)
    assert not preview_files._draw(game_map, "card")
    assert list(settings.MEDIA_ROOT.rglob("*.webp")) == []
    assert preview_files.picture(game_map, "card")  # the request still gets it


@pytest.mark.django_db
def test_a_map_that_is_deleted_while_its_picture_is_requested(
    client: Client, game_map: GameMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = game_map.card_picture
    monkeypatch.setattr(FileStore, "read", lambda *_: GameMap.objects.all().delete() and None)
    assert client.get(url).status_code == 404


# ---- Once ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_simultaneous_requests_draw_a_picture_once(
    tasks_run: None, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    game_map = make_map(make_user("Author"))
    drawn: list[bool] = []
    everybody_asks = threading.Barrier(8)

    def slowly(*arguments: Any) -> bytes:
        drawn.append(connection.in_atomic_block)
        until(lambda: len(results._futures) == 1)
        return render(*arguments)

    def ask(_: int) -> bytes:
        everybody_asks.wait(10)
        return httpx.get(site.url + game_map.card_picture, timeout=20).content

    monkeypatch.setattr(preview_files, "render", slowly)
    responses = at_once(8, ask)
    assert len(responses) == 8
    assert len(set(responses)) == 1
    assert drawn == [False]  # once, and in no transaction


@pytest.mark.django_db
def test_one_job_serves_all_requests_for_a_picture(client: Client, game_map: GameMap) -> None:
    for _ in range(3):
        assert client.get(game_map.card_picture).status_code == 503
    assert jobs(queue_name=task_queue.PICTURES).count() == 1
    run_tasks()
    assert not jobs().exists()


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_takes_too_long_is_a_503_with_retry_after(
    site: Site, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    game_map = make_map(make_user("Author"))
    monkeypatch.setattr(handler, "RESULT_TIMEOUT_SECONDS", 0.05)
    blank = httpx.get(site.url + game_map.card_picture)
    assert (blank.status_code, blank.headers["Cache-Control"], blank.headers["Retry-After"]) == (
        503,
        "no-store",
        "2",
    )
    assert Image.open(BytesIO(blank.content)).size == (480, 270)
    preview = httpx.get(f"{site.url}/api/v1/maps/{game_map.pk}/preview")
    assert (preview.status_code, preview.json()["errors"][0]["code"]) == (503, "busy")
    assert preview.headers["Retry-After"] == "2"
    run_tasks()
    assert len(list(settings.MEDIA_ROOT.rglob("*.webp"))) == 1
    response = httpx.get(site.url + game_map.card_picture)
    assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_requested_pictures_are_drawn_before_those_in_advance(
    client: Client, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(preview_files, "render", lambda *a: (drawn.append(a[-1]), render(*a))[1])  # type: ignore[func-returns-value]
    maps = [make_map(author, f"Ford {n}", grid=drawn_grid(30 + n, "Water")) for n in range(2)]
    for game_map in maps:
        preview_files.draw_in_advance(game_map)
    client.get(maps[1].link_picture)
    client.get(maps[1].page_picture)
    run_tasks()
    assert drawn == ["link", "page", "card", "page", "card"]


@pytest.mark.django_db
def test_the_number_of_waiting_jobs_is_limited(
    client: Client, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(task_queue.MAX_WAITING, task_queue.PICTURES, 2)
    monkeypatch.setitem(task_queue.MAX_WAITING, task_queue.PICTURES_IN_ADVANCE, 1)
    for n in range(4):
        game_map = make_map(author, f"Ford {n}")
        preview_files.draw_in_advance(game_map)
        with pytest.raises(preview_files.NotDrawn) as refused:
            preview_files.picture(game_map, "card")
        assert bool(refused.value.result) == (n < 2)
        assert client.get(game_map.card_picture).status_code == 503
    assert jobs(queue_name=task_queue.PICTURES).count() == 2
    assert jobs(queue_name=task_queue.PICTURES_IN_ADVANCE).count() == 1


# ---- Ahead, and beside the requests -------------------------------------------------------------


def files(settings: Any) -> set[str]:
    return {file.name for file in settings.MEDIA_ROOT.rglob("*.webp")}


@pytest.mark.django_db(transaction=True)
def test_pictures_of_new_maps_are_drawn_in_advance(
    tasks_run: None, site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = make_user("Author")
    api = f"{site.url}/api/v1/maps"
    document = document_of(flat_grid()) | {"name": "Quiet Ford"}
    made = httpx.post(api, json=document, headers=bearer(author))
    game_map = GameMap.objects.get(pk=made.json()["id"])

    def both() -> set[str]:
        return {f"{game_map.picture_content}-{size}.webp" for size in ("card", "page")}

    until(lambda: files(settings) == both())
    for file in settings.MEDIA_ROOT.rglob("*.webp"):
        file.unlink()
    assert httpx.post(f"{api}/{game_map.pk}/publish", headers=bearer(author)).status_code == 200
    until(lambda: files(settings) == both())
    httpx.patch(
        f"{api}/{game_map.pk}", json={"goal_point": {"x": 3, "y": 3}}, headers=bearer(author)
    )
    game_map.refresh_from_db()
    until(lambda: files(settings) >= both())
    monkeypatch.setattr(preview_files, "render", lambda *_: pytest.fail("drawn again"))
    assert httpx.get(site.url + game_map.page_picture).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_commands_draw_nothing_themselves(settings: Any) -> None:
    author = make_user("Author")
    editing_actions.create_map(
        author=author, given=document_of(flat_grid()) | {"name": "Quiet Ford"}
    )
    assert jobs().get().queue_name == task_queue.PICTURES_IN_ADVANCE
    assert files(settings) == set()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_drawn_of_a_map_whose_transaction_is_rolled_back() -> None:
    author = make_user("Author")
    with transaction.atomic():
        editing_actions.create_map(
            author=author, given=document_of(flat_grid()) | {"name": "Quiet Ford"}
        )
        assert jobs().exists()
        transaction.set_rollback(True)
    assert not jobs().exists()


@pytest.mark.django_db
def test_a_command_draws_missing_pictures(
    author: User, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    maps = [make_map(author, "Ford"), make_map(author, "The same", is_public=False)]
    make_map(author, "Broken", terrain_data=[])
    make_map(author, "No hash", terrain_hash="")
    call_command("draw")
    expected = {f"{maps[0].picture_content}-{size}.webp" for size in ("card", "page")}
    assert files(settings) == expected
    assert "2 pictures drawn." in capsys.readouterr().out
    monkeypatch.setattr(preview_files, "render", lambda *_: pytest.fail("drawn again"))
    call_command("draw", verbosity=0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.django_db
def test_the_command_that_draws_reports_a_storage_that_fails(
    game_map: GameMap, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "file" / "pictures"
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CommandError, match="stored"):
        call_command("draw", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_pages_are_served_while_pictures_are_drawn(
    tasks_run: None, site: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    author, go_on = make_user("Author"), threading.Event()
    drawing: list[int] = []
    most = [0]

    def slowly(*arguments: Any) -> bytes:
        drawing.append(1)
        most[0] = max(most[0], len(drawing))
        go_on.wait(20)
        drawing.pop()
        return render(*arguments)

    monkeypatch.setattr(preview_files, "render", slowly)
    maps = [make_map(author, f"Ford {n}", goal_point={"x": 5, "y": n}) for n in range(1, 13)]
    for game_map in maps:
        game_map.terrain_hash = flat_grid().content_hash((0, 0), (5, game_map.goal_point["y"]))
        game_map.save()

    def look(number: int) -> tuple[int, str]:
        if number < 12:
            response = httpx.get(site.url + maps[number].page_picture, timeout=30)
            return response.status_code, response.headers["Cache-Control"]
        until(lambda: jobs().count() == 12)
        page = httpx.get(site.url + maps[0].get_absolute_url(), timeout=30)
        go_on.set()
        return page.status_code, ""

    responses = at_once(13, look)
    assert (200, "") in responses
    stored = "public, max-age=31536000, s-maxage=60, immutable"
    # On a slow machine a request may time out, and is to be repeated.
    assert set(responses) <= {(200, ""), (200, stored), (503, "no-store")}
    assert (200, stored) in responses
    until(lambda: len(files(settings)) == 12)
    assert most == [1]


@pytest.mark.django_db(transaction=True)
def test_a_request_waits_for_a_picture_that_cannot_be_stored(
    tasks_run: None, site: Site, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path / "file" / "pictures"
    (tmp_path / "file").write_text("no folder")
    drawn: list[int] = []
    monkeypatch.setattr(preview_files, "render", lambda *a: (drawn.append(1), render(*a))[1])  # type: ignore[func-returns-value]
    game_map = make_map(make_user("Author"))
    response = httpx.get(f"{site.url}/api/v1/maps/{game_map.pk}/preview", timeout=20)
    assert Image.open(BytesIO(response.content)).size == (480, 270)
    assert drawn == [1]
    assert response.headers["X-RateLimit-Remaining"] == "99"  # counted once, though asked twice


@pytest.mark.django_db
def test_a_drawing_that_fails_is_tried_again_then_logged(
    client: Client,
    game_map: GameMap,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tries: list[int] = []

    def fail(*_: Any) -> bytes:
        tries.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(preview_files, "render", fail)
    client.get(game_map.card_picture)
    run_tasks(hours=1)
    assert len(tries) == 1 + 3
    reported = [r for r in caplog.records if r.name.startswith("procrastinate.worker")]
    assert [r.levelno for r in reported] == [logging.ERROR]
    assert "maps.draw" in reported[0].getMessage()
    monkeypatch.setattr(preview_files, "render", render)
    assert get_drawn(client, game_map.card_picture).status_code == 200


# ---- In a process of its own --------------------------------------------------------------------


def arguments(size: str = "card") -> tuple[Any, ...]:
    return flat_grid(), [(0, 0), (1, 0)], (0, 0), (5, 5), size


def test_another_process_draws_the_same() -> None:
    drawing = drawing_process.DrawingProcess()
    assert drawing.render(*arguments()) == render(*arguments())
    process = drawing._process
    assert process
    assert process.pid != os.getpid()
    with pytest.raises(KeyError):
        drawing.render(*arguments("poster"))
    process.kill()  # as the kernel does where memory is short
    process.join(10)
    assert drawing.render(*arguments()) == render(*arguments())
    assert drawing._process is not process
    drawing._stop()


def test_a_drawing_process_without_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing_process, "IDLE_SECONDS", 0)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    ours, theirs = Pipe()
    ignored = signal.getsignal(signal.SIGINT)
    try:
        drawing_process.draw_until_idle(theirs)
        monkeypatch.setattr(drawing_process, "IDLE_SECONDS", 20)
        ours.send(arguments())
        ours.send(arguments())

        def receive() -> None:
            assert ours.recv() == ours.recv() == render(*arguments())
            ours.close()

        waiting = threading.Thread(target=receive)
        waiting.start()
        drawing_process.draw_until_idle(theirs)  # until the server is gone
        waiting.join(10)
    finally:
        signal.signal(signal.SIGINT, ignored)


# ---- In a bucket --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_pictures_can_be_stored_in_a_bucket(
    client: Client, game_map: GameMap, settings: Any, s3_server: str, monkeypatch: Any
) -> None:
    use_bucket(settings, s3_server)
    default_storage.connection.create_bucket(  # type: ignore[attr-defined]
        Bucket="pictures", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    first = get_drawn(client, game_map.card_picture)
    assert first.status_code == 200
    content = game_map.picture_content
    name = f"pictures/{content[:2]}/{content}-card.webp"
    with default_storage.open(name) as file:
        assert file.read() == first.content
    monkeypatch.setattr(preview_files, "render", lambda *_: pytest.fail("drawn again"))
    assert client.get(game_map.card_picture).content == first.content
    assert list(settings.MEDIA_ROOT.rglob("*.webp")) == []


@pytest.mark.django_db
def test_a_bucket_that_is_down_breaks_nothing_and_is_logged_once(
    client: Client,
    game_map: GameMap,
    settings: Any,
    s3_server: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # it doesn't listen
        use_bucket(settings, f"127.0.0.1:{nobody.getsockname()[1]}")
        with caplog.at_level(logging.ERROR, "config.storage.files"):
            responses = {get_drawn(client, game_map.card_picture).content for _ in range(3)}
    assert len(responses) == 1
    assert responses != {b""}
    reported = [r.getMessage() for r in caplog.records if r.name == "config.storage.files"]
    assert len(reported) <= 2  # one read and one write
    assert "can't be read" in reported[0]
    assert "a/secret" not in caplog.text
    use_bucket(settings, s3_server, "no-such-bucket")
    assert get_drawn(client, game_map.page_picture).status_code == 200


@pytest.mark.django_db
def test_a_storage_that_is_slow_to_fail_is_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    asked = []

    def hang(_: Any, name: str) -> Any:
        asked.append(name)
        raise TimeoutError

    monkeypatch.setattr("config.storage.files.SLOW_SECONDS", -1)
    monkeypatch.setattr(AtomicFileSystemStorage, "open", hang)
    keeping = FileStore()
    assert [keeping.read("a"), keeping.read("b")] == [None, None]
    keeping.save("c", b"c")
    assert asked == ["a"]
    assert not default_storage.exists("c")


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "https://a:b@host/bucket",
        "s3://host/bucket",
        "s3://a@host/bucket",
        "s3://a:b@/bucket",
        "s3://a:b@host",
        "s3://a:b@host/Bucket",
        "s3://a:b@host/bucket/folder",
        "s3://a:b@host/bucket?zone=1",
        "s3://a:b@host/bucket?region=",
        "s3://a:b@host/bucket#x",
        "s3://a:b@host:port/bucket",
        "s3://a:b@[::1/bucket",
        "/var/media",
    ],
)
def test_invalid_bucket_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_media_url(url)
    assert url not in str(refused.value) or len(url) < 6


def test_addresses_of_buckets_are_parsed() -> None:
    options = read_media_url("s3://KEY:se%2Fcret@[::1]:9000/my-bucket")["OPTIONS"]
    assert options["endpoint_url"] == "https://[::1]:9000"
    assert (options["access_key"], options["secret_key"]) == ("KEY", "se/cret")
    assert options["region_name"] == "us-east-1"


def test_without_the_packages_an_error_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("config.storage.urls.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"requirements-s3\.txt"):
        read_media_url("s3://a:b@host/bucket")


# ---- Previews of links --------------------------------------------------------------------------


def tags(client: Client, game_map: GameMap) -> dict[str, str]:
    page = client.get(game_map.get_absolute_url()).content.decode()
    pattern = r'<meta (?:property|name)="((?:og|twitter):[a-z_:]+)"\s+content="([^"]*)"'
    found = {name: unescape(content) for name, content in re.findall(pattern, page)}
    canonical = re.search(r'<link rel="canonical" href="([^"]*)">', page)
    return found | ({"canonical": canonical[1]} if canonical else {})


@pytest.mark.django_db
def test_previews_of_links_have_a_title_a_text_and_a_picture(
    client: Client, author: User, settings: Any
) -> None:
    settings.SITE_URL = "https://tribehold.example"
    game_map = make_map(author, 'The "Ford" & more', description="Two bridges <and> a mill.")
    found = tags(client, game_map)
    page = f"https://tribehold.example{game_map.get_absolute_url()}"
    assert found["canonical"] == found["og:url"] == page
    assert found["og:title"] == 'The "Ford" & more'
    assert "20 × 20 map by Author. Two bridges <and> a mill." in found["og:description"]
    assert (found["og:type"], found["og:site_name"]) == ("website", "Tribehold")
    assert found["twitter:card"] == "summary_large_image"
    assert found["og:image:alt"]
    assert found["og:image"] == f"https://tribehold.example{game_map.link_picture}"
    response = get_drawn(client, found["og:image"])
    assert response["Content-Type"] == found["og:image:type"]
    size = (int(found["og:image:width"]), int(found["og:image:height"]))
    assert Image.open(BytesIO(response.content)).size == size


@pytest.mark.django_db
def test_private_maps_have_no_previews_of_links(client: Client, author: User) -> None:
    client.force_login(author)
    assert tags(client, make_map(author, is_public=False)) == {}
    assert "." in tags(client, make_map(author, description=None))["og:description"]


# ---- In the API ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_preview_in_the_api(client: Client, game_map: GameMap) -> None:
    url = f"/api/v1/maps/{game_map.pk}/preview"
    response = get_drawn(client, url, headers={"Accept": "image/webp"})
    assert response["Content-Type"] == "image/webp"
    assert response.content == client.get(game_map.card_picture).content
    # The address does not name the content, so clients revalidate each time, and get a 304.
    assert response["Cache-Control"] == "public, no-cache"
    again = client.get(url, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == "public, no-cache"
    page = get_drawn(client, url + "?size=page", headers={"If-None-Match": response["ETag"]})
    assert Image.open(BytesIO(page.content)).size == (1200, 675)


@pytest.mark.django_db
def test_errors_of_the_preview_are_json(client: Client, author: User) -> None:
    game_map = make_map(author, is_public=False)
    url = f"/api/v1/maps/{game_map.pk}/preview"
    response = client.get(url, headers={"Accept": "image/webp"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "not_found")
    mine = get_drawn(client, url, headers=bearer(author))
    assert mine["Cache-Control"] == "private, no-cache"
    wrong = client.get(url + "?size=link", headers=bearer(author))
    assert (wrong.status_code, wrong.json()["errors"][0]["attr"]) == (400, "size")
    broken = make_map(author, terrain_hash="", terrain_data=[])
    assert client.get(f"/api/v1/maps/{broken.pk}/preview").status_code == 404
