"""The second factor of staff: codes that work once, recovery, limits, and attempts to get around it."""

import hashlib
import io
import re
import time
from base64 import b32decode
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.core.management import CommandError, call_command, get_commands
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import RecoveryCode, User
from accounts.second_factor.actions import count_recovery_codes, replace_recovery_codes
from config.limits import rate_limits
from tests.support.concurrency import at_once
from tests.support.factories import PASSWORD, make_moderator, make_user

pytestmark = pytest.mark.django_db
PAGE = "/account/second-factor"
ADMIN = "/admin/"
CODE = r"<code>((?:[a-z2-7]{4}-){3}[a-z2-7]{4})</code>"


@pytest.fixture(autouse=True)
def second_factor_required(settings: Any) -> None:
    settings.ADMIN_SECOND_FACTOR = True


@pytest.fixture
def moderator_client(client: Client, moderator: User) -> Client:
    """A moderator who has given only the password."""
    client.force_login(moderator)
    return client


def code_of(device: TOTPDevice, later: int = 0) -> str:
    """The code that the app shows, or will show some steps of thirty seconds later."""
    totp = TOTP(device.bin_key)
    totp.time = time.time() + 30 * later
    return f"{totp.token():06}"


def with_app(user: User) -> TOTPDevice:
    device: TOTPDevice = TOTPDevice.objects.create(user=user, name="App", confirmed=True)
    return device


def is_in(client: Client) -> bool:
    return client.get(ADMIN).status_code == 200


def test_password_alone_redirects_to_the_second_factor(client: Client, moderator: User) -> None:
    response = client.post(
        "/admin/login/?next=/admin/maps/gamemap/", {"username": "Moderna", "password": PASSWORD}
    )
    for _ in range(4):
        if response.status_code != 302:
            break
        response = client.get(response.headers["Location"])
    assert response.request["PATH_INFO"] == PAGE
    assert b'value="/admin/maps/gamemap/"' in response.content
    assert not TOTPDevice.objects.exists()  # looking draws no secret
    response = client.post(PAGE, {"begin": "1", "next": "/admin/maps/gamemap/"}, follow=True)
    assert b"Scan this QR code" in response.content
    assert b'value="/admin/maps/gamemap/"' in response.content
    assert "no-store" in response.headers["Cache-Control"]
    assert not is_in(client)


def test_setup_requires_a_code_and_shows_recovery_codes(moderator_client: Client) -> None:
    page = moderator_client.post(PAGE, {"begin": "1"}, follow=True).content.decode()
    device = TOTPDevice.objects.get()
    assert "data:image/svg+xml" in page
    assert "otpauth://totp/Tribehold%3AModerna" in page
    moderator_client.get(PAGE)
    assert TOTPDevice.objects.get().key == device.key  # looking twice does not change the secret
    assert b"is not valid" in moderator_client.post(PAGE, {"code": "000000"}).content
    assert not is_in(moderator_client)
    shown = moderator_client.post(PAGE, {"code": code_of(device)})
    assert len(re.findall(CODE, shown.content.decode())) == 10
    assert "no-store" in shown.headers["Cache-Control"]
    assert is_in(moderator_client)
    assert b"10 recovery codes left" in moderator_client.get(PAGE).content
    assert b"otpauth" not in moderator_client.get(PAGE).content


@pytest.mark.parametrize("by_recovery_code", [False, True])
def test_new_app_replaces_the_old_one(
    moderator_client: Client, moderator: User, by_recovery_code: bool
) -> None:
    old = with_app(moderator)
    recovery = replace_recovery_codes(moderator)[0]
    moderator_client.post(PAGE, {"code": code_of(old)})
    for wrong in ({}, {"code": "000000"}):
        assert (
            b"otpauth"
            not in moderator_client.post(PAGE, wrong | {"begin": "1"}, follow=True).content
        )
    code = recovery if by_recovery_code else code_of(old, 1)
    page = moderator_client.post(PAGE, {"code": code, "begin": "1"}, follow=True).content
    assert b"otpauth" in page
    assert is_in(moderator_client)
    new = TOTPDevice.objects.get(confirmed=False)
    other = (
        Client()
    )  # which has the password alone: sees no secret, and comes in by the old app only
    other.force_login(moderator)
    assert b"otpauth" not in other.get(PAGE).content
    other.post(PAGE, {"code": code_of(new)})
    assert not is_in(other)
    shown = moderator_client.post(PAGE, {"code": code_of(new)}).content
    assert len(re.findall(CODE, shown.decode())) == 10
    assert TOTPDevice.objects.get() == new
    assert is_in(moderator_client)
    for used in (code_of(old, 1), recovery):
        other.post(PAGE, {"code": used})
        assert not is_in(other)


def test_setup_ends_when_another_browser_finishes_first(
    moderator_client: Client, moderator: User
) -> None:
    """Two browsers with the password start the setup. Once one finishes, the other cannot add an app."""
    moderator_client.post(PAGE, {"begin": "1"})
    late = TOTPDevice.objects.get()
    with_app(moderator)
    assert b"otpauth" not in moderator_client.get(PAGE).content
    moderator_client.post(PAGE, {"code": code_of(late)})
    assert not is_in(moderator_client)
    assert moderator_client.post(PAGE, {"begin": "1"}).status_code == 200  # a code is missing
    assert TOTPDevice.objects.filter(confirmed=False).get() == late
    moderator_client.post(PAGE, {"code": code_of(TOTPDevice.objects.get(confirmed=True))})
    assert is_in(moderator_client)


def test_spaces_in_codes_are_ignored(moderator_client: Client, moderator: User) -> None:
    code = code_of(with_app(moderator))
    assert (
        moderator_client.post(PAGE, {"code": f" {code[:3]} {code[3:]} "}).headers["Location"]
        == ADMIN
    )
    assert is_in(moderator_client)


def test_code_works_once(moderator_client: Client, moderator: User) -> None:
    code = code_of(with_app(moderator))
    assert moderator_client.post(PAGE, {"code": code}).headers["Location"] == ADMIN
    assert is_in(moderator_client)
    other = Client()
    other.force_login(moderator)
    assert b"is not valid" in other.post(PAGE, {"code": code}).content
    assert not is_in(other)


@pytest.mark.django_db(transaction=True)
def test_code_sent_several_times_at_once_works_once() -> None:
    moderator = make_moderator()
    code = code_of(with_app(moderator))
    clients = [Client() for _ in range(4)]
    for client in clients:
        client.force_login(moderator)
    responses = at_once(4, lambda n: clients[n].post(PAGE, {"code": code}))
    assert sorted(response.status_code for response in responses) == [200, 200, 200, 302]


def test_recovery_codes_work_once_and_are_replaced(
    moderator_client: Client, moderator: User
) -> None:
    with_app(moderator)
    code = replace_recovery_codes(moderator)[0]
    moderator_client.post(PAGE, {"code": code.upper()})
    assert is_in(moderator_client)
    assert count_recovery_codes(moderator) == 9
    moderator_client.post("/account/recovery-codes")
    assert count_recovery_codes(moderator) == 10
    other = Client()
    other.force_login(moderator)
    other.post(PAGE, {"code": code})
    assert not is_in(other)


def test_recovery_codes_are_stored_as_hashes_of_80_random_bits(
    moderator_client: Client, moderator: User
) -> None:
    moderator_client.post(PAGE, {"code": code_of(with_app(moderator))})
    with CaptureQueriesContext(connection) as queries:
        shown = re.findall(CODE, moderator_client.post("/account/recovery-codes").content.decode())
    codes = [code.replace("-", "") for code in shown]
    assert len(set(codes)) == 10
    assert {len(b32decode(code.upper())) for code in codes} == {10}
    statements = "".join(query["sql"] for query in queries.captured_queries)
    rows = {row.code_hash for row in RecoveryCode.objects.all()}
    assert rows == {hashlib.sha256(code.encode()).hexdigest() for code in codes}
    for code, written in zip(codes, shown, strict=True):
        assert code not in statements
        assert written not in statements
    for stolen in rows:  # what is stored is no code
        moderator_client.post(PAGE, {"code": stolen})
        moderator_client.post(PAGE, {"code": stolen[:40]})
    assert count_recovery_codes(moderator) == 10


@pytest.mark.parametrize(
    "typed", [str.upper, lambda code: code.replace("-", ""), lambda code: code.replace("-", " ")]
)
def test_recovery_codes_ignore_case_and_separators(
    moderator_client: Client, moderator: User, typed: Callable[[str], str]
) -> None:
    with_app(moderator)
    moderator_client.post(PAGE, {"code": typed(replace_recovery_codes(moderator)[0])})
    assert is_in(moderator_client)
    assert count_recovery_codes(moderator) == 9


def test_recovery_codes_work_only_for_their_owner(
    moderator_client: Client, moderator: User
) -> None:
    with_app(moderator)
    other = make_moderator("Other")
    with_app(other)
    moderator_client.post(PAGE, {"code": replace_recovery_codes(other)[0]})
    assert not is_in(moderator_client)
    assert count_recovery_codes(other) == 10


@pytest.mark.django_db(transaction=True)
def test_recovery_code_sent_several_times_at_once_works_once() -> None:
    moderator = make_moderator()
    with_app(moderator)
    code = replace_recovery_codes(moderator)[0]
    clients = [Client() for _ in range(4)]
    for client in clients:
        client.force_login(moderator)
    responses = at_once(4, lambda n: clients[n].post(PAGE, {"code": code}))
    assert sorted(response.status_code for response in responses) == [200, 200, 200, 302]
    assert [is_in(client) for client in clients].count(True) == 1
    assert count_recovery_codes(moderator) == 9


@pytest.mark.django_db(transaction=True)
def test_recovery_codes_replaced_several_times_at_once_are_ten() -> None:
    moderator = make_moderator()
    at_once(4, lambda n: replace_recovery_codes(moderator))
    assert count_recovery_codes(moderator) == 10


def test_command_prints_a_recovery_code(moderator_client: Client, moderator: User) -> None:
    for name in ("Nobody", "Moderna"):
        with pytest.raises(CommandError):
            call_command("recovery_code", name)
    with_app(moderator)
    printed = io.StringIO()
    call_command("recovery_code", "moderna", stdout=printed)
    moderator_client.post(PAGE, {"code": printed.getvalue()})
    assert is_in(moderator_client)
    assert count_recovery_codes(moderator) == 0
    assert "addstatictoken" not in get_commands()  # it stored codes as they are


def test_new_recovery_codes_require_the_second_factor(
    moderator_client: Client, moderator: User
) -> None:
    with_app(moderator)
    assert moderator_client.post("/account/recovery-codes").headers["Location"] == PAGE
    assert count_recovery_codes(moderator) == 0


def test_wrong_codes_lock_out(moderator_client: Client, moderator: User) -> None:
    device = with_app(moderator)
    for _ in range(5):
        moderator_client.post(PAGE, {"code": "123"})
    page = moderator_client.post(PAGE, {"code": code_of(device)}).content
    assert b"Too many wrong codes. Try again in 15 minutes." in page
    assert not is_in(moderator_client)


def test_wrong_codes_lock_out_only_their_browser(moderator_client: Client, moderator: User) -> None:
    device, address = with_app(moderator), "10.6.6.6"
    stolen = Client(REMOTE_ADDR=address)
    stolen.cookies["sessionid"] = moderator_client.cookies["sessionid"].value
    for _ in range(8):
        stolen.post(PAGE, {"code": "123"})
    assert b"Too many wrong codes." in stolen.post(PAGE, {"code": "123"}).content
    other = Client(REMOTE_ADDR=address)  # of the owner, even behind the same address
    other.force_login(moderator)
    other.post(PAGE, {"code": code_of(device)})
    assert is_in(other)


def test_repeated_sign_ins_do_not_allow_more_guesses(moderator: User) -> None:
    device, tried = with_app(moderator), 0
    for thief in range(9):
        client = Client(REMOTE_ADDR=f"10.0.{thief}.1")
        client.force_login(moderator)
        for n in range(8):
            response = client.post(PAGE, {"code": "123"}, REMOTE_ADDR=f"10.{n}.{thief}.1")
            tried += b"is not valid" in response.content
    assert tried == 40
    rate_limits.reset_count(
        "player_writes", str(moderator.pk)
    )  # the forms of a minute are another limit
    moderator.set_password(
        "another quite long sentence"
    )  # whoever signed in so often knows the other
    moderator.save()
    owner = Client()
    owner.force_login(moderator)
    owner.post(PAGE, {"code": code_of(device)})
    assert is_in(owner)


@pytest.mark.parametrize("code", ["", " ", "x" * 17, "\0", "１２３４５６", "-1", "1e3", "0x1"])
def test_invalid_codes_are_rejected(moderator_client: Client, moderator: User, code: str) -> None:
    with_app(moderator)
    assert moderator_client.post(PAGE, {"code": code}).status_code == 200
    assert not is_in(moderator_client)


def test_players_have_no_second_factor(signed_in: Client) -> None:
    assert signed_in.get(PAGE).status_code == 403
    assert Client().get(PAGE).headers["Location"].startswith("/login/")


def test_code_does_not_redirect_to_other_sites(moderator_client: Client, moderator: User) -> None:
    code = code_of(with_app(moderator))
    response = moderator_client.post(PAGE, {"code": code, "next": "https://elsewhere.example/"})
    assert response.headers["Location"] == ADMIN
    response = moderator_client.post(
        PAGE, {"code": code_of(TOTPDevice.objects.get(), 1), "next": "word"}
    )
    assert response.status_code == 302  # an address that names no page of ours is harmless


def test_removed_second_factor_closes_the_admin_at_once(
    moderator_client: Client, moderator: User
) -> None:
    moderator_client.post(PAGE, {"code": code_of(with_app(moderator))})
    assert is_in(moderator_client)
    administrator, staff = Client(), make_user("Chief", is_staff=True, is_superuser=True)
    administrator.force_login(staff)
    administrator.post(PAGE, {"code": code_of(with_app(staff))})
    action = {"action": "reset_second_factor", "_selected_action": [moderator.pk]}
    administrator.post("/admin/accounts/user/", action)
    assert not is_in(moderator_client)
    assert b"Set up an app" in moderator_client.get(PAGE).content
    assert is_in(administrator)


def test_secrets_are_not_shown_in_the_admin(client: Client) -> None:
    administrator = make_user("Chief", is_staff=True, is_superuser=True)
    client.force_login(administrator)
    client.post(PAGE, {"code": code_of(with_app(administrator))})
    assert client.get("/admin/otp_totp/totpdevice/").status_code == 404
    assert b"otp" not in client.get(ADMIN).content.lower()


def test_second_factor_can_be_switched_off(moderator_client: Client, settings: Any) -> None:
    settings.ADMIN_SECOND_FACTOR = False
    assert is_in(moderator_client)
    assert site_settings.PRODUCTION is False
