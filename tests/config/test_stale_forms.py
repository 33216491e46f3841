"""Stale forms: nothing is done, nothing that was typed is lost, and the form can be sent again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User, UserDecision
from maps.collections.actions import create_collection
from maps.models import GameMap, MapCollection, MapDecision, MapRating
from sessions_app.models import SessionPlayer
from tests.support.factories import PASSWORD, make_map, make_moderator, make_tribe, make_user
from tests.support.forms import form_with, forms_of
from tribes.models import Tribe

pytestmark = pytest.mark.django_db
OWN = {"Origin": "http://testserver"}
TRIBE = {
    "name": "W" * 20,
    "archetype": "Aggressive",
    "damage": "5",
    "attack_speed": "3",
    "range": "2",
    "color": "own",
    "own_color": "#99C2FF",
}
SIGN_UP = {"username": "Mira_7", "email": "mira@example.com", "password": PASSWORD, "privacy": "on"}
LONG = 'Two\n  lines & <b>"marks"</b> ' + "x" * 300
SECRETS = {"password", "old_password", "new_password1", "new_password2"}


class World:
    """Some players, and what their forms are about."""

    def __init__(self) -> None:
        self.mira, self.author = make_user("Mira"), make_user("Author")
        self.moderator = make_moderator()
        TOTPDevice.objects.create(user=self.moderator, name="App", confirmed=True)
        self.game_map = make_map(self.author)
        self.tribe = make_tribe(self.mira)
        self.collection = create_collection(player=self.mira, given={"name": "Quiet places"})

    def count(self) -> list[Any]:
        """Everything that a form of these tests could change."""
        return [
            User.objects.count(),
            User.objects.get(pk=self.mira.pk).email,
            UserDecision.objects.count(),
            MapDecision.objects.count(),
            MapRating.objects.count(),
            SessionPlayer.objects.count(),
            list(Tribe.objects.values_list("name", flat=True)),
            list(MapCollection.objects.values_list("name", "description")),
        ]


@pytest.fixture
def world(db: None) -> World:
    return World()


def stale_client(user: User | None, kind: str) -> Client:
    """Returns a browser with a page from before its last sign-in, or without a cookie for forms."""
    client = Client(enforce_csrf_checks=True, headers=OWN)
    if user:
        client.force_login(user)
    if kind == "old token":
        client.cookies["csrftoken"] = "n" * 32
    return client


def stale(given: dict[str, Any]) -> dict[str, Any]:
    return given | {"csrfmiddlewaretoken": "o" * 32}


Case = tuple[str, Callable[[World], User | None], Callable[[World], str], dict[str, Any]]


def nobody(_: World) -> None:
    return None


def mira(world: World) -> User:
    return world.mira


def moderator(world: World) -> User:
    return world.moderator


# Pages that show their own form again: who sends it, where, and what was entered.
PAGES: list[Case] = [
    ("sign up", nobody, lambda w: "/signup/", SIGN_UP | {"next": "/tribes/"}),
    ("sign in", nobody, lambda w: "/login/", {"username": "Mira", "password": PASSWORD}),
    ("admin", nobody, lambda w: "/admin/login/", {"username": "Moderna", "password": PASSWORD}),
    ("reset", nobody, lambda w: "/reset/", {"name": "mira@example.com"}),
    ("new tribe", mira, lambda w: "/tribes/new/", TRIBE | {"next": "/lobbies/"}),
    ("tribe", mira, lambda w: f"/tribes/{w.tribe.pk}/", TRIBE),
    ("collections", mira, lambda w: "/collections/", {"name": "สวัสดี" * 5, "description": LONG}),
    ("collection", mira, lambda w: w.collection.get_absolute_url(), {"name": "Loud", "description": LONG}),
    (
        "lobby",
        mira,
        lambda w: f"/lobbies/new/?map={w.game_map.pk}",
        {"is_public": "no", "seats": "3"},
    ),
    ("second factor", moderator, lambda w: "/account/second-factor", {"code": "123456"}),
]  # fmt: skip
# Forms without a page of their own, and all forms of the admin: their values are listed.
LISTED: list[Case] = [
    ("address", mira, lambda w: "/account/address", {"email": "m@example.com", "password": PASSWORD}),
    ("code", nobody, lambda w: "/lobbies/join/", {"code": "7KQ2MX"}),
    ("stars", mira, lambda w: f"/maps/{w.game_map.pk}/rating", {"stars": "4"}),
    (
        "hide",
        moderator,
        lambda _: "/admin/maps/gamemap/?q=Quiet",
        {"action": "hide", "decide": "Hide maps", "reason": LONG},
    ),
    (
        "ban",
        moderator,
        lambda w: "/admin/accounts/user/?is_active__exact=1",
        {"action": "ban", "decide": "Confirm", "reason": LONG},
    ),
]  # fmt: skip


def with_rows(world: World, name: str, given: dict[str, Any]) -> dict[str, Any]:
    if name == "lobby":
        return given | {"tribe": str(world.tribe.pk)}
    rows = {"hide": world.game_map.pk, "ban": world.author.pk}
    return given | {"_selected_action": str(rows[name])} if name in rows else given


@pytest.mark.parametrize("kind", ["old token", "no cookie"])
@pytest.mark.parametrize("case", [*PAGES, *LISTED], ids=lambda case: case[0])
def test_a_stale_form_is_shown_again_with_what_was_entered(
    world: World, case: Case, kind: str
) -> None:
    name, who, where, given = case
    entered = with_rows(world, name, given)
    client, before = stale_client(who(world), kind), world.count()
    response = client.post(where(world), stale(entered))
    assert response.status_code == 403
    assert world.count() == before
    assert get_user(client).is_authenticated == (who(world) is not None)
    page = response.content.decode()
    assert "out of date" in page
    assert PASSWORD not in page
    assert "no-store" in response["Cache-Control"]
    shown = form_with(response, *(entered.keys() - SECRETS))
    for field, value in entered.items():
        if field not in SECRETS:
            assert shown[field] == value, field
    assert shown.passwords == entered.keys() & SECRETS
    # With what the page has, and the passwords typed again, it is accepted.
    values = {field: each[-1] for field, each in shown.values.items()}
    again = client.post(shown.action or where(world), values | given)
    assert again.status_code in (200, 302)
    assert "out of date" not in again.content.decode()


@pytest.mark.parametrize("case", [*PAGES, *LISTED], ids=lambda case: case[0])
@pytest.mark.parametrize("header", ["Origin", "Referer"])
def test_other_sites_can_not_fill_in_a_form(world: World, case: Case, header: str) -> None:
    name, who, where, given = case
    for source in ("https://evil.example", "http://testserver.evil.example/", "http://[", "null"):
        if (header, source) == ("Referer", "null"):
            continue
        client, before = stale_client(who(world), "old token"), world.count()
        del client.defaults["HTTP_ORIGIN"]
        response = client.post(
            where(world), stale(with_rows(world, name, given)), headers={header: source}
        )
        assert response.status_code == 403
        assert "Reload" in response.content.decode()
        assert forms_of(response) == [
            form for form in forms_of(response) if form.action == "/logout/"
        ]
        assert world.count() == before
        assert get_user(client).is_authenticated == (who(world) is not None)


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/login/", "/maps/"),
        ("/login/?next=/tribes/", "/tribes/"),
        ("/signup/", "/maps/"),
        ("/admin/login/?next=/admin/maps/gamemap/%3Fq=x", "/admin/maps/gamemap/?q=x"),
    ],
)
@pytest.mark.parametrize("headers", [OWN, {"Referer": "http://testserver/login/"}, {}], ids=str)
def test_a_second_sign_in_from_an_old_tab_leads_to_the_next_page(
    world: World, address: str, leads_to: str, headers: dict[str, str]
) -> None:
    browser = Client(enforce_csrf_checks=True, headers=headers)
    old = form_with(browser.get(address), "username")
    other_tab = form_with(browser.get("/login/"), "csrfmiddlewaretoken")
    credentials = {"username": "Moderna", "password": PASSWORD}
    token = {"csrfmiddlewaretoken": other_tab["csrfmiddlewaretoken"]}
    assert browser.post("/login/", credentials | token).status_code == 302
    values = {name: each[-1] for name, each in old.values.items()}
    for name in ("Moderna", "Mira"):  # the same player, or another one
        response = browser.post(address, values | credentials | {"username": name})
        assert (response.status_code, response["Location"]) == (302, leads_to)
        assert get_user(browser) == world.moderator


def test_a_sign_in_that_leads_to_another_site_does_not(world: World) -> None:
    client = stale_client(world.mira, "old token")
    response = client.post("/login/", stale({"username": "Mira", "next": "https://evil.example/"}))
    assert response["Location"] == "/maps/"


# ---- Signed out meanwhile -----------------------------------------------------------------------

SIGNED_OUT = [case for case in [*PAGES, *LISTED] if case[0] in (
    "new tribe", "tribe", "collections", "collection", "address", "hide", "ban",
)]  # fmt: skip


@pytest.mark.parametrize("case", SIGNED_OUT, ids=lambda case: case[0])
def test_a_form_sent_after_the_sign_out_is_kept_until_the_next_sign_in(
    world: World, case: Case
) -> None:
    name, who, where, given = case
    user = who(world)
    assert user
    client, before = Client(enforce_csrf_checks=True, headers=OWN), world.count()
    token = form_with(client.get("/login/"), "username")["csrfmiddlewaretoken"]
    entered = with_rows(world, name, given) | {"csrfmiddlewaretoken": token}
    response = client.post(where(world), entered)
    assert response.status_code == 403
    assert world.count() == before
    page = response.content.decode()
    assert "You are signed out" in page
    assert PASSWORD not in page
    kept = next(form for form in forms_of(response) if form.action == where(world))
    # In another tab the player signs in, which changes the token. Then the kept form is sent.
    sign_in = {"username": user.username, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/login/", sign_in).status_code == 302
    values = {field: each[-1] for field, each in kept.values.items()} | {"password": PASSWORD}
    response = client.post(where(world), values)
    assert response.status_code == 403  # once more with the new token
    shown = form_with(response, *(given.keys() - SECRETS))
    values = {field: each[-1] for field, each in shown.values.items()} | {"password": PASSWORD}
    assert client.post(where(world), values).status_code in (200, 302)
    assert world.count() != before


def test_a_button_pressed_after_the_sign_out_leads_to_the_sign_in(world: World) -> None:
    response = Client().post(f"/maps/{world.game_map.pk}/rating", {"stars": "4"})
    assert response["Location"].startswith("/login/?next=")


def test_scripts_get_an_error(world: World) -> None:
    client = stale_client(world.mira, "old token")
    where = f"/maps/{world.game_map.pk}/rating"
    response = client.post(where, stale({"stars": "4"}), headers={"HX-Request": "true"})
    assert response.status_code == 403
    assert forms_of(response)[-1].action == "/logout/"


def test_a_stale_form_of_a_page_that_is_gone_is_kept(world: World) -> None:
    client = stale_client(world.mira, "old token")
    where = world.collection.get_absolute_url()
    world.collection.delete()
    response = client.post(where, stale({"name": "Loud places", "description": LONG}))
    assert response.status_code == 403
    assert form_with(response, "description")["description"] == LONG


def test_the_button_of_a_confirmation_is_shown_again(world: World) -> None:
    client = stale_client(world.mira, "old token")
    response = client.post(f"{world.collection.get_absolute_url()}delete", stale({}))
    assert response.status_code == 403
    assert "Delete “<bdi>Quiet places</bdi>”?" in response.content.decode()
    assert GameMap.objects.count() == MapCollection.objects.count() == 1
