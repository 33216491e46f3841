"""The second factor of staff: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

Apps are django-otp's devices. Recovery codes are ours, since django-otp stores them in clear. `is_verified()`
of a request's user says whether this browser has shown either; AdminSite asks for it
(settings.ADMIN_SECOND_FACTOR).
"""

import secrets
from base64 import b32encode
from typing import TYPE_CHECKING

import django_otp
import segno
from django.db import transaction
from django.http import HttpRequest
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.identity.attempts import of_page
from accounts.models import RecoveryCode
from accounts.models.locking import lock_player
from config.kernel.digests import digest
from config.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from accounts.models import User

CODES = 10  # recovery codes, each for one use
CODE_BYTES = 10  # 80 random bits: nobody finds a code by its hash, so that a quick hash will do
POLICY = "second_factor"
PENDING = "second_factor_pending"  # in a browser's session: the app that it is setting up


class WrongCode(InvalidInput):
    """A code that does not fit, or was used before."""

    def __init__(self) -> None:
        words = "This code does not fit. Codes change every thirty seconds and work once."
        super().__init__("wrong_code", words, field="code")


def is_set_up(user: "User") -> bool:
    """Whether a player has an authenticator app that has shown a code."""
    found: bool = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    return found


def begin(request: HttpRequest, user: "User") -> None:
    """Draw the secret of a new app, for this browser alone to confirm; an app there was counts until then.

    Raises WrongCode for a browser that has not shown a code of that one.
    """
    with transaction.atomic():
        lock_player(user)
        if not _may_set_up(user):
            raise WrongCode
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        app = TOTPDevice.objects.create(user=user, name="Authenticator app", confirmed=False)
    request.session[PENDING] = app.pk


def pending(request: HttpRequest, user: "User") -> TOTPDevice | None:
    """The app that this browser is setting up, if it still may."""
    if not _may_set_up(user):
        return None
    apps = TOTPDevice.objects.filter(user=user, confirmed=False)
    return apps.filter(pk=request.session.get(PENDING)).first()


def picture(device: TOTPDevice) -> str:
    """The secret of an app as a QR code, in a `data:` address."""
    address: str = segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=3)
    return address


def finish(request: HttpRequest, user: "User", code: str) -> list[str]:
    """Confirm the app with its first code, in place of any other; answers new recovery codes.

    Raises WrongCode, RateLimited, RateLimitUnavailable.
    """
    of_page(request, user, POLICY).count()
    with transaction.atomic():
        lock_player(user)
        device = pending(request, user)
        if device is None or not device.verify_token(code):
            raise WrongCode
        TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        codes = new_codes(user)
    del request.session[PENDING]
    _let_in(request, user, device)
    return codes


def verify(request: HttpRequest, user: "User", code: str) -> None:
    """Let this browser into the admin with a code of the app, or a recovery code.

    Raises WrongCode, RateLimited, RateLimitUnavailable.
    """
    of_page(request, user, POLICY).count()
    device = django_otp.match_token(user, code) or _use_recovery_code(user, code)
    if device is None:
        raise WrongCode
    _let_in(request, user, device)


@transaction.atomic
def new_codes(user: "User") -> list[str]:
    """New recovery codes, in place of those there were. They are shown once: only their hashes are stored."""
    lock_player(user)
    RecoveryCode.objects.filter(user=user).delete()
    return [add_code(user) for _ in range(CODES)]


def add_code(user: "User") -> str:
    """One more recovery code, as `abcd-efgh-ijkl-mnop`."""
    code = b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    RecoveryCode.objects.create(user=user, code_hash=digest(code))
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def codes_left(user: "User") -> int:
    """How many recovery codes were not used yet."""
    return RecoveryCode.objects.filter(user=user).count()


@transaction.atomic
def forget(user: "User") -> None:
    """Take app and codes from a player who has lost both. All browsers have to show a new one."""
    for kept in (TOTPDevice.objects, RecoveryCode.objects):
        kept.filter(user=user).delete()


def _may_set_up(user: "User") -> bool:
    """Whether this browser has shown a code, where one can be shown."""
    return user.is_verified() or not is_set_up(user)  # type: ignore[attr-defined]


@transaction.atomic
def _use_recovery_code(user: "User", code: str) -> TOTPDevice | None:
    """The app that a recovery code stands for; None for a code that does not fit, or was used.

    Of two who send one code at once, one deletes its row: the other waits for that, and finds none.
    """
    app = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    bare = "".join(filter(str.isalnum, code)).lower()
    codes = RecoveryCode.objects.filter(user=user, code_hash=digest(bare))
    return app if app and codes.delete()[0] else None


def _let_in(request: HttpRequest, user: "User", device: Device) -> None:
    of_page(request, user, POLICY).forget()
    request.session.cycle_key()
    django_otp.login(request, device)
