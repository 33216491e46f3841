"""One's own account: letters, links that work once, devices, passwords."""

import datetime
import re
import socket
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.devices import actions as device_actions
from accounts.devices.attempts import CurrentDevice
from accounts.devices.user_agents import device_name
from accounts.identity import email_addresses, emails, links, passwords
from accounts.models import PageSession, User
from accounts.tokens import families
from accounts.tokens.actions import start_family
from config.kernel.client import Client as Caller
from config.redis.clients import durable
from config.templatetags.times import ago
from tests.support.api import bearer
from tests.support.concurrency import at_once
from tests.support.emails import last_letter
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import sign_up

pytestmark = pytest.mark.django_db
HERE = Caller("127.0.0.1")
OTHER = "another quite long sentence"


@pytest.fixture(autouse=True)
def letters_in_memory(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def sign_in(client: Client, password: str = PASSWORD, agent: str = "Firefox") -> bool:
    credentials = {"username": "Player1", "password": password}
    client.post("/login/", credentials, headers={"User-Agent": agent})
    return get_user(client).is_authenticated


# ---- Letters ------------------------------------------------------------------------------------


def test_an_address_is_proved_by_a_link_that_works_once(client: Client, db: None) -> None:
    sign_up(client)
    letter, link = last_letter()
    assert letter.to == ["mira@example.com"]
    assert b"This is my address" in client.get(link).content  # looking at it proves nothing
    assert User.objects.get().email_verified_at is None
    client.post(link)
    assert User.objects.get().email_verified_at is not None
    assert b"has expired" in client.get(link).content
    assert b"has expired" in client.post(link).content


def test_a_link_dies_with_its_hour_and_with_its_address(client: Client, settings: Any) -> None:
    sign_up(client)
    link = last_letter()[1]
    User.objects.update(email="other@example.com")
    assert b"has expired" in client.get(link).content
    client.post("/account/verification")
    link = last_letter()[1]
    assert b"This is my address" in client.get(link).content
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert b"has expired" in client.get(link).content


@pytest.mark.parametrize("name", ["Player1", "PLAYER1@example.com"])
def test_a_lost_password(client: Client, player: User, name: str) -> None:
    elsewhere = Client()
    assert sign_in(elsewhere)
    access, _ = start_family(player, "game")
    assert "we’ve sent it an email".encode() in client.post("/reset/", {"name": name}).content
    letter, link = last_letter()
    assert letter.to == ["player1@example.com"]
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


def test_a_new_password_by_letter_opens_the_lock(client: Client, player: User) -> None:
    for _ in range(5):
        assert not sign_in(client, "wrong")
    assert not sign_in(client)
    durable().delete("ratelimit:127.0.0.1:login")
    client.post("/reset/", {"name": player.username})
    client.post(open_reset(client), {"new_password1": OTHER, "new_password2": OTHER})
    assert sign_in(client, OTHER)


def test_no_password_is_too_long_to_sign_in_with(client: Client, player: User) -> None:
    long = "an endless sentence " * 51
    sign_in(client)
    new = {"old_password": PASSWORD, "new_password1": long, "new_password2": long}
    assert client.post("/account/password", new).context["form"].errors
    client.post("/reset/", {"name": player.username})
    assert client.post(open_reset(client), new).context["form"].errors
    assert sign_in(client)


def open_reset(client: Client) -> str:
    """Where a browser that opened the link of the newest letter has its form."""
    return str(client.get(last_letter()[1], follow=True).redirect_chain[-1][0])


@pytest.mark.django_db(transaction=True)
def test_of_four_who_open_a_link_together_one_sets_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All four have been shown the form, and each is found good before any of them is saved."""
    make_user("Player1")
    browsers = [Client() for _ in range(4)]
    browsers[0].post("/reset/", {"name": "Player1"})
    addresses = [open_reset(browser) for browser in browsers]
    barrier, reset = threading.Barrier(4), passwords.reset_password

    def reset_together(**given: Any) -> None:
        barrier.wait(10)
        reset(**given)

    monkeypatch.setattr(passwords, "reset_password", reset_together)
    words = [f"{OTHER} {n}" for n in range(4)]

    def choose(n: int) -> tuple[int, int, bytes]:
        body = {"new_password1": words[n], "new_password2": words[n]}
        answer = browsers[n].post(addresses[n], body)
        return answer.status_code, n, answer.content

    *losers, winner = sorted(at_once(4, choose))
    assert winner[0] == 302
    assert [b"has expired" in page for _, _, page in losers] == [True] * 3
    assert User.objects.get().check_password(words[winner[1]])


def test_a_link_leads_nobody_into_a_closed_account(client: Client, player: User) -> None:
    client.post("/reset/", {"name": "Player1"})
    address, link = open_reset(client), last_letter()[1]
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


def test_an_address_that_is_proved_wants_no_proof(client: Client, player: User) -> None:
    sign_in(client)
    client.post("/account/verification")
    link = last_letter()[1]
    User.objects.update(email_verified_at=timezone.now())
    assert b"already confirmed" in client.post("/account/verification", follow=True).content
    assert last_letter()[1] == link
    player.refresh_from_db()
    late = links.verification_tokens.make_token(player)
    parts = link.split("/")
    assert b"has expired" in client.get("/".join([*parts[:3], late, ""])).content


def test_an_address_that_changes_meanwhile_is_not_proved(player: User) -> None:
    User.objects.update(email="other@example.com")
    assert not player.mark_email_verified()
    assert User.objects.get().email_verified_at is None


@pytest.mark.parametrize("host", ["localhost:1337", "localhost", "127.0.0.1:80", "[::1]:9"])
def test_links_in_emails_are_of_the_configured_address(
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
    emails.POST.submit(int).result(5)
    links = [re.findall(r"\S+://\S+", str(letter.body)) for letter in mail.outbox]
    assert sorted(map(len, links)) == [0, 1, 1, 1, 1]  # none where an address was changed
    assert all(link.startswith("https://tribehold.example/") for [link] in filter(None, links))


def test_the_answer_does_not_tell_who_is_here(client: Client, player: User) -> None:
    User.objects.filter(pk=make_user("Closed").pk).update(is_active=False)
    answers = {
        re.sub(rb'[0-9a-f]{32}|value="\w{64}"', b"", client.post("/reset/", {"name": name}).content)
        for name in ("Player1", "Nobody", "nobody@example.com", "Closed")
    }
    assert len(answers) == 1
    emails.POST.submit(int).result(5)
    assert len(mail.outbox) == 1


def test_letters_are_limited(client: Client, player: User) -> None:
    for _ in range(5):
        client.post("/reset/", {"name": "Player1"})
    assert b"too many emails" in client.post("/reset/", {"name": "Player1"}).content
    emails.POST.submit(int).result(5)
    assert len(mail.outbox) == 5


def sent_to(address: str) -> int:
    emails.POST.submit(int).result(5)
    return sum(letter.to == [address] for letter in mail.outbox)


def test_a_mailbox_is_not_flooded_and_nobody_is_told(client: Client, player: User) -> None:
    answers = set()
    for n in range(25):
        elsewhere = Client(REMOTE_ADDR=f"10.0.0.{n}")
        for name in ("Player1", "Nobody"):
            answer = elsewhere.post("/reset/", {"name": name})
            answers.add((answer.status_code, re.sub(rb"[0-9a-f]{32}", b"", answer.content)))
    assert len(answers) == 1
    assert sent_to("player1@example.com") == 20
    assert not any("@" in key for key in durable().keys("*"))


def test_who_asks_for_many_resets_uses_up_none_of_the_owners(client: Client, player: User) -> None:
    for _ in range(5):
        Client(REMOTE_ADDR="10.6.6.6").post("/reset/", {"name": "Player1"})
    assert sent_to("player1@example.com") == 5
    path = last_letter()[1]
    client.post("/reset/", {"name": "Player1"})
    assert sent_to("player1@example.com") == 6
    assert client.get(path, follow=True).context["validlink"]  # the others work all the same


def change_address(client: Client, address: str) -> None:
    form = {"email": address, "password": PASSWORD}
    assert client.post("/account/address", form).status_code == 302


def test_a_mailbox_is_not_flooded_by_many_accounts(client: Client) -> None:
    for name in ("One", "Two", "Three"):
        client.force_login(make_user(name))
        for n in range(2):
            change_address(client, "victim@example.com")
            change_address(client, f"{name}{n}@example.com")
    assert sent_to("victim@example.com") == 5 + 5  # confirm it; it was changed


def test_an_account_does_not_flood_many_mailboxes(client: Client, player: User) -> None:
    client.force_login(player)
    for n in range(8):
        change_address(client, f"victim{n}@example.com")
    assert [sent_to(f"victim{n}@example.com") > 0 for n in range(8)] == [True] * 5 + [False] * 3


def test_the_owner_is_warned_however_many_letters_went_out_before(
    client: Client, player: User
) -> None:
    client.force_login(player)
    for n in range(8):
        Client(REMOTE_ADDR=f"10.0.0.{n}").post("/reset/", {"name": "Player1"})
        client.post("/account/verification", REMOTE_ADDR=f"10.0.0.{n}")
    before = sent_to("player1@example.com")
    assert before == 8 + 8
    change_address(client, "thief@example.com")
    assert sent_to("player1@example.com") == before + 1
    own = [letter for letter in mail.outbox if letter.to == ["player1@example.com"]]
    assert "was changed" in own[-1].subject


@pytest.mark.parametrize(
    "link", ["/verify/x/y/", "/verify/MQ/x-y/", "/reset/x/y/", "/reset/MQ/x-y/"]
)
def test_links_that_nobody_sent(client: Client, db: None, link: str) -> None:
    assert b"has expired" in client.get(link, follow=True).content


def test_a_post_office_that_is_closed(client: Client, player: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert "we’ve sent it an email".encode() in client.post("/reset/", {"name": "Player1"}).content
    assert emails.POST.submit(int).result(5) == 0  # the post goes on


def test_a_post_office_that_says_nothing(client: Client, player: User, settings: Any) -> None:
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
        tries = [silent.accept()[0] for _ in range(2)]  # neither is ever greeted
        emails.POST.submit(int).result(5)
    for each in tries:
        each.close()


# ---- Devices and passwords ----------------------------------------------------------------------


def test_one_sees_ones_devices_and_ends_them(client: Client, player: User) -> None:
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
def test_devices_have_names_that_people_know(agent: str, title: str) -> None:
    assert device_name(agent) == title


def test_the_list_of_devices_says_when_in_one_unit(client: Client, player: User) -> None:
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
def test_times_are_told_in_one_unit(age: dict[str, int], words: str) -> None:
    assert ago(timezone.now() - timedelta(**age)).replace("\xa0", " ") == words


def test_forms_say_in_one_line_what_a_password_needs(signed_in: Client) -> None:
    shown = signed_in.get("/account/").content.decode()
    assert "A short sentence is easy to remember." in shown
    assert "Repeat new password" in shown
    assert "entirely numeric" not in shown


def test_nobody_ends_another_ones_devices(client: Client, player: User) -> None:
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


def test_out_everywhere_else(client: Client, player: User) -> None:
    others = [Client() for _ in range(2)]
    assert all(sign_in(each) for each in (client, *others))
    start_family(player, "Game")
    client.post("/account/devices", {"all": "1"})
    assert get_user(client) == player
    assert not any(get_user(each).is_authenticated for each in others)
    assert durable().keys("session:*") == []


def test_a_session_does_not_get_younger(client: Client, player: User) -> None:
    sign_in(client)
    before = timezone.now() - datetime.timedelta(days=1)
    PageSession.objects.update(created_at=before)
    session = client.session
    session["more"] = 1
    session.save()
    assert PageSession.objects.get().created_at == before


def test_a_new_password_by_page(client: Client, player: User) -> None:
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


def test_a_ban_that_comes_while_an_address_changes_holds(player: User) -> None:
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
    answer = Client().post("/api/v1/users/me/password", body, "application/json", headers=headers)
    family = families.list_families(user.pk)[0].id  # that of the new pair, and no other is left
    assert answer.status_code == 200
    families.end(user.pk, family)


def by_letter(user: User) -> None:
    browser = Client()
    sign_in(browser)  # the link may be opened by whoever is signed in
    browser.post("/reset/", {"name": user.username})
    body = {"new_password1": OTHER, "new_password2": OTHER}
    address = open_reset(browser)
    mail.outbox.clear()
    answer = browser.post(address, body, follow=True)
    assert b"Your password is changed. Sign in with the new one." in answer.content


def by_an_administrator(user: User) -> None:
    browser, chief = Client(), make_user("Chief", is_staff=True, is_superuser=True)
    browser.force_login(chief)
    body = {"password1": OTHER, "password2": OTHER, "usable_password": "true"}
    browser.post(f"/admin/accounts/user/{user.pk}/password/", body)
    own = f"/admin/accounts/user/{chief.pk}/password/"
    assert browser.post(own, body).status_code == 302
    assert get_user(browser) == chief
    emails.POST.submit(int).result(5)
    assert mail.outbox.pop().to == ["chief@example.com"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [by_page, by_api, by_letter, by_an_administrator])
def test_a_new_password_strikes_out_devices_and_is_told_by_letter(way: Any) -> None:
    user = make_user("Player1")
    assert sign_in(Client())
    start_family(user, "Game")
    way(user)
    user.refresh_from_db()
    assert user.check_password(OTHER)
    assert device_actions.list_devices(user, current=None) == []
    emails.POST.submit(int).result(5)
    letter = mail.outbox[-1]
    assert (letter.subject, letter.to) == ("Your password was changed · Tribehold", [user.email])
    assert "http" not in str(letter.body)
    assert len(mail.outbox) == 1


FORMS = ("devices", "password", "address", "verification", "recovery-codes")


@pytest.mark.parametrize("path", ["", *FORMS])
def test_strangers_sign_in_first_and_find_the_page_again(
    client: Client, db: None, path: str
) -> None:
    answer = client.post(f"/account/{path}") if path else client.get("/account/")
    assert answer.headers["Location"] == "/login/?next=/account/"


def test_no_browser_keeps_the_page_for_whoever_comes_next(client: Client, player: User) -> None:
    sign_in(client)
    assert "no-store" in client.get("/account/").headers["Cache-Control"]


# ---- Another address ----------------------------------------------------------------------------


def test_another_address_wants_the_password_and_a_proof(client: Client, player: User) -> None:
    User.objects.update(email_verified_at=timezone.now())
    sign_in(client)
    wrong = client.post("/account/address", {"email": "new@example.com", "password": "guess"})
    assert b"not your current password" in wrong.content
    client.post("/account/address", {"email": "new@example.com", "password": PASSWORD})
    player.refresh_from_db()
    assert (player.email, player.email_verified_at) == ("new@example.com", None)
    letter, link = last_letter()
    assert [m.to for m in mail.outbox] == [["player1@example.com"], ["new@example.com"]]
    assert "http" not in str(mail.outbox[0].body)
    client.post(link)
    player.refresh_from_db()
    assert player.email_verified_at is not None
    assert letter.to == ["new@example.com"]


@pytest.mark.parametrize("email", ["AUTHOR@example.com", "nowhere", "a@b", "", "x" * 300])
def test_an_address_that_can_not_be(client: Client, player: User, author: User, email: str) -> None:
    sign_in(client)
    page = client.post("/account/address", {"email": email, "password": PASSWORD})
    assert b"field__errors" in page.content
    headers = bearer(player)
    body = {"email": email, "password": PASSWORD}
    answer = client.patch("/api/v1/users/me", body, "application/json", headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "email"
    player.refresh_from_db()
    assert player.email == "player1@example.com"


def test_another_address_by_the_api(client: Client, player: User) -> None:
    body = {"email": "new@example.com", "password": PASSWORD}
    headers = bearer(player)
    for _ in range(2):  # the second time nothing changes, and no letter goes out
        answer = client.patch("/api/v1/users/me", body, "application/json", headers=headers)
        assert answer.json()["email"] == "new@example.com"
    last_letter()
    assert len(mail.outbox) == 2
    wrong = body | {"password": "guess"}
    answer = client.patch("/api/v1/users/me", wrong, "application/json", headers=headers)
    assert answer.json()["errors"][0]["code"] == "wrong_password"
