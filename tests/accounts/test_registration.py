"""Sign up, in and out by page."""

import re
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.models.usernames import validate_username
from config.db.constraints import find_faults, save_checked
from tests.support.factories import PASSWORD
from tests.support.pages import sign_up

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/lobbies/join/7KQ2MX/", "/lobbies/join/7KQ2MX/"),
        ("https://evil.example/", "/maps/"),
        ("//evil.example/", "/maps/"),
        ("", "/maps/"),
    ],
)
def test_sign_up_redirects_to_next(client: Client, wanted: str, led_to: str) -> None:
    page = client.get("/signup/", {"next": wanted}).content.decode()
    assert (f'name="next" value="{wanted}"' in page) is (wanted == led_to)
    assert sign_up(client, next=wanted).headers["Location"] == led_to
    assert client.get("/signup/", {"next": wanted}).headers["Location"] == led_to


def test_sign_in_and_sign_up_pass_next_to_each_other(client: Client) -> None:
    for here, there in (("/login/", "/signup/"), ("/signup/", "/login/")):
        page = client.get(here, {"next": "/maps/?q=a b"}).content.decode()
        assert f'href="{there}?next=/maps/%3Fq%3Da%20b"' in page
        strange = client.get(here, {"next": "https://evil.example/"}).content.decode()
        assert f'href="{there}"' in strange


def test_sign_up_signs_in(client: Client) -> None:
    response = sign_up(client)
    assert response.headers["Location"] == "/maps/"
    user = User.objects.get(username="Mira_7")
    assert get_user(client) == user
    assert user.check_password(PASSWORD)
    assert not user.is_staff
    assert client.get("/signup/").headers["Location"] == "/maps/"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("username", "", "This field is required"),
        ("username", "ab", "3 to 50 characters"),
        ("username", "x" * 51, "at most 50 characters"),
        ("username", "mira 7", "Use the letters"),
        ("username", "mir\u0430", "Use the letters"),  # Cyrillic а
        ("username", "_mira", "begin and end"),
        ("username", "Admin", "reserved"),
        ("username", "deleted_1", "reserved"),
        ("username", "mira@example.com", "Use the letters"),
        ("username", "PLAYER1", "This name is taken"),
        ("username", "mi\0ra", "Null characters"),
        ("email", "mira", "valid email address"),
        ("email", "mira@home.c", "valid email address"),
        ("email", "mira!@example.com", "name@example.com"),
        ("email", "PLAYER1@example.com", "account with this address"),
        ("privacy", "", "Please agree to the privacy policy"),
        ("password", "short", "too short"),
        ("password", "password", "too common"),
        ("password", "8274615093", "entirely numeric"),
        ("password", "mira_7@example", "too similar"),
    ],
)
def test_sign_up_errors_show_at_their_fields(
    client: Client, player: User, field: str, value: str, words: str
) -> None:
    response = sign_up(client, **{field: value})
    assert response.status_code == 200
    assert words in " ".join(response.context["form"].errors[field])
    assert User.objects.count() == 1


def test_each_unique_value_is_looked_up_once(player: User) -> None:
    user = User(username="PLAYER1", email=player.email.upper())
    with CaptureQueriesContext(connection) as statements:
        faults = find_faults(user, ["username", "email"])
    assert {fault.code for fault in faults} == {"username_taken", "email_taken"}
    assert sum('FROM "users"' in statement["sql"] for statement in statements) == 2


@pytest.mark.django_db(transaction=True)
def test_username_registered_twice_at_once_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are found valid before either is saved: the table's constraint decides."""
    barrier = threading.Barrier(2)

    def save_together(*given: Any) -> None:
        barrier.wait(10)
        save_checked(*given)

    monkeypatch.setattr("accounts.identity.registration.save_checked", save_together)
    responses: list[Any] = []

    def ask(name: str) -> None:
        responses.append(sign_up(Client(), username=name, email=f"{name}@example.com"))
        connection.close()

    threads = [threading.Thread(target=ask, args=[name]) for name in ("mira", "MIRA")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    loser, winner = sorted(responses, key=lambda response: int(response.status_code))
    assert (winner.status_code, loser.status_code) == (302, 200)
    assert "This name is taken" in loser.content.decode()


@pytest.mark.parametrize("name", ["Player1", "PLAYER1", "player1@EXAMPLE.com"])
def test_sign_in_and_out(client: Client, player: User, name: str) -> None:
    response = client.post("/login/?next=/maps/?q=x", {"username": name, "password": PASSWORD})
    assert response.headers["Location"] == "/maps/?q=x"
    assert get_user(client) == player
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/maps/"
    assert not get_user(client).is_authenticated


def test_sign_in_does_not_redirect_to_other_sites(client: Client, player: User) -> None:
    credentials = {"username": "Player1", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/login/", credentials).headers["Location"] == "/maps/"


@pytest.mark.parametrize("name", ["Player1", "Nobody", "nobody@example.com", ""])
def test_wrong_credentials_are_rejected(client: Client, player: User, name: str) -> None:
    response = client.post("/login/", {"username": name, "password": "wrong"})
    assert response.status_code == 200
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
@pytest.mark.parametrize("name", ["a\0b", "x" * 256])
def test_impossible_usernames_are_rejected_at_sign_in(
    client: Client, db: None, path: str, name: str
) -> None:
    response = client.post(path, {"username": name, "password": PASSWORD})
    assert response.status_code == 200
    assert response.context["form"].errors["username"]


@pytest.mark.parametrize("password", [" " * 8, "abababababab", "Tribehold", "tribehold123"])
def test_guessable_passwords_are_rejected(client: Client, password: str) -> None:
    response = sign_up(client, password=password)
    assert response.context["form"].errors["password"]


def test_deactivated_player_is_signed_out_at_once(signed_in: Client) -> None:
    User.objects.update(is_active=False)
    assert not get_user(signed_in).is_authenticated
    signed_in.post("/login/", {"username": "Player1", "password": PASSWORD})
    assert not get_user(signed_in).is_authenticated


def test_players_sign_in_with_long_addresses(client: Client, player: User) -> None:
    User.objects.update(email="x" * 200 + "@example.com")
    assert 'maxlength="255"' in client.get("/login/").content.decode()
    client.post("/login/", {"username": "X" * 200 + "@example.com", "password": PASSWORD})
    assert get_user(client) == player


@pytest.mark.parametrize("key", ["\\000abcdefgh", "é" * 10, "x", "../../etc", "a" * 5000])
def test_invalid_session_cookies_are_ignored(client: Client, player: User, key: str) -> None:
    response = client.get("/login/", headers={"Cookie": f'sessionid="{key}"'})
    assert response.status_code == 200


def test_form_without_csrf_token_is_rejected(player: User) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/login/", {"username": "Player1", "password": PASSWORD})
    assert response.status_code == 403
    assert b"This page was out of date" in response.content
    assert not get_user(client).is_authenticated


@pytest.mark.parametrize("header", ["Referer", "Origin"])
def test_form_of_another_site_shows_an_error_with_a_link_to_the_page(
    player: User, header: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    credentials = {"username": "Player1", "password": PASSWORD}
    response = client.post("/login/", credentials, headers={header: "https://evil.example/x"})
    assert response.status_code == 403
    page = response.content.decode()
    assert "Reload and try again" in page
    assert 'href="/login/">Reload</a>' in page
    for words in ("evil", "Player1"):
        assert words not in page


def test_missing_page_offers_search_and_links(client: Client) -> None:
    shown = client.get("/nowhere/").content.decode()
    for words in ("Page not found.", 'role="search"', ">All maps</a>", "Error 404 · request "):
        assert words in shown
    assert "Nothing exists at this address." in client.get("/api/v1/nowhere").content.decode()


def test_password_field_has_focus_after_a_failed_sign_in(client: Client, player: User) -> None:
    fresh = client.get("/login/").context["form"].fields
    assert [name for name in fresh if "autofocus" in fresh[name].widget.attrs] == ["username"]
    again = client.post("/login/", {"username": "Player1", "password": "x"}).context["form"].fields
    assert [name for name in again if "autofocus" in again[name].widget.attrs] == ["password"]


def test_header_marks_the_current_page(client: Client, player: User) -> None:
    client.force_login(player)
    for address, name in {
        "/maps/": "Maps",
        "/lobbies/": "Lobbies",
        "/collections/": "Collections",
        "/tribes/new/": "Tribes",
        "/account/": "Player1",
    }.items():
        header = client.get(address).content.decode().partition("</header>")[0]
        assert re.findall(r'aria-current="page">([^<]+)<', header) == [name]
    assert "aria-current" not in client.get("/privacy/").content.decode()


def test_usernames_follow_the_rules() -> None:
    for name in ("abc", "A-b_c", "x" * 50, "007"):
        validate_username(name)
    for name in ("", "ab", "x" * 51, "a b c", "-abc", "abc-", "abc\n", "root", "ROOT"):
        with pytest.raises(ValidationError):
            validate_username(name)


def test_createsuperuser_creates_an_administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command(
        "createsuperuser",
        username="Chief",
        email="chief@example.com",
        interactive=False,
        verbosity=0,
    )
    assert User.objects.get_by_natural_key("Chief").is_superuser
