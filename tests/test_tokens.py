"""Tokens of the API: register, sign in, refresh, sign out, new password; and every way to cheat."""

import json
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import families, tokens
from accounts.models import User
from accounts.signing_in import start_family
from config.redis import durable
from maps.models import GameMap
from tests.cast import NOBODY, PASSWORD, make_user
from tests.races import at_once
from tests.test_api import assert_error

pytestmark = pytest.mark.django_db
NEW = {
    "username": "Mira",
    "email": "mira@example.com",
    "password": PASSWORD,
    "accept_privacy_policy": True,
}


def post(client: Client, path: str, body: Any = None, access: str = "") -> Any:
    headers = {"Authorization": f"Bearer {access}"} if access else {}
    text = json.dumps(body)
    return client.post(f"/api/v1/{path}", text, content_type="application/json", headers=headers)


def login(client: Client, username: str = "Player1", password: str = PASSWORD) -> Any:
    return post(client, "auth/login", {"username": username, "password": password})


def me(client: Client, access: str) -> int:
    return client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {access}"}).status_code


# ---- The good ways ------------------------------------------------------------------------------


def test_register(client: Client, db: None) -> None:
    answer = post(client, "auth/register", NEW)
    assert answer.status_code == 201
    body = answer.json()
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
def test_an_account_that_can_not_be(
    client: Client, player: User, change: dict[str, Any], attr: str, code: str
) -> None:
    answer = post(client, "auth/register", NEW | change)
    assert answer.status_code == 400
    first = answer.json()["errors"][0]
    assert first["attr"] == attr
    assert code is None or first["code"] == code
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["Player1", "player1", "player1@example.com", "PLAYER1@EXAMPLE.COM"]
)
def test_login(client: Client, player: User, game_map: GameMap, name: str) -> None:
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


def test_wrong_credentials(client: Client, player: User) -> None:
    for name in ("Player1", "Nobody"):
        assert_error(login(client, name, "wrong"), 401, "invalid_credentials")
    User.objects.update(is_active=False)
    assert_error(login(client), 401, "invalid_credentials")
    assert_error(post(client, "auth/login", {"username": "x"}), 400, "required", "password")
    nested = post(client, "auth/login", {"username": ["x"], "password": "x"})
    assert_error(nested, 400, "invalid", "username")


def test_refresh_gives_a_new_pair_and_kills_the_old_token(client: Client, player: User) -> None:
    first = login(client).json()
    second = post(client, "auth/refresh", {"refresh": first["refresh"]}).json()
    assert second["refresh"] != first["refresh"]
    assert me(client, second["access"]) == 200
    assert me(client, first["access"]) == 200  # until it dies by itself
    third = post(client, "auth/refresh", {"refresh": second["refresh"]})
    assert third.status_code == 200


def test_keys_and_lifetimes_are_those_of_the_contract(client: Client, player: User) -> None:
    login(client)
    redis = durable()
    assert 0 < redis.ttl(f"session:{player.pk}:access_token") <= 900
    assert 0 < redis.ttl(f"session:{player.pk}:refresh_token") <= 7 * 24 * 3600
    held = str(redis.hgetall(f"session:{player.pk}:refresh_token"))
    assert "eyJ" not in held  # never the tokens themselves


def test_logout_here_and_everywhere(client: Client, player: User) -> None:
    pairs = [start_family(player, f"device {n}") for n in range(3)]
    assert post(client, "auth/logout", access=pairs[0][0]).status_code == 204
    assert [me(client, access) for access, _ in pairs] == [401, 200, 200]
    assert post(client, "auth/refresh", {"refresh": pairs[0][1]}).status_code == 401
    assert post(client, "auth/logout?everywhere=1", access=pairs[1][0]).status_code == 204
    assert [me(client, access) for access, _ in pairs] == [401, 401, 401]
    assert post(client, "auth/refresh", {"refresh": pairs[2][1]}).status_code == 401


def test_a_new_password_ends_all_other_devices(client: Client, player: User) -> None:
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
    answer = post(client, "users/me/password", good, here[0])
    assert me(client, answer.json()["access"]) == 200
    assert [me(client, access) for access, _ in (here, there)] == [401, 401]
    assert post(client, "auth/refresh", {"refresh": there[1]}).status_code == 401


@pytest.mark.parametrize("how", ["password", "deactivated", "deleted"])
def test_what_happens_to_the_account_happens_to_its_tokens(
    client: Client, player: User, how: str
) -> None:
    """Also when it is done in psql: no code of ours has to be asked."""
    access, refresh = start_family(player, "device")
    if how == "password":
        User.objects.update(password="!")
    elif how == "deactivated":
        User.objects.update(is_active=False)
    else:
        player.delete()
    assert me(client, access) == 401
    assert_error(post(client, "auth/refresh", {"refresh": refresh}), 401, "invalid_token")


def test_devices_are_bounded_and_listed(player: User) -> None:
    for n in range(families.MOST_FAMILIES + 3):
        families.start(player.pk, f"device {n}")
    found = families.devices(player.pk)
    assert len(found) == families.MOST_FAMILIES
    assert durable().hlen(f"session:{player.pk}:access_token") == families.MOST_FAMILIES


def test_an_old_key_is_accepted_for_a_while(client: Client, player: User, settings: Any) -> None:
    access, refresh = start_family(player, "device")
    old = settings.JWT_SIGNING_KEY
    settings.JWT_SIGNING_KEY = "n" * 60
    assert me(client, access) == 401
    settings.JWT_PREVIOUS_KEYS = [old]
    assert me(client, access) == 200
    pair = post(client, "auth/refresh", {"refresh": refresh}).json()
    settings.JWT_PREVIOUS_KEYS = []
    assert me(client, pair["access"]) == 200


# ---- Replays and races --------------------------------------------------------------------------


def test_a_replayed_token_ends_its_family_and_no_other(client: Client, player: User) -> None:
    other = start_family(player, "other")
    first = login(client).json()
    second = post(client, "auth/refresh", {"refresh": first["refresh"]}).json()
    replay = post(client, "auth/refresh", {"refresh": first["refresh"]})
    assert_error(replay, 401, "invalid_token")
    assert me(client, second["access"]) == 401
    assert post(client, "auth/refresh", {"refresh": second["refresh"]}).status_code == 401
    assert me(client, other[0]) == 200


@pytest.mark.django_db(transaction=True)
def test_twenty_uses_at_once_thirty_rounds(settings: Any) -> None:
    user = make_user("Racer")
    for _ in range(30):
        durable().flushdb()
        _, refresh = start_family(user, "device")
        body = {"refresh": refresh}

        def use(_: int, body: dict[str, str] = body) -> int:
            status: int = post(Client(), "auth/refresh", body).status_code
            return status

        answers = at_once(20, use)
        assert sorted(answers) == [200] + [401] * 19
        assert families.devices(user.pk) == []  # nineteen replays: the family has ended


# ---- Forgeries ----------------------------------------------------------------------------------


def forged(key: str = "", alg: str = "HS256", kid: str | None = None, **changes: Any) -> str:
    """A token like ours, with something wrong about it."""
    now = int(timezone.now().timestamp())
    claims = {
        "iss": "tribehold", "aud": "tribehold-api", "typ": "access", "sub": str(NOBODY),
        "fam": "f", "jti": "j", "pwd": "p", "iat": now, "exp": now + 60,
    } | changes  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    ours = next(iter(tokens._keys()))
    headers = {"kid": ours if kid is None else kid}
    return jwt.encode(claims, key or settings.JWT_SIGNING_KEY, alg, headers=headers)


def forgeries(good: str) -> list[str]:
    """A thousand of them: hand-made ones, then single bits of a good one flipped."""
    made = [
        "", "x", "x y", "a.b.c", "..", "é", "x" * 5000, "null", "{}", good + "x", good[:-1], good * 2,
        forged(key="k" * 60), forged(kid="unknown"), forged(kid=""), forged(alg="HS512"),
        forged(aud="other"), forged(aud=None), forged(aud=["a", "b"]), forged(iss="other"),
        forged(typ="refresh"), forged(typ=None), forged(exp=1), forged(exp=None), forged(iat=None),
        forged(iat=9**12), forged(jti=None), forged(fam=None), forged(pwd=None), forged(sub="x"),
        forged(sub=None), forged(), forged(fam=[], jti={}), forged(exp="soon"),
        jwt.encode({"sub": str(NOBODY)}, "", "none"),
    ]  # fmt: skip
    for position in range(1000 - len(made)):
        at = position * 7919 % len(good)
        # The highest bit: in base64 the lowest ones of a last letter may mean nothing.
        other = chr(ord(good[at]) ^ (32 if good[at].isalpha() else 1))
        made.append(good[:at] + other + good[at + 1 :])
    return made


def test_a_thousand_forgeries(
    client: Client, player: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.limits.hit", lambda *_: None)  # or the limit would refuse most
    access, refresh = start_family(player, "device")
    assert me(client, access) == 200
    last_letter = {
        access[:-1] + c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    }
    refused = 0
    for token in [*forgeries(access), refresh, forged(sub=str(player.pk))]:
        if token in last_letter:  # the same bytes may be written in several ways
            continue
        status = me(client, token)
        assert status == 401, token
        refused += 1
    assert refused > 990
    assert_error(post(client, "auth/refresh", {"refresh": access}), 401, "invalid_token")
    for token in forgeries(refresh)[:60]:
        answer = post(client, "auth/refresh", {"refresh": token})
        assert answer.status_code in (400, 401), token
    assert me(client, access) == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer x y", "Basic eDp5", "bearer", "Token x"])
def test_headers_that_are_no_credentials(client: Client, header: str) -> None:
    answer = client.get("/api/v1/maps", headers={"Authorization": header})
    assert_error(answer, 401, "invalid_token")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_every_route_of_ones_own_wants_a_token(client: Client, player: User) -> None:
    client.force_login(player)  # a cookie is no credential
    for path in ("auth/logout", "users/me/password"):
        assert_error(post(client, path, {}), 401, "not_authenticated")
    assert_error(client.get("/api/v1/users/me"), 401, "not_authenticated")


def test_the_public_profile(client: Client, player: User, game_map: GameMap) -> None:
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
