"""Secrets at rest: what is stored cannot be used to sign in, and no SQL statement contains a secret."""

import hashlib
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.devices import actions as device_actions
from accounts.devices.session_store import SessionStore
from accounts.identity import links
from accounts.models import PageSession, User
from accounts.tokens import signing
from accounts.tokens.actions import start_family
from config.redis.clients import durable
from sessions_app.tickets import tickets
from tests.support.api import bearer
from tests.support.factories import PASSWORD, make_user
from tests.support.task_queue import run_tasks

pytestmark = pytest.mark.django_db
OTHER = "another long sentence"


@pytest.fixture
def statements(db: None) -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as captured:
        yield captured


def key_of(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def all_of_the_database() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute(
            " UNION ALL ".join(f'SELECT "{name}"::text FROM "{name}"' for name in tables)
        )
        return "\n".join(row[0] for row in cursor.fetchall())


def all_of_redis() -> str:
    readers: dict[str, Any] = {"string": durable().get, "hash": durable().hgetall}
    keys = list(durable().scan_iter())
    return "\n".join(f"{key} {readers[str(durable().type(key))](key)}" for key in keys)


# ---- Sessions of pages --------------------------------------------------------------------------


def test_no_sql_statement_contains_a_session_key(
    player: User, statements: CaptureQueriesContext
) -> None:
    """From sign-in to sign-out: a form, pages, devices, a new password."""
    client, elsewhere = Client(), Client()
    keys: set[str] = set()

    def note() -> None:
        keys.update(key_of(each) for each in (client, elsewhere) if "sessionid" in each.cookies)

    for each in (client, elsewhere):
        each.post("/login/", {"username": "Player1", "password": PASSWORD})
        note()
    client.get("/account/")
    session = client.session
    session["more"] = 1
    session.save()
    body = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    client.post("/account/password", body)
    note()
    client.post("/login/", {"username": "Player1", "password": OTHER})
    client.post("/account/devices", {"all": "1"})
    elsewhere.get("/account/")
    note()
    assert get_user(client) == player
    client.post("/logout/")
    note()
    keys.discard("")
    assert len(keys) >= 3
    text = "".join(query["sql"] for query in statements.captured_queries)
    assert "page_sessions" in text
    for key in keys:
        assert key not in text


def test_no_store_contains_a_session_key(player: User) -> None:
    client = Client()
    client.force_login(player)
    bearer(player)
    key = key_of(client)
    for text in (all_of_the_database(), all_of_redis()):
        assert key not in text
    row = PageSession.objects.get()
    assert row.session_key == hashlib.sha256(key.encode()).hexdigest()


@pytest.mark.django_db(transaction=True)  # it closes connections that are old
def test_stored_session_keys_sign_nobody_in(player: User) -> None:
    client, thief = Client(), Client()
    client.force_login(player)
    row = PageSession.objects.get()
    for stolen in (row.session_key, row.session_key[:32], row.session_data):
        thief.cookies["sessionid"] = stolen
        assert not get_user(thief).is_authenticated
        assert tickets.find_page_holder(stolen) is None
    assert get_user(client) == player


@pytest.mark.django_db(transaction=True)  # it closes connections that are old
def test_ticket_of_a_page_holds_the_stored_session_key(player: User) -> None:
    client = Client()
    client.force_login(player)
    holder = tickets.find_page_holder(key_of(client))
    assert holder
    assert holder.player_id == player.pk
    assert holder.page == PageSession.objects.get().session_key


def test_session_store_supports_all_operations(statements: CaptureQueriesContext) -> None:
    store = SessionStore()
    store["a"] = 1
    store.create()
    first = str(store.session_key)
    store["a"] = 2
    store.save()
    assert SessionStore(first)["a"] == 2
    assert store.exists(first)
    store.cycle_key()
    second = str(store.session_key)
    assert second != first
    assert not store.exists(first)
    assert SessionStore(second)["a"] == 2
    again = SessionStore(second)
    with pytest.raises(CreateError):
        again.save(must_create=True)
    gone = SessionStore(second)
    assert gone["a"] == 2
    store.flush()
    assert store.session_key is None
    with pytest.raises(UpdateError):
        gone.save()
    SessionStore("never0made0key").delete()
    SessionStore().delete("never0made0key")
    assert SessionStore("never0made0key").load() == {}
    old = SessionStore()
    old.create()
    PageSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert SessionStore(old.session_key).load() == {}
    SessionStore.clear_expired()
    assert not PageSession.objects.exists()
    text = "".join(query["sql"] for query in statements.captured_queries)
    for key in (first, second, str(old.session_key)):
        assert key not in text


def test_session_store_supports_all_asynchronous_operations(
    statements: CaptureQueriesContext,
) -> None:
    keys = []

    async def live() -> None:
        store = SessionStore()
        await store.acreate()
        await store.aset("a", 1)
        await store.asave()
        keys.append(str(store.session_key))
        assert await SessionStore(keys[0]).aget("a") == 1
        assert await store.aexists(keys[0])
        await store.acycle_key()
        keys.append(str(store.session_key))
        assert not await store.aexists(keys[0])
        assert await SessionStore(keys[1]).aget("a") == 1
        assert await SessionStore(keys[0]).aload() == {}
        await SessionStore().adelete(keys[1])
        assert not await store.aexists(keys[1])
        fresh = SessionStore()
        await fresh.asave()
        keys.append(str(fresh.session_key))
        await fresh.aflush()

    async_to_sync(live)()
    assert not PageSession.objects.exists()
    text = "".join(query["sql"] for query in statements.captured_queries)
    assert "INSERT" in text
    for key in keys:
        assert len(key) == 32
        assert key not in text


def test_devices_of_the_same_moment_have_different_keys(client: Client, player: User) -> None:
    browsers = [Client() for _ in range(3)]
    for browser in browsers:
        browser.force_login(player)
    PageSession.objects.update(created_at=timezone.now())
    current = key_of(browsers[0])
    places = device_actions.list_devices(player, current=current)
    assert len({place.key for place in places}) == 3
    (own,) = (place for place in places if place.is_current)
    other = next(place for place in places if place.key != own.key)
    page = browsers[0].get("/account/").content.decode()
    assert other.key in page
    for browser in browsers:
        assert key_of(browser) not in page
    device_actions.sign_out_device(player, other.key)
    assert sum(get_user(browser).is_authenticated for browser in browsers) == 2
    device_actions.sign_out_other_devices(player, current=current)
    assert [get_user(browser).is_authenticated for browser in browsers] == [True, False, False]
    device_actions.delete_devices([player], current=current)
    assert get_user(browsers[0]) == player
    device_actions.delete_devices([player])
    assert not get_user(browsers[0]).is_authenticated


# ---- What Redis holds ---------------------------------------------------------------------------


def test_redis_contains_no_tokens_or_tickets(player: User) -> None:
    access, refresh = start_family(player, "game")
    said = signing.read(access, "access")
    family = said.family
    ticket = tickets.create_ticket(said, uuid.uuid4())
    text = all_of_redis()
    assert family in text
    for token in (access, refresh):
        for part in token.split("."):
            assert part not in text
    assert ticket not in text


# ---- Links of emails ----------------------------------------------------------------------------


@pytest.fixture
def sent_emails(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def reset_link(client: Client) -> str:
    """Returns the path of an emailed link to set a new password."""
    client.post("/reset/", {"name": "Player1"})
    run_tasks()
    (link,) = re.findall(r"https?://[^/]+(/reset/\S+)", str(mail.outbox[-1].body))
    return str(link)


def test_reset_token_is_not_stored(
    sent_emails: None, player: User, statements: CaptureQueriesContext
) -> None:
    client = Client()
    link = reset_link(client)
    token = link.split("/")[3]
    response = client.get(link)
    form = response.headers["Location"]
    assert form == link.replace(token, "set-password")
    cookie = response.cookies["reset_token"]
    assert cookie.value == token
    assert (cookie["path"], cookie["max-age"]) == (form, 3600)
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "no-store" in response.headers["Cache-Control"]
    assert b"Choose a new password" in client.get(form).content
    assert not PageSession.objects.exists()
    for text in (all_of_the_database(), all_of_redis()):
        assert token not in text
    wrong = {"new_password1": "12345678", "new_password2": "12345678"}
    assert b"too common" in client.post(form, wrong).content
    response = client.post(form, {"new_password1": OTHER, "new_password2": OTHER})
    assert response.headers["Location"] == "/login/"
    assert (response.cookies["reset_token"]["path"], response.cookies["reset_token"].value) == (
        form,
        "",
    )
    player.refresh_from_db()
    assert player.check_password(OTHER)
    assert token not in "".join(query["sql"] for query in statements.captured_queries)
    assert token not in all_of_the_database()


def test_reset_cookie_is_secure_over_https(sent_emails: None, player: User, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    assert Client().get(reset_link(Client())).cookies["reset_token"]["secure"]


def test_reset_form_requires_the_cookie_of_its_link(sent_emails: None, player: User) -> None:
    link = reset_link(Client())
    form, token = link.replace(link.split("/")[3], "set-password"), link.split("/")[3]
    other = make_user("Other")
    others = form.replace(links.uid_of(player), links.uid_of(other))
    body = {"new_password1": OTHER, "new_password2": OTHER}
    for address, cookie in (
        (form, None),
        (form, ""),
        (form, "set-password"),
        (form, token[:-1] + ("0" if token[-1] != "0" else "1")),
        (form, "x-\\000"),
        (form, "é-é"),
        (form, "a" * 4000),
        (others, token),
        ("/reset/MQ/set-password/", token),
        ("/reset/%00/set-password/", token),
    ):
        client = Client()
        if cookie is not None:
            client.cookies["reset_token"] = cookie
        for response in (client.get(address), client.post(address, body)):
            assert b"has expired" in response.content
    for user in (player, other):
        user.refresh_from_db()
        assert user.check_password(PASSWORD)


def test_reset_requires_its_token(sent_emails: None, player: User) -> None:
    client = Client(enforce_csrf_checks=True)
    form = Client().get(reset_link(Client())).headers["Location"]
    client.cookies["reset_token"] = "x"
    body = {"new_password1": OTHER, "new_password2": OTHER}
    assert client.post(form, body).status_code == 403
    player.refresh_from_db()
    assert player.check_password(PASSWORD)


def test_variants_of_a_link_redirect_to_one_address(sent_emails: None, player: User) -> None:
    """Base64 is read leniently; the cookie's path is ours."""
    link = reset_link(Client())
    name = links.uid_of(player)
    response = Client().get(link.replace(name, name[:4] + "%3B%20" + name[4:]))
    assert response.headers["Location"] == f"/reset/{name}/set-password/"
    assert response.cookies["reset_token"]["path"] == f"/reset/{name}/set-password/"
