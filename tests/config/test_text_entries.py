"""Every place where text comes in obeys config.kernel.text: found by its field, and tried."""

import ast
import html
import importlib
import inspect
import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.test import Client, RequestFactory
from rest_framework import serializers

from accounts.models import User
from config.admin.forms import CheckedForm
from config.api.serialization import CheckedTextField
from config.http.forms import TextField
from config.kernel.errors import DomainError
from config.kernel.text import describe_character
from maps.collections.actions import create_collection as make_collection
from maps.models import GameMap, MapCollection
from sessions_app.kernel import protocol
from tests.support.api import bearer
from tests.support.documents import new_map
from tests.support.factories import make_map, make_moderator, make_tribe, make_user
from tribes.models import Tribe

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
APPS = ("config", "accounts", "tribes", "maps", "sessions_app")

# Fields without a rule of their own, and the reason. A new field needs a rule, or a reason here.
NOBODY_READS = "a secret, or a name to look up: neither kept nor shown"
BY_ACTIVITY = "the activity checks it; tried below"
ELSEWHERE = {
    "NewUser.username": "a pattern of ASCII (accounts/models/usernames.py)",
    "NewUser.email": "a constraint of ASCII (email_format)",
    "NewAddress.email": "a constraint of ASCII (email_format)",
    "SignUpForm.username": "a pattern of ASCII (accounts/models/usernames.py)",
    "SignUpForm.email": "a constraint of ASCII (email_format)",
    "ChangeEmailForm.email": "a constraint of ASCII (email_format)",
    "NewUserForm.username": "a pattern of ASCII (accounts/models/usernames.py)",
    "NewUserForm.email": "a constraint of ASCII (email_format)",
    "UserForm.username": "a pattern of ASCII (accounts/models/usernames.py)",
    "UserForm.email": "a constraint of ASCII (email_format)",
    **dict.fromkeys(
        (
            "NewUser.password Credentials.username Credentials.password RefreshToken.refresh"
            " NewPassword.old_password NewPassword.new_password NewAddress.password SignOut.refresh"
            " SignInForm.username SignInForm.password"
            " StaffSignInForm.username StaffSignInForm.password SignUpForm.password ChangeEmailForm.password"
            " ChangePasswordForm.old_password ChangePasswordForm.new_password1"
            " ChangePasswordForm.new_password2"
            " NewPasswordForm.new_password1 NewPasswordForm.new_password2 PasswordForm.password1"
            " PasswordForm.password2 NewUserForm.password1 NewUserForm.password2"
            " SecondFactorCodeForm.code"
            " RequestResetForm.name UserForm.password1 UserForm.password2"
        ).split(),
        NOBODY_READS,
    ),
    **dict.fromkeys(
        (
            "NewMap.name NewMap.description NewCollection.name NewCollection.description NewTribe.name"
            " NewTribe.archetype NewTribe.color_theme TribeForm.name TribeForm.archetype TribeForm.color"
            " TribeForm.own_color FacetForm.author PersonalFacetForm.author"
        ).split(),
        BY_ACTIVITY,
    ),
    **dict.fromkeys(
        ("TribeForm.damage", "TribeForm.attack_speed", "TribeForm.range"), "read as whole numbers"
    ),
}


# ---- Looking for them ---------------------------------------------------------------------------


def modules() -> Iterator[Any]:
    for file in files():
        if file.stem not in ("asgi", "__init__"):
            yield importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def files() -> Iterator[Path]:
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            if not {"migrations", "management"} & set(file.relative_to(ROOT).parts):
                yield file


def ours(kind: type) -> list[Any]:
    """The subclasses that modules of this project define."""
    found: set[Any] = {
        thing
        for module in modules()
        for _, thing in inspect.getmembers(module, inspect.isclass)
        if issubclass(thing, kind) and thing.__module__ == module.__name__
    }
    return sorted(found, key=lambda thing: (thing.__module__, thing.__name__))


def request_documents() -> set[str]:
    """Names of serializers that bodies and addresses are read by: `read_body(X, …)` and `X(data=…)`."""
    names: set[str] = set()
    for file in files():
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "read_body" and isinstance(node.args[0], ast.Name | ast.Attribute):
                names.add(ast.unparse(node.args[0]).rpartition(".")[2])
            if any(keyword.arg == "data" for keyword in node.keywords):
                names.add(node.func.id)
    return names


def is_text(field: Any) -> bool:
    """Whether a field of a serializer takes text: as a CharField, or as one that its activity checks."""
    reported = getattr(field, "_spectacular_annotation", {}).get("field")
    as_it_came = isinstance(reported, dict) and reported.get("type") == "string"
    return as_it_came or (isinstance(field, serializers.CharField) and not field.read_only)


def fields_of_documents() -> dict[str, bool]:
    read_by = request_documents()
    assert {"NewMap", "NewTribe", "NewUser", "PreviewQuery"} <= read_by
    return {
        f"{document.__name__}.{name}": isinstance(field, CheckedTextField) and bool(field.kind)
        for document in ours(serializers.Serializer)
        if document.__name__ in read_by
        for name, field in document().fields.items()
        if is_text(field)
    }


def fields_of_forms() -> dict[str, bool]:
    found: dict[str, bool] = {}
    for form in [*ours(forms.BaseForm), *forms_of_admin()]:
        checked = form.checks if issubclass(form, CheckedForm) else ()
        for name, field in form.base_fields.items():
            if isinstance(field, forms.CharField) and not isinstance(field, forms.UUIDField):
                key = f"{form.__name__}.{name}"
                found[key] = found.get(key, True) and (
                    isinstance(field, TextField) or name in checked
                )
    return found


def forms_of_admin() -> Iterator[Any]:
    request = RequestFactory().get("/admin/")
    request.user = User(is_staff=True, is_superuser=True)
    for model_admin in admin.site._registry.values():
        for row in (None, model_admin.model()):
            yield model_admin.get_form(request, row, change=row is not None)


def fields_of_sockets() -> dict[str, bool]:
    def takes_text(check: Callable[[Any, str], Any]) -> bool:
        try:
            return isinstance(check("some text", "field"), str)
        except DomainError:
            return hasattr(check, "kind")

    return {
        f"{kind}.{name}": hasattr(field.check, "kind")
        for kind, fields in protocol.CLIENT_MESSAGES.items()
        for name, field in fields.items()
        if takes_text(field.check)
    }


def test_every_field_for_text_has_a_rule_or_a_reason() -> None:
    found = fields_of_documents() | fields_of_forms() | fields_of_sockets()
    assert {"chat.text", "JoinByCode.code", "DecisionForm.reason", "GroupForm.name"} <= {
        name for name, has_rule in found.items() if has_rule
    }
    without = {name for name, has_rule in found.items() if not has_rule}
    assert without - ELSEWHERE.keys() == set(), "give them a kind of config.kernel.text.TEXT_RULES"
    assert ELSEWHERE.keys() - without == set(), "these are no more, or have a rule now"


# ---- Trying them --------------------------------------------------------------------------------

HOSTILE = [
    "abc\u202edef", "abc\u200edef", "abc\u061cdef", "abc\u200bdef", "abc\u200ddef", "abc\U000e0041def",
    "abc\xaddef", "abc\ufeffdef", "abc\x07def", "abc\x85def", "abc\ufffedef", "abc\u3164def",
    "F" + "\u0335\u0327\u035a\u0301\u0310" + "ord", "x" + "\u0489" * 12,
]  # fmt: skip


def description_of(written: str) -> str:
    """How an error describes a forbidden text: by its character, or its accents."""
    return "accents" if written[0] in "Fx" else describe_character(written[3])


@pytest.fixture(params=HOSTILE, ids=ascii)
def hostile(request: pytest.FixtureRequest) -> str:
    written: str = request.param
    return written


@pytest.fixture
def administrator(db: None) -> Client:
    client = Client()
    client.force_login(make_user("Chief", is_staff=True, is_superuser=True))
    return client


def refused_by_api(response: Any, field: str, written: str) -> None:
    assert response.status_code == 400, response.content
    assert [error["attr"] for error in response.json()["errors"]] == [field]
    assert description_of(written) in response.json()["errors"][0]["detail"]


def refused_by_page(response: Any, written: str) -> None:
    assert response.status_code in (200, 400)
    assert description_of(written) in html.unescape(response.content.decode())


def test_the_api_refuses_forbidden_characters(client: Client, player: User, hostile: str) -> None:
    game_map = make_map(player)
    collection = make_collection(player=player, given={"name": "Fords"})
    tribe = make_tribe(player)
    headers = bearer(player)

    def send(method: str, path: str, field: str, **body: Any) -> None:
        response = getattr(client, method)(
            f"/api/v1/{path}", json.dumps(body), "application/json", headers=headers
        )
        refused_by_api(response, field, hostile)

    made = {"archetype": "Balanced"}
    send("post", "maps", "name", **new_map(name=hostile))
    send("post", "maps", "description", **new_map(description=hostile))
    send("patch", f"maps/{game_map.pk}", "name", name=hostile)
    send("patch", f"maps/{game_map.pk}", "description", description=f"Old.\n{hostile}")
    send("post", "collections", "name", name=hostile)
    send("post", "collections", "description", name="Fine", description=hostile)
    send("patch", f"collections/{collection.pk}", "name", name=hostile)
    send("patch", f"collections/{collection.pk}", "description", description=hostile)
    send("post", "tribes", "name", name=hostile, **made)
    send("patch", f"tribes/{tribe.pk}", "name", name=hostile)
    send("post", "game-sessions/join", "code", code=hostile, tribe_id=str(tribe.pk))
    for parameter in ("q", "author", "terrain", "rating_min", "favourite"):
        refused_by_api(client.get("/api/v1/maps", {parameter: hostile}), parameter, hostile)
    assert (GameMap.objects.count(), MapCollection.objects.count()) == (1, 1)
    assert Tribe.objects.count() == 1


def test_pages_refuse_forbidden_characters(client: Client, player: User, hostile: str) -> None:
    client.force_login(player)
    collection = make_collection(player=player, given={"name": "Fords"})
    tribe = make_tribe(player)
    style = {"archetype": "Support", "damage": "1", "attack_speed": "6", "range": "3"}
    style["color"] = "#E8B84A"
    refused_by_page(client.post("/collections/", {"name": hostile}), hostile)
    refused_by_page(client.post("/collections/", {"name": "Fine", "description": hostile}), hostile)
    address = collection.get_absolute_url()
    refused_by_page(client.post(address, {"name": hostile, "description": ""}), hostile)
    refused_by_page(client.post(address, {"name": "Fine", "description": hostile}), hostile)
    refused_by_page(client.post("/tribes/new/", style | {"name": hostile}), hostile)
    refused_by_page(client.post(f"/tribes/{tribe.pk}/", style | {"name": hostile}), hostile)
    refused_by_page(client.get("/lobbies/", {"map": hostile}), hostile)
    refused_by_page(client.post("/lobbies/join/", {"code": hostile}), hostile)
    for parameter in ("q", "author", "terrain"):
        page = client.get("/maps/", {parameter: hostile})
        refused_by_page(page, hostile)
        assert hostile not in page.content.decode()  # an address that is shared shows nobody
    assert not MapCollection.objects.filter(name="Fine").exists()
    assert Tribe.objects.get().name == tribe.name


def test_the_admin_refuses_forbidden_characters(
    administrator: Client, player: User, hostile: str
) -> None:
    game_map, tribe = make_map(player), make_tribe(player)
    none_beside = {f"decisions-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    words = {"name": "Fine", "description": ""} | none_beside
    address = f"/admin/maps/gamemap/{game_map.pk}/change/"
    refused_by_page(administrator.post(address, words | {"name": hostile}), hostile)
    refused_by_page(administrator.post(address, words | {"description": hostile}), hostile)
    refused_by_page(administrator.post("/admin/auth/group/add/", {"name": hostile}), hostile)
    facts = {
        "user": player.pk,
        "archetype": tribe.archetype,
        "damage_bonus": "0.05",
        "attack_speed_bonus": "0.30",
        "range_bonus": "0.15",
        "color_theme": tribe.color_theme,
        "created_at_0": "2026-11-01",
        "created_at_1": "12:00",
    }
    refused_by_page(
        administrator.post(f"/admin/tribes/tribe/{tribe.pk}/change/", facts | {"name": hostile}),
        hostile,
    )
    for url, action, row in (
        ("/admin/maps/gamemap/", "hide", game_map),
        ("/admin/accounts/user/", "ban", player),
    ):
        body = {"action": action, "_selected_action": [row.pk], "decide": "1", "reason": hostile}
        refused_by_page(administrator.post(url, body, follow=True), hostile)
    game_map.refresh_from_db()
    player.refresh_from_db()
    assert (game_map.name, game_map.hidden_at, player.is_active) == ("Quiet Ford", None, True)


def test_registration_refuses_forbidden_characters(client: Client, hostile: str) -> None:
    good = {"username": "Mira", "email": "mira@example.com", "password": "a quite long sentence"}
    for field in ("username", "email"):
        written = hostile if field == "username" else f"mira@{hostile}.com"
        body = good | {field: written, "accept_privacy_policy": True}
        response = client.post("/api/v1/auth/register", json.dumps(body), "application/json")
        assert response.status_code == 400
        assert [error["attr"] for error in response.json()["errors"]] == [field]
        assert client.post("/signup/", good | {field: written, "privacy": "on"}).status_code == 200
    assert not User.objects.exists()


def test_sockets_refuse_forbidden_characters(hostile: str) -> None:
    entries = [("hello", "ticket"), ("hello", "resume")]
    if unicodedata.category(hostile[3]) != "Cc":  # which a message of chat has as spaces
        entries.append(("chat", "text"))
    for kind, field in entries:
        frame = json.dumps({"type": kind, "id": "7", "data": {field: hostile}})
        with pytest.raises(protocol.InvalidMessage) as refused:
            protocol.parse(frame)
        assert (refused.value.code, refused.value.re) == ("invalid_field", "7")
        assert description_of(hostile) in refused.value.detail


def test_forbidden_characters_are_removed_from_names_of_devices(
    client: Client, player: User, hostile: str
) -> None:
    """Players cannot correct the name of their browser, so forbidden characters are left out."""
    agent = f"Game {hostile}".encode().decode("latin1")
    who = {"username": "Player1", "password": "a quite long sentence"}
    response = client.post(
        "/api/v1/auth/login", json.dumps(who), "application/json", headers={"User-Agent": agent}
    )
    assert response.status_code == 200
    client.post("/login/", who, headers={"User-Agent": agent})
    page = client.get("/account/").content.decode()
    assert "Game " in page
    assert hostile not in page
    assert agent not in page or agent.isprintable()


def test_moderators_cannot_write_forbidden_characters_either(
    client: Client, game_map: GameMap
) -> None:
    client.force_login(make_moderator())
    body = {"action": "hide", "_selected_action": [game_map.pk], "decide": "1"}
    response = client.post("/admin/maps/gamemap/", body | {"reason": "abc\u202edef"}, follow=True)
    refused_by_page(response, "abc\u202edef")
    stored = client.post("/admin/maps/gamemap/", body | {"reason": "Cafe\u0301."}, follow=True)
    assert stored.status_code == 200
    assert game_map.decisions.get().reason == "Caf\u00e9."
