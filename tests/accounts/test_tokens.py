"""Tokens of the API: register, sign in, refresh, sign out, new password, and attempts at forgery."""

import asyncio
import contextlib
import datetime
import hashlib
import itertools
import string
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from django.conf import settings
from django.contrib.auth import get_user
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.devices import statements
from accounts.models import User
from accounts.tokens import families, signing
from accounts.tokens.actions import start_family
from config.redis.clients import durable, durable_async
from maps.models import GameMap
from tests.support.api import assert_error, login, post
from tests.support.concurrency import at_once
from tests.support.factories import NOBODY, PASSWORD, make_user

pytestmark = pytest.mark.django_db
NEW = {
    "username": "Mira",
    "email": "mira@example.com",
    "password": PASSWORD,
    "accept_privacy_policy": True,
}


def me(client: Client, access: str) -> int:
    return client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {access}"}).status_code


# ---- The good ways ------------------------------------------------------------------------------


def test_registration_returns_a_token_pair(client: Client, db: None) -> None:
    response = post(client, "auth/register", NEW)
    assert response.status_code == 201
    body = response.json()
    assert body["user"]["email"] == "mira@example.com"
    assert me(client, body["access"]) == 200
    user = User.objects.get(username="Mira")
    assert user.privacy_accepted_at is not None
    assert login(client, "mira").status_code == 200


@pytest.mark.parametrize(
    ("change", "attr", "code"),
    [
        ({"username": "ab"}, "username", "username_length"),
        ({"username": "x" * 51}, "username", "max_length"),
        ({"username": "Mi ra"}, "username", "username_characters"),
        ({"username": "mir\u0430"}, "username", "username_characters"),
        ({"username": "Mira\u200b"}, "username", "username_characters"),
        ({"username": "\u3164\u3164\u3164"}, "username", "username_characters"),
        ({"username": "ADMIN"}, "username", "username_reserved"),
        ({"username": "pLAYER1"}, "username", None),
        ({"email": "PLAYER1@EXAMPLE.COM"}, "email", None),
        ({"email": "mira"}, "email", "invalid"),
        ({"password": "short"}, "password", "password_too_short"),
        ({"password": "password1"}, "password", "password_too_common"),
        ({"password": "mira@example"}, "password", "password_too_similar"),
        ({"accept_privacy_policy": False}, "accept_privacy_policy", "required"),
        ({"accept_privacy_policy": None}, "accept_privacy_policy", "null"),
        ({"username": ["x"]}, "username", "invalid"),
        ({"password": {}}, "password", "invalid"),
    ],
)
def test_invalid_registration_is_rejected(
    client: Client, player: User, change: dict[str, Any], attr: str, code: str
) -> None:
    response = post(client, "auth/register", NEW | change)
    assert response.status_code == 400
    first = response.json()["errors"][0]
    assert first["attr"] == attr
    assert code is None or first["code"] == code
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["Player1", "player1", "player1@example.com", "PLAYER1@EXAMPLE.COM"]
)
def test_login_returns_a_token_pair(
    client: Client, player: User, game_map: GameMap, name: str
) -> None:
    body = login(client, name).json()
    assert body["expires_in"] == 900
    assert body["user"]["username"] == "Player1"
    rated = client.put(
        f"/api/v1/maps/{game_map.pk}/rating",
        {"stars": 5},
        content_type="application/json",
        headers={"Authorization": f"Bearer {body['access']}"},
    )
    assert rated.status_code == 200
    player.refresh_from_db()
    assert player.last_login is not None


def test_wrong_credentials_are_rejected(client: Client, player: User) -> None:
    for name in ("Player1", "Nobody"):
        assert_error(login(client, name, "wrong"), 401, "invalid_credentials")
    assert_error(post(client, "auth/login", {"username": "x"}), 400, "required", "password")
    nested = post(client, "auth/login", {"username": ["x"], "password": "x"})
    assert_error(nested, 400, "invalid", "username")


def test_refresh_returns_a_new_pair(client: Client, player: User) -> None:
    first = login(client).json()
    second = post(client, "auth/refresh", {"refresh": first["refresh"]}).json()
    assert second["refresh"] != first["refresh"]
    assert me(client, second["access"]) == 200
    assert me(client, first["access"]) == 200  # until it dies by itself
    third = post(client, "auth/refresh", {"refresh": second["refresh"]})
    assert third.status_code == 200


def test_responses_with_tokens_are_not_stored(client: Client, player: User) -> None:
    signed_in = login(client)
    access, refresh = (signed_in.json()[name] for name in ("access", "refresh"))
    new = {"old_password": PASSWORD, "new_password": "another long sentence"}
    responses = [
        signed_in,
        post(client, "auth/register", NEW),
        post(client, "auth/refresh", {"refresh": refresh}),
        post(client, "users/me/password", new, access),
    ]
    assert [response.status_code for response in responses] == [200, 201, 200, 200]
    assert {response["Cache-Control"] for response in responses} == {"no-store"}


def test_redis_keys_and_lifetimes_follow_the_contract(client: Client, player: User) -> None:
    login(client)
    redis = durable()
    assert 0 < redis.ttl(f"session:{player.pk}:access_token") <= 900
    assert 0 < redis.ttl(f"session:{player.pk}:refresh_token") <= 7 * 24 * 3600
    held = str(redis.hgetall(f"session:{player.pk}:refresh_token"))
    assert "eyJ" not in held  # never the tokens themselves


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("accept_privacy_policy", value) for value in ("yes", "on", "true", "1", 1, 1.0, None)),
        ("username", 9234534454),
        ("username", True),
        ("email", ["mira@example.com"]),
        ("password", 123456789012),
    ],
)
def test_values_of_wrong_types_are_rejected(client: Client, field: str, value: Any) -> None:
    response = post(client, "auth/register", NEW | {field: value})
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [field]


def test_taken_usernames_and_addresses_have_own_error_codes(client: Client, player: User) -> None:
    response = post(client, "auth/register", NEW | {"username": "PLAYER1", "email": player.email})
    codes = {error["attr"]: error["code"] for error in response.json()["errors"]}
    assert codes == {"username": "username_taken", "email": "email_taken"}


def test_tokens_of_a_slightly_fast_clock_are_accepted(player: User, monkeypatch: Any) -> None:
    later = timezone.now() + datetime.timedelta(seconds=3)
    with monkeypatch.context() as ahead:
        ahead.setattr(timezone, "now", lambda: later)
        access, _ = start_family(player, "tests")
    assert signing.read(access, "access").user_id == player.pk


def test_logout_ends_one_device_or_all(client: Client, player: User) -> None:
    browser = Client()
    browser.force_login(player)
    pairs = [start_family(player, f"device {n}") for n in range(3)]
    assert post(client, "auth/logout", access=pairs[0][0]).status_code == 204
    assert [me(client, access) for access, _ in pairs] == [401, 200, 200]
    assert post(client, "auth/refresh", {"refresh": pairs[0][1]}).status_code == 401
    assert get_user(browser) == player
    assert post(client, "auth/logout?everywhere=1", access=pairs[1][0]).status_code == 204
    assert get_user(browser).is_anonymous
    assert [me(client, access) for access, _ in pairs] == [401, 401, 401]
    assert post(client, "auth/refresh", {"refresh": pairs[2][1]}).status_code == 401


def test_logout_works_with_the_refresh_token_alone(client: Client, player: User) -> None:
    """A player can sign out with the refresh token alone, after the access token has expired."""
    pairs = [start_family(player, f"device {n}") for n in range(3)]
    used = pairs[0][1]
    post(client, "auth/refresh", {"refresh": used})
    assert post(client, "auth/logout", {"refresh": used}).status_code == 204
    assert [me(client, access) for access, _ in pairs] == [401, 200, 200]
    assert post(client, "auth/logout", {"refresh": used}).status_code == 204  # ended is ended
    assert post(client, "auth/logout", {"refresh": pairs[1][1]}, pairs[2][0]).status_code == 204
    assert [me(client, access) for access, _ in pairs] == [401, 401, 200]


def test_logout_rejects_other_tokens(client: Client, player: User) -> None:
    access, refresh = start_family(player, "tests")
    assert_error(post(client, "auth/logout", {"refresh": access}), 401, "invalid_token")
    assert_error(post(client, "auth/logout", {"refresh": "x"}), 401, "invalid_token")
    assert_error(post(client, "auth/logout", {"refresh": ""}), 400, "blank", "refresh")
    assert_error(post(client, "auth/logout", {"token": refresh}), 400, "unknown_field", "token")
    everywhere = post(client, "auth/logout?everywhere=1", {"refresh": refresh})
    assert_error(everywhere, 401, "not_authenticated")
    assert_error(post(client, "auth/logout", {}), 401, "not_authenticated")
    assert me(client, access) == 200


@pytest.mark.parametrize(
    ("said", "status", "left"),
    [
        ("1", 204, [401, 401]),
        ("True", 204, [401, 401]),
        ("0", 204, [401, 200]),
        ("FALSE", 204, [401, 200]),
        ("yes", 400, [200, 200]),
        ("", 400, [200, 200]),
    ],
)
def test_logout_everywhere_takes_only_booleans(
    client: Client, player: User, said: str, status: int, left: list[int]
) -> None:
    pairs = [start_family(player, f"device {n}") for n in range(2)]
    response = post(client, f"auth/logout?everywhere={said}", access=pairs[0][0])
    assert response.status_code == status
    if status == 400:
        assert_error(response, 400, "invalid", "everywhere")
    assert [me(client, access) for access, _ in pairs] == left


def test_new_password_ends_all_other_devices(client: Client, player: User) -> None:
    here, there = start_family(player, "here"), start_family(player, "there")
    wrong = {"old_password": "wrong", "new_password": "another long sentence"}
    assert_error(
        post(client, "users/me/password", wrong, here[0]), 400, "password_incorrect", "old_password"
    )
    weak = {"old_password": PASSWORD, "new_password": "12345678"}
    assert (
        post(client, "users/me/password", weak, here[0]).json()["errors"][0]["attr"]
        == "new_password"
    )
    good = {"old_password": PASSWORD, "new_password": "another long sentence"}
    response = post(client, "users/me/password", good, here[0])
    assert me(client, response.json()["access"]) == 200
    assert [me(client, access) for access, _ in (here, there)] == [401, 401]
    assert post(client, "auth/refresh", {"refresh": there[1]}).status_code == 401


@pytest.mark.parametrize("how", ["password", "deactivated", "deleted"])
def test_changes_of_the_account_end_its_tokens(client: Client, player: User, how: str) -> None:
    """Also when it is done in psql: the triggers of the database notice it."""
    access, refresh = start_family(player, "device")
    if how == "password":
        User.objects.update(password="!")
    elif how == "deactivated":
        User.objects.update(is_active=False)
    else:
        player.delete()
    assert me(client, access) == 401
    assert_error(post(client, "auth/refresh", {"refresh": refresh}), 401, "invalid_token")


def test_token_families_are_limited_and_listed(player: User) -> None:
    for n in range(families.MAX_FAMILIES + 3):
        families.start(player.pk, f"device {n}")
    found = families.list_families(player.pk)
    assert len(found) == families.MAX_FAMILIES
    assert durable().hlen(f"session:{player.pk}:access_token") == families.MAX_FAMILIES


async def ask_redis(question: Any, *named: Any) -> list[bool]:
    async with durable_async() as client:
        return [bool(found) for found in await question(client, named)]


def test_many_sign_ins_are_checked_at_once(player: User) -> None:
    first, second = (signing.read(start_family(player, "x")[0], "access") for _ in range(2))
    families.revoke(player.pk, first.family)
    sign_ins = [(player.pk, first.family), (player.pk, second.family), (uuid4(), second.family)]
    assert asyncio.run(ask_redis(families.are_families_active, *sign_ins)) == [False, True, False]


def test_stamps_are_those_of_open_accounts(player: User, author: User) -> None:
    def stamps() -> dict[UUID, str]:
        with connection.cursor() as cursor:
            cursor.execute(statements.FIND_OPEN_ACCOUNTS, [[player.pk, author.pk]])
            return statements.stamps_by_player(cursor.fetchall())

    assert stamps() == {user.pk: signing.stamp_of(user) for user in (player, author)}
    User.objects.filter(pk=author.pk).update(is_active=False)
    assert list(stamps()) == [player.pk]


def test_previous_signing_key_is_accepted(client: Client, player: User, settings: Any) -> None:
    access, refresh = start_family(player, "device")
    old = settings.JWT_SIGNING_KEY
    settings.JWT_SIGNING_KEY = "n" * 60
    assert me(client, access) == 401
    settings.JWT_PREVIOUS_KEYS = [old]
    assert me(client, access) == 200
    pair = post(client, "auth/refresh", {"refresh": refresh}).json()
    settings.JWT_PREVIOUS_KEYS = []
    assert me(client, pair["access"]) == 200


def test_secret_key_does_not_sign_tokens(client: Client, player: User, settings: Any) -> None:
    """It may change without signing anybody out of the API, and with the one before, out of pages."""
    access, refresh = start_family(player, "device")
    client.force_login(player)
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "n" * 60
    settings.SECRET_KEY_FALLBACKS = [old]
    assert client.get("/account/").status_code == 200  # signs the session again
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/account/").status_code == 200
    settings.SECRET_KEY = "o" * 60
    assert client.get("/account/").status_code == 302
    assert me(client, access) == 200
    assert post(client, "auth/refresh", {"refresh": refresh}).status_code == 200


# ---- Replays and races --------------------------------------------------------------------------


def test_replayed_refresh_token_ends_only_its_family(client: Client, player: User) -> None:
    other = start_family(player, "other")
    first = login(client).json()
    second = post(client, "auth/refresh", {"refresh": first["refresh"]}).json()
    replay = post(client, "auth/refresh", {"refresh": first["refresh"]})
    assert_error(replay, 401, "invalid_token")
    assert me(client, second["access"]) == 401
    assert post(client, "auth/refresh", {"refresh": second["refresh"]}).status_code == 401
    assert me(client, other[0]) == 200


@pytest.mark.django_db(transaction=True)
def test_refresh_token_used_twenty_times_at_once_works_once(settings: Any) -> None:
    user = make_user("Racer")
    for _ in range(30):
        durable().flushdb()
        _, refresh = start_family(user, "device")
        body = {"refresh": refresh}

        def use(_: int, body: dict[str, str] = body) -> int:
            status: int = post(Client(), "auth/refresh", body).status_code
            return status

        responses = at_once(20, use)
        assert sorted(responses) == [200] + [401] * 19
        assert families.list_families(user.pk) == []  # nineteen replays: the family has ended


# ---- Forgeries ----------------------------------------------------------------------------------


def forged(
    good: str, key: str = "", alg: str = "HS256", kid: str | None = None, **changes: Any
) -> str:
    """Returns a valid token with some claims changed. A claim that is None is left out."""
    claims = jwt.decode(good, options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    headers = {"kid": next(iter(signing._keys())) if kid is None else kid}
    secret = "" if alg == "none" else key or settings.JWT_SIGNING_KEY
    return jwt.encode(claims, secret, alg, headers=headers)


def malformed_tokens(good: str) -> list[str]:
    """Tokens of which each fails exactly one check."""
    now, theirs = int(timezone.now().timestamp()), "k" * 60
    kind = jwt.decode(good, options={"verify_signature": False})["typ"]
    wrong: dict[str, list[Any]] = {
        "aud": ["other", ["a", "b"], [], 1],
        "iss": ["other", ""],
        "typ": ["", "x", [], "refresh" if kind == "access" else "access"],
        "exp": [1, now - 1, "soon", []],
        "iat": [now + 3600, 9**12, "soon"],
        "sub": ["x", "", 1, []],
    }
    return [
        *(forged(good, alg=alg) for alg in ("none", "HS384", "HS512")),
        forged(good, key=theirs),
        forged(good, key=theirs, kid=hashlib.sha256(theirs.encode()).hexdigest()[:8]),
        *(forged(good, kid=kid) for kid in ("", "unknown", "None")),
        *(
            forged(good, **{claim: value})
            for claim in signing.CLAIMS
            for value in [None, *wrong.get(claim, [])]
        ),
    ]


def forgeries(good: str) -> list[str]:
    """Returns a thousand tokens: some made by hand, some malformed, and a valid one with flipped bits."""
    made = [
        *malformed_tokens(good), forged(good, sub=str(NOBODY)), forged(good, pwd="0" * 16),
        "", "x", "x y", "a.b.c",
        "..", "é", "x" * 5000, "null", "{}", good + "x", good[:-1], good * 2,
    ]  # fmt: skip
    letters = string.ascii_letters + string.digits + "-_"
    same = {good[:-1] + letter for letter in letters}  # the last letter has unused bits
    for position in itertools.count():
        if len(made) == 1000:
            return made
        at = position * 7919 % len(good)
        other = chr(ord(good[at]) ^ (32 if good[at].isalpha() else 1))
        token = good[:at] + other + good[at + 1 :]
        made += [] if token in same else [token]
    raise AssertionError


def test_forged_tokens_are_rejected(
    client: Client, player: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "config.limits.rate_limits.count_one", lambda *_: None
    )  # or the limit would refuse most
    access, refresh = start_family(player, "device")
    assert me(client, access) == me(client, forged(access)) == 200
    for token in [*forgeries(access), forged(access, jti="0" * 32), refresh]:
        assert me(client, token) == 401, token
    for token in [*forgeries(refresh), forged(refresh, fam="0" * 32), access]:
        response = post(client, "auth/refresh", {"refresh": token})
        assert response.status_code in (400, 401), token
    # None of them did any harm.
    assert me(client, access) == 200
    assert post(client, "auth/refresh", {"refresh": forged(refresh)}).status_code == 200


CARELESS: dict[str, dict[str, Any]] = {
    "signature": {"options": {"verify_signature": False}},
    "algorithm": {"algorithms": ["HS256", "HS384", "HS512"]},
    "audience": {"audience": None, "options": {"verify_aud": False, "require": signing.CLAIMS}},
    "issuer": {"issuer": None},
    "expiry": {"options": {"verify_exp": False, "require": signing.CLAIMS}},
    "time of issue": {"options": {"verify_iat": False, "require": signing.CLAIMS}},
    "claims": {"options": {}},
}


@pytest.mark.parametrize("check", CARELESS)
def test_forged_tokens_would_pass_with_fewer_checks(
    player: User, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    """One check is left out: then some forged token must be accepted."""
    decode, good = jwt.decode, start_family(player, "device")[0]
    tokens_by_hand = malformed_tokens(good)

    def taken() -> int:
        count = 0
        for token in tokens_by_hand:
            with contextlib.suppress(signing.UnreadableToken, KeyError):
                count += bool(signing.read(token, "access"))
        return count

    assert taken() == 0
    monkeypatch.setattr(
        "accounts.tokens.signing.jwt.decode",
        lambda *given, **more: decode(*given, **more | CARELESS[check]),
    )
    assert taken() > 0


@pytest.mark.parametrize("header", ["Bearer", "Bearer x y", "Basic eDp5", "bearer", "Token x"])
def test_malformed_authorization_headers_are_rejected(client: Client, header: str) -> None:
    response = client.get("/api/v1/maps", headers={"Authorization": header})
    assert_error(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_own_routes_require_a_token(client: Client, player: User) -> None:
    client.force_login(player)  # a cookie is no credential
    for path in ("auth/logout", "users/me/password"):
        assert_error(post(client, path, {}), 401, "not_authenticated")
    assert_error(client.get("/api/v1/users/me"), 401, "not_authenticated")


def test_a_public_profile_shows_maps_but_no_email_address(
    client: Client, player: User, game_map: GameMap
) -> None:
    body = client.get("/api/v1/users/AUTHOR").json()
    assert body["username"] == "Author"
    assert [row["name"] for row in body["maps"]] == ["Quiet Ford"]
    assert "email" not in body
    assert client.get("/players/author/").status_code == 200
    for unknown in ("nobody", "x" * 300, "a\x00b", "%"):
        assert client.get(f"/api/v1/users/{unknown}").status_code == 404
        assert client.get(f"/players/{unknown}/").status_code == 404
    User.objects.update(is_active=False)
    assert client.get("/api/v1/users/author").status_code == 404
