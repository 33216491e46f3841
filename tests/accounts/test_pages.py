"""A player's own account: emails, links that work once, devices, passwords."""

import re
import socket
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.devices import actions as device_actions
from accounts.devices.attempts import CurrentDevice
from accounts.devices.user_agents import device_name
from accounts.identity import email_addresses, links, passwords
from accounts.models import PageSession, User
from accounts.tokens import families
from accounts.tokens.actions import start_family
from config.kernel.client import Client as Caller
from config.redis.clients import durable
from config.templatetags.times import ago
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.emails import last_email
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import sign_up
from tests.support.task_queue import jobs, run_tasks

pytestmark = pytest.mark.django_db
HERE = Caller("127.0.0.1")
OTHER = "another quite long sentence"


@pytest.fixture(autouse=True)
def emails_in_memory(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def sign_in(client: Client, password: str = PASSWORD, agent: str = "Firefox") -> bool:
    credentials = {"username": "Player1", "password": password}
    client.post("/login/", credentials, headers={"User-Agent": agent})
    return get_user(client).is_authenticated


# ---- Emails -------------------------------------------------------------------------------------


def test_verification_link_works_once(client: Client, db: None) -> None:
    sign_up(client)
    message, link = last_email()
    assert message.to == ["mira@example.com"]
    assert b"This is my address" in client.get(link).content  # looking at it proves nothing
    assert User.objects.get().email_verified_at is None
    client.post(link)
    assert User.objects.get().email_verified_at is not None
    for opener in (client, Client()):  # whoever holds the link, signed in or not
        for page in (opener.get(link), opener.post(link)):
            assert b"confirmed already" in page.content
            assert b"mira@example.com</bdi> is confirmed" in page.content


def test_verification_link_shows_its_address_only_to_its_holder(client: Client, db: None) -> None:
    sign_up(client)
    link = last_email()[1]
    user = User.objects.get()
    parts = link.split("/")
    wrong = "/".join([*parts[:-2], parts[-2][:-1] + ("0" if parts[-2][-1] != "0" else "1"), ""])
    other = links.verification_tokens.make_token(make_user("Other"))
    for forged in (wrong, "/".join([*parts[:-2], other, ""])):
        for _ in range(2):  # before the confirmation and after it
            shown = client.get(forged).content.decode()
            assert "has expired" in shown
            assert "mira@example.com" not in shown.partition("<main")[2]
            user.mark_email_verified()
        User.objects.update(email_verified_at=None)
    assert b"<bdi>mira@example.com</bdi>" in client.get(link).content


def test_used_verification_link_is_recognized_at_any_age(client: Client, settings: Any) -> None:
    """Also one of several emails that was not used itself."""
    sign_up(client)
    first = last_email()[1]
    client.post("/account/verification")
    second = last_email()[1]
    client.post(second)
    User.objects.update(email_verified_at=timezone.now() - timedelta(days=30))
    settings.PASSWORD_RESET_TIMEOUT = -1
    for link in (first, second):
        assert b"confirmed already" in client.get(link).content
    User.objects.update(email_verified_at=None)
    shown = client.get(second).content.decode()
    assert "has expired" in shown
    assert "It was sent to <bdi>mira@example.com</bdi>" in shown
    User.objects.update(email="new@example.com")
    shown = client.get(second).content.decode().partition("<main")[2]
    assert "has expired" in shown
    assert "@example.com" not in shown


def test_verification_link_expires_after_an_hour_or_a_change_of_address(
    client: Client, settings: Any
) -> None:
    sign_up(client)
    link = last_email()[1]
    User.objects.update(email="other@example.com")
    assert b"has expired" in client.get(link).content
    client.post("/account/verification")
    link = last_email()[1]
    assert b"This is my address" in client.get(link).content
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert b"has expired" in client.get(link).content


@pytest.mark.parametrize("name", ["Player1", "PLAYER1@example.com"])
def test_lost_password_is_reset_by_a_link(client: Client, player: User, name: str) -> None:
    elsewhere = Client()
    assert sign_in(elsewhere)
    access, _ = start_family(player, "game")
    assert "we’ve sent it an email".encode() in client.post("/reset/", {"name": name}).content
    message, link = last_email()
    assert message.to == ["player1@example.com"]
    form = client.get(link, follow=True)
    assert b"Choose a new password" in form.content
    address = form.redirect_chain[-1][0]
    assert link.split("/")[3] not in address  # the token leaves the address at once
    weak = client.post(address, {"new_password1": "12345678", "new_password2": "12345678"})
    assert b"too common" in weak.content
    client.post(address, {"new_password1": OTHER, "new_password2": OTHER})
    player.refresh_from_db()
    assert player.check_password(OTHER)
    assert player.email_verified_at is not None
    assert b"has expired" in Client().get(link, follow=True).content
    assert not get_user(elsewhere).is_authenticated
    headers = {"Authorization": f"Bearer {access}"}
    assert client.get("/api/v1/users/me", headers=headers).status_code == 401
    assert sign_in(client, OTHER)


def test_password_reset_ends_the_lockout(client: Client, player: User) -> None:
    for _ in range(5):
        assert not sign_in(client, "wrong")
    assert not sign_in(client)
    durable().delete("ratelimit:127.0.0.1:login")
    client.post("/reset/", {"name": player.username})
    client.post(open_reset(client), {"new_password1": OTHER, "new_password2": OTHER})
    assert sign_in(client, OTHER)


def test_new_passwords_are_short_enough_to_sign_in_with(client: Client, player: User) -> None:
    long = "an endless sentence " * 51
    sign_in(client)
    new = {"old_password": PASSWORD, "new_password1": long, "new_password2": long}
    assert client.post("/account/password", new).context["form"].errors
    client.post("/reset/", {"name": player.username})
    assert client.post(open_reset(client), new).context["form"].errors
    assert sign_in(client)


def open_reset(client: Client) -> str:
    """Returns the address of the form, for a browser that opened the link of the newest email."""
    return str(client.get(last_email()[1], follow=True).redirect_chain[-1][0])


@pytest.mark.django_db(transaction=True)
def test_reset_link_opened_four_times_at_once_works_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All four have the form, and each is found valid before any of them is saved."""
    make_user("Player1")
    browsers = [Client() for _ in range(4)]
    browsers[0].post("/reset/", {"name": "Player1"})
    addresses = [open_reset(browser) for browser in browsers]
    barrier, reset = threading.Barrier(4), passwords.reset_password

    def reset_at_once(**given: Any) -> None:
        barrier.wait(10)
        reset(**given)

    monkeypatch.setattr(passwords, "reset_password", reset_at_once)
    words = [f"{OTHER} {n}" for n in range(4)]

    def choose(n: int) -> tuple[int, int, bytes]:
        body = {"new_password1": words[n], "new_password2": words[n]}
        response = browsers[n].post(addresses[n], body)
        return response.status_code, n, response.content

    *losers, winner = sorted(at_once(4, choose))
    assert winner[0] == 302
    assert [b"has expired" in page for _, _, page in losers] == [True] * 3
    assert User.objects.get().check_password(words[winner[1]])


def test_reset_link_does_not_work_for_a_closed_account(client: Client, player: User) -> None:
    client.post("/reset/", {"name": "Player1"})
    address, link = open_reset(client), last_email()[1]
    User.objects.update(is_active=False)
    assert b"has expired" in Client().get(link, follow=True).content
    body = {"new_password1": OTHER, "new_password2": OTHER}
    assert b"has expired" in client.post(address, body).content
    with pytest.raises(links.InvalidLink):  # closed after the page had looked
        passwords.reset_password(
            client=HERE, user_id=player.pk, token=link.split("/")[3], new_password=OTHER
        )
    player.refresh_from_db()
    assert player.check_password(PASSWORD)


def test_verified_address_gets_no_verification_email(client: Client, player: User) -> None:
    sign_in(client)
    client.post("/account/verification")
    link = last_email()[1]
    User.objects.update(email_verified_at=timezone.now())
    assert b"already confirmed" in client.post("/account/verification", follow=True).content
    assert last_email()[1] == link
    player.refresh_from_db()
    late = links.verification_tokens.make_token(player)
    parts = link.split("/")
    assert b"has expired" in client.get("/".join([*parts[:3], late, ""])).content


def test_changed_address_is_not_marked_as_verified(player: User) -> None:
    User.objects.update(email="other@example.com")
    assert not player.mark_email_verified()
    assert User.objects.get().email_verified_at is None


@pytest.mark.parametrize("host", ["localhost:1337", "localhost", "127.0.0.1:80", "[::1]:9"])
def test_links_in_emails_use_the_configured_site_url(
    client: Client, player: User, settings: Any, host: str
) -> None:
    settings.SITE_URL = "https://tribehold.example"
    strange = {"HTTP_HOST": host, "HTTP_X_FORWARDED_HOST": "evil.example", "SERVER_PORT": "1337"}
    assert client.post("/reset/", {"name": "Player1"}, **strange).status_code == 200  # type: ignore[arg-type]
    client.force_login(player)
    client.post("/account/verification", **strange)  # type: ignore[arg-type]
    client.post("/account/address", {"email": "new@example.com", "password": PASSWORD}, **strange)  # type: ignore[arg-type]
    wanted = {"username": "Newcomer", "email": "c@example.com", "password": PASSWORD}
    wanted |= {"accept_privacy_policy": True}  # type: ignore[dict-item]
    client.post("/api/v1/auth/register", wanted, "application/json", **strange)  # type: ignore[arg-type]
    run_tasks()
    links = [re.findall(r"\S+://\S+", str(message.body)) for message in mail.outbox]
    assert sorted(map(len, links)) == [0, 1, 1, 1, 1]  # none where an address was changed
    assert all(link.startswith("https://tribehold.example/") for [link] in filter(None, links))


def test_reset_response_does_not_show_who_has_an_account(client: Client, player: User) -> None:
    User.objects.filter(pk=make_user("Closed").pk).update(is_active=False)
    responses = {
        re.sub(rb'[0-9a-f]{32}|value="\w{64}"', b"", client.post("/reset/", {"name": name}).content)
        for name in ("Player1", "Nobody", "nobody@example.com", "Closed")
    }
    assert len(responses) == 1
    run_tasks()
    assert len(mail.outbox) == 1


def test_requests_for_emails_are_limited(client: Client, player: User) -> None:
    for _ in range(5):
        client.post("/reset/", {"name": "Player1"})
    assert b"too many emails" in client.post("/reset/", {"name": "Player1"}).content
    run_tasks()
    assert len(mail.outbox) == 5


def sent_to(address: str) -> int:
    run_tasks()
    return sum(message.to == [address] for message in mail.outbox)


def test_emails_to_one_address_are_limited_invisibly(client: Client, player: User) -> None:
    responses = set()
    for n in range(25):
        elsewhere = Client(REMOTE_ADDR=f"10.0.0.{n}")
        for name in ("Player1", "Nobody"):
            response = elsewhere.post("/reset/", {"name": name})
            responses.add((response.status_code, re.sub(rb"[0-9a-f]{32}", b"", response.content)))
    assert len(responses) == 1
    assert sent_to("player1@example.com") == 20
    assert not any("@" in key for key in durable().keys("*"))


def test_resets_asked_for_by_strangers_do_not_use_up_the_owners(
    client: Client, player: User
) -> None:
    for _ in range(5):
        Client(REMOTE_ADDR="10.6.6.6").post("/reset/", {"name": "Player1"})
    assert sent_to("player1@example.com") == 5
    path = last_email()[1]
    client.post("/reset/", {"name": "Player1"})
    assert sent_to("player1@example.com") == 6
    assert client.get(path, follow=True).context["is_valid"]  # the others work all the same


def change_email(client: Client, address: str) -> None:
    form = {"email": address, "password": PASSWORD}
    assert client.post("/account/address", form).status_code == 302
    run_tasks()


def test_emails_to_one_address_are_limited_over_all_accounts(client: Client) -> None:
    for name in ("One", "Two", "Three"):
        client.force_login(make_user(name))
        for n in range(2):
            change_email(client, "victim@example.com")
            change_email(client, f"{name}{n}@example.com")
    assert sent_to("victim@example.com") == 5 + 5  # confirm it; it was changed


def test_emails_of_one_account_are_limited_over_all_addresses(client: Client, player: User) -> None:
    client.force_login(player)
    for n in range(8):
        change_email(client, f"victim{n}@example.com")
    assert [sent_to(f"victim{n}@example.com") > 0 for n in range(8)] == [True] * 5 + [False] * 3


def test_warnings_are_sent_despite_many_earlier_emails(client: Client, player: User) -> None:
    client.force_login(player)
    for n in range(8):
        Client(REMOTE_ADDR=f"10.0.0.{n}").post("/reset/", {"name": "Player1"})
        client.post("/account/verification", REMOTE_ADDR=f"10.0.0.{n}")
    before = sent_to("player1@example.com")
    assert before == 8 + 8
    change_email(client, "thief@example.com")
    assert sent_to("player1@example.com") == before + 1
    own = [message for message in mail.outbox if message.to == ["player1@example.com"]]
    assert "was changed" in own[-1].subject


@pytest.mark.parametrize(
    "link", ["/verify/x/y/", "/verify/MQ/x-y/", "/reset/x/y/", "/reset/MQ/x-y/"]
)
def test_unknown_links_show_that_they_have_expired(client: Client, db: None, link: str) -> None:
    assert b"has expired" in client.get(link, follow=True).content


def test_unreachable_smtp_server_does_not_stop_later_emails(
    client: Client, player: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert "we’ve sent it an email".encode() in client.post("/reset/", {"name": "Player1"}).content
    run_tasks()
    assert jobs().get().attempts == 1  # it is sent later


def test_silent_smtp_server_times_out(client: Client, player: User, settings: Any) -> None:
    assert settings.EMAIL_TIMEOUT == 10
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = 0.2
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(5)
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        for _ in range(2):
            client.post("/reset/", {"name": "Player1"})
        run_tasks()
        tries = [silent.accept()[0] for _ in range(2)]  # neither was ever greeted
    for each in tries:
        each.close()


# ---- Devices and passwords ----------------------------------------------------------------------


def test_devices_are_listed_and_ended(client: Client, player: User) -> None:
    phone = Client()
    assert sign_in(client, agent="Firefox on a desk")
    assert sign_in(phone, agent="Firefox on a phone")
    access, _ = start_family(player, "Game client 1.0")
    page = client.get("/account/")
    for words in ("Firefox on a desk", "Firefox on a phone", "Game client 1.0", "This device"):
        assert words in page.content.decode()
    keys = {place.name: place.key for place in page.context["devices"]}
    assert str(client.session.session_key) not in page.content.decode()
    client.post("/account/devices", {"device": keys["Firefox on a phone"]})
    assert not get_user(phone).is_authenticated
    client.post("/account/devices", {"device": keys["Game client 1.0"]})
    headers = {"Authorization": f"Bearer {access}"}
    assert client.get("/api/v1/users/me", headers=headers).status_code == 401
    assert get_user(client) == player


LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("agent", "title"),
    [
        (LINUX, "Chrome on Linux"),
        (IPHONE, "Safari on iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Firefox on Windows",
        ),
        (
            "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0",
            "Firefox on Android",
        ),
        ("Mozilla/5.0 (Macintosh) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Mac"),
        ("Firefox/143.0", "Firefox"),
        ("Godot/4.4 (Linux)", "Godot/4.4"),
        ("Godot " * 50, ("Godot " * 50)[:100]),
        ("", "Unknown device"),
        ("(", "Unknown device"),
    ],
)
def test_device_names_are_readable(agent: str, title: str) -> None:
    assert device_name(agent) == title


def test_devices_show_name_and_age_in_one_unit(client: Client, player: User) -> None:
    sign_in(client, agent=LINUX)
    assert "Signed in <time" in (shown := client.get("/account/").content.decode())
    assert "Chrome on Linux" in shown
    assert ">just now</time>" in shown
    assert "AppleWebKit" not in shown


@pytest.mark.parametrize(
    ("age", "words"),
    [
        ({}, "just now"),
        ({"seconds": -5}, "just now"),
        ({"minutes": 1}, "1 minute ago"),
        ({"days": 1, "hours": 3}, "1 day ago"),
        ({"days": 800}, "2 years ago"),
    ],
)
def test_ages_are_shown_in_one_unit(age: dict[str, int], words: str) -> None:
    assert ago(timezone.now() - timedelta(**age)).replace("\xa0", " ") == words


def test_password_forms_show_one_line_of_help(signed_in: Client) -> None:
    shown = signed_in.get("/account/").content.decode()
    assert "A short sentence is easy to remember." in shown
    assert "Repeat new password" in shown
    assert "entirely numeric" not in shown


def test_devices_of_other_players_can_not_be_ended(client: Client, player: User) -> None:
    other = make_user("Other")
    theirs = Client()
    theirs.force_login(other)
    start_family(other, "Game")
    family = str(durable().hkeys(f"session:{other.pk}:refresh_token")[0])
    sign_in(client)
    row = PageSession.objects.get(user=other)
    for key in (
        f"client:{family}",
        f"browser:{row.session_key}",
        f"browser:{theirs.session.session_key}",
        f"browser:{int(row.created_at.timestamp() * 1_000_000)}",
        "browser:",
        "browser:\0",
        "client:\0",
        "",
        "x",
    ):
        client.post("/account/devices", {"device": key})
    assert get_user(theirs) == other
    assert durable().hlen(f"session:{other.pk}:refresh_token") == 1


def test_all_other_devices_are_signed_out(client: Client, player: User) -> None:
    others = [Client() for _ in range(2)]
    assert all(sign_in(each) for each in (client, *others))
    start_family(player, "Game")
    client.post("/account/devices", {"all": "1"})
    assert get_user(client) == player
    assert not any(get_user(each).is_authenticated for each in others)
    assert durable().keys("session:*") == []


def test_session_keeps_its_creation_time(client: Client, player: User) -> None:
    sign_in(client)
    before = PageSession.objects.get().created_at
    session = client.session
    session["more"] = 1
    session.save()
    assert PageSession.objects.get().created_at == before


def test_password_is_changed_on_the_page(client: Client, player: User) -> None:
    elsewhere = Client()
    assert sign_in(client)
    assert sign_in(elsewhere)
    wrong = {"old_password": "wrong", "new_password1": OTHER, "new_password2": OTHER}
    assert b"not your current password" in client.post("/account/password", wrong).content
    client.post("/account/password", wrong | {"old_password": PASSWORD})
    assert get_user(client) == player
    assert not get_user(elsewhere).is_authenticated
    for _ in range(5):
        client.post("/account/password", wrong)
    assert b"Too many wrong passwords" in client.post("/account/password", wrong).content


def by_page(user: User) -> None:
    browser = Client()
    sign_in(browser)
    body = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    browser.post("/account/password", body)
    assert get_user(browser) == user
    PageSession.objects.get().delete()  # this browser's, and no other is left


def test_change_of_address_does_not_undo_a_ban(player: User) -> None:
    User.objects.update(is_active=False, total_games_played=7)
    email_addresses.change_email(
        client=HERE,
        user=player,  # as it was before
        device=CurrentDevice(session_key="x"),
        email="new@example.com",
        password=PASSWORD,
    )
    stored = User.objects.get()
    assert (stored.email, stored.is_active, stored.total_games_played) == (
        "new@example.com",
        False,
        7,
    )


def by_api(user: User) -> None:
    headers, body = bearer(user), {"old_password": PASSWORD, "new_password": OTHER}
    response = Client().post("/api/v1/users/me/password", body, "application/json", headers=headers)
    family = families.list_families(user.pk)[0].id  # that of the new pair, and no other is left
    assert response.status_code == 200
    families.revoke(user.pk, family)


def by_link(user: User) -> None:
    browser = Client()
    sign_in(browser)  # the link may be opened by whoever is signed in
    browser.post("/reset/", {"name": user.username})
    body = {"new_password1": OTHER, "new_password2": OTHER}
    address = open_reset(browser)
    mail.outbox.clear()
    response = browser.post(address, body, follow=True)
    assert b"Your password is changed. Sign in with the new one." in response.content


def by_an_administrator(user: User) -> None:
    browser, administrator = Client(), make_user("Chief", is_staff=True, is_superuser=True)
    browser.force_login(administrator)
    body = {"password1": OTHER, "password2": OTHER, "usable_password": "true"}
    browser.post(f"/admin/accounts/user/{user.pk}/password/", body)
    own = f"/admin/accounts/user/{administrator.pk}/password/"
    assert browser.post(own, body).status_code == 302
    assert get_user(browser) == administrator
    run_tasks()
    assert mail.outbox.pop().to == ["chief@example.com"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [by_page, by_api, by_link, by_an_administrator])
def test_new_password_ends_devices_and_sends_a_warning(way: Any) -> None:
    user = make_user("Player1")
    assert sign_in(Client())
    start_family(user, "Game")
    way(user)
    user.refresh_from_db()
    assert user.check_password(OTHER)
    assert device_actions.list_devices(user, current=None) == []
    run_tasks()
    message = mail.outbox[-1]
    assert (message.subject, message.to) == ("Your password was changed · Tribehold", [user.email])
    assert "http" not in str(message.body)
    assert len(mail.outbox) == 1


FORMS = ("devices", "password", "address", "verification", "recovery-codes")


@pytest.mark.parametrize("path", ["", *FORMS])
def test_visitors_sign_in_first_and_return_to_the_account_page(
    client: Client, db: None, path: str
) -> None:
    response = client.post(f"/account/{path}") if path else client.get("/account/")
    assert unquote(response.headers["Location"]) == "/login/?next=/account/"


def test_account_page_is_not_stored_by_browsers(client: Client, player: User) -> None:
    sign_in(client)
    assert "no-store" in client.get("/account/").headers["Cache-Control"]


# ---- Another address ----------------------------------------------------------------------------


def test_change_of_address_requires_password_and_verification(client: Client, player: User) -> None:
    User.objects.update(email_verified_at=timezone.now())
    sign_in(client)
    wrong = client.post("/account/address", {"email": "new@example.com", "password": "guess"})
    assert b"not your current password" in wrong.content
    client.post("/account/address", {"email": "new@example.com", "password": PASSWORD})
    player.refresh_from_db()
    assert (player.email, player.email_verified_at) == ("new@example.com", None)
    message, link = last_email()
    assert [m.to for m in mail.outbox] == [["player1@example.com"], ["new@example.com"]]
    assert "http" not in str(mail.outbox[0].body)
    client.post(link)
    player.refresh_from_db()
    assert player.email_verified_at is not None
    assert message.to == ["new@example.com"]


@pytest.mark.parametrize("email", ["AUTHOR@example.com", "nowhere", "a@b", "", "x" * 300])
def test_invalid_address_is_rejected(
    client: Client, player: User, author: User, email: str
) -> None:
    sign_in(client)
    page = client.post("/account/address", {"email": email, "password": PASSWORD})
    assert b"field__errors" in page.content
    headers = bearer(player)
    body = {"email": email, "password": PASSWORD}
    response = client.patch("/api/v1/users/me", body, "application/json", headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "email"
    player.refresh_from_db()
    assert player.email == "player1@example.com"


def test_address_is_changed_by_the_api(client: Client, player: User) -> None:
    body = {"email": "new@example.com", "password": PASSWORD}
    headers = bearer(player)
    for _ in range(2):  # the second time nothing changes, and no email is sent
        response = client.patch("/api/v1/users/me", body, "application/json", headers=headers)
        assert response.json()["email"] == "new@example.com"
    last_email()
    assert len(mail.outbox) == 2
    wrong = body | {"password": "guess"}
    response = client.patch("/api/v1/users/me", wrong, "application/json", headers=headers)
    assert response.json()["errors"][0]["code"] == "wrong_password"
