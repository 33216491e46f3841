"""Where forms lead when they are done: only to pages of this site, whatever `next` says."""

from typing import Any

import pytest
from django.contrib.auth import get_user
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse

from accounts.models import User
from config.http import next_url
from config.http.errors import find_retry_url
from tests.support.api import bearer
from tests.support.factories import NOBODY, PASSWORD, make_user
from tests.support.pages import sign_up
from tests.support.routes import routes

pytestmark = pytest.mark.django_db

NOWHERE = [
    "foo",
    "maps:browse",
    "accounts:account",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\t//evil.example/",
    "/\t/evil.example/",
    " /maps/",
    "/maps/ ",
    "https://evil.example/",
    "http:evil.example",
    "http://testserver/maps/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/maps/\r\nSet-Cookie: x=1",
    "/%0d%0a",
    "/%0d%0aSet-Cookie:x",
    "/%2F%2Fevil.example/",
    "/%5Cevil.example",
    "/maps/\x00",
    "/maps/%00",
    "/maps/\u2028",
    "/maps/\x85",
    "/nowhere/",
    "/static/css/site.css",
    "/maps/../logout/",
    "/logout/",
    "/logout/?x=1",
    "/admin/logout/",
    "/account/password",
    "/account/devices",
    "/account/recovery-codes",
    f"/maps/{NOBODY}/favourite",
    f"/maps/{NOBODY}/rating",
    f"/lobbies/{NOBODY}/act",
    f"/collections/{NOBODY}/share",
    "/api/v1/auth/login",
    "/lobbies/join/",
    "/login/",
    "/login/?next=/login/",
    "/login/#x",
    "/maps/?q=" + "x" * 2000,
    "/maps/?q=" + "ä" * 700,
    "/" * 5000,
    "?next=/maps/",
    "#x",
    "%",
    "",
]
SOMEWHERE = [
    "/",
    "/maps/",
    "/maps/?q=a%20b&sort=top#results",
    f"/maps/{NOBODY}/",
    "/lobbies/join/7KQ2MX/",
    "/tribes/new/?next=/maps/",
    "/account/",
    "/players/Player1/",
    "/maps/?q=ä",
    "/admin/",
    "/maps/?next=//evil.example/",
    "/api/docs",
]


def short(value: str) -> str:
    return repr(value)[:40]


@pytest.mark.parametrize("wanted", NOWHERE, ids=short)
def test_a_next_url_that_is_no_page_is_ignored(player: User, wanted: str) -> None:
    newcomer = Client()
    assert newcomer.get("/signup/", {"next": wanted}).status_code == 200
    assert newcomer.get("/login/", {"next": wanted}).context["next"] == ""
    response = sign_up(newcomer, next=wanted)
    assert (response.status_code, response["Location"]) == (302, "/maps/")
    assert User.objects.filter(username="Mira_7").exists()
    for path in ("/signup/", "/login/"):
        response = newcomer.get(path, {"next": wanted})
        assert (response.status_code, response["Location"]) == (302, "/maps/"), path
    response = newcomer.post("/logout/", {"next": wanted})
    assert (response.status_code, response["Location"]) == (302, "/maps/")
    response = newcomer.post(
        "/login/", {"username": "Player1", "password": PASSWORD, "next": wanted}
    )
    assert (response.status_code, response["Location"]) == (302, "/maps/")
    assert newcomer.get("/tribes/new/", {"next": wanted}).context["next"] == ""


@pytest.mark.parametrize("wanted", NOWHERE, ids=short)
def test_the_admin_ignores_a_next_url_that_is_no_page(settings: Any, wanted: str) -> None:
    settings.ADMIN_SECOND_FACTOR = True
    make_user("Boss", is_staff=True, is_superuser=True)
    client = Client()
    sign_in = {"username": "Boss", "password": PASSWORD, "next": wanted}
    response = client.post("/admin/login/", sign_in)
    assert (response.status_code, response["Location"]) == (302, "/admin/")
    response = client.get("/admin/login/", {"next": wanted})
    assert response["Location"] == "/account/second-factor?next=%2Fadmin%2F"
    assert client.get("/account/second-factor", {"next": wanted}).context["next"] == ""
    response = client.post("/account/second-factor", {"begin": "1", "next": wanted})
    assert response["Location"] == "/account/second-factor?next="


@pytest.mark.parametrize("wanted", SOMEWHERE, ids=short)
def test_a_next_url_that_is_a_page_is_followed(player: User, wanted: str) -> None:
    client = Client()
    sign_in = {"username": "Player1", "password": PASSWORD, "next": wanted}
    response = client.post("/login/", sign_in)
    assert response["Location"] == wanted.replace("ä", "%C3%A4")
    assert client.get("/signup/", {"next": wanted})["Location"] == response["Location"]
    assert get_user(client).is_authenticated


@pytest.mark.parametrize(
    ("referer", "again"),
    [
        ("http://testserver/login/?next=/maps/", "/login/?next=/maps/"),
        ("http://testserver/signup/", "/signup/"),
        ("http://testserver/", "/login/"),
        ("http://testserver/account/password", "/login/"),
        ("https://testserver/signup/", "/login/"),
        ("http://testserver:81/signup/", "/login/"),
        ("http://testserver@evil.example/signup/", "/login/"),
        ("http://evil.example/signup/", "/login/"),
        ("javascript:alert(1)", "/login/"),
        ("//testserver//evil.example/", "/login/"),
        ("http://testserver//evil.example/", "/login/"),
        ("http://[", "/login/"),
        ("", "/login/"),
    ],
)
def test_the_retry_link_leads_to_the_page_of_the_form(referer: str, again: str) -> None:
    request = RequestFactory().post("/login/", headers={"Referer": referer})
    assert find_retry_url(request) == again


def test_routes_without_get_are_recognized() -> None:
    """Compares with a real request to each route."""
    boss = make_user("Boss", is_staff=True, is_superuser=True)
    client, token, met = Client(), bearer(boss), 0
    for name, arguments in routes(get_resolver().url_patterns):
        if name.startswith("admin:") and arguments:
            continue  # Django's own, which accept GET
        client.force_login(boss)
        path = reverse(name, kwargs=arguments)
        shows = client.get(path, headers=token).status_code != 405
        assert bool(next_url.find_page(path)) is shows, name
        met += not shows
    assert met > 15


def test_plain_http_is_redirected_to_the_configured_host(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_SSL_HOST = True, "tribehold.example"
    response = Client().get("/maps/?q=x", headers={"Host": "localhost:1337"})
    assert (response.status_code, response["Location"]) == (
        301,
        "https://tribehold.example/maps/?q=x",
    )
