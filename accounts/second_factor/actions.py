"""The second factor of staff: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

Apps are rows of django-otp. Recovery codes have their own table, because django-otp does not hash them.
`is_verified()` of a request's user says whether a code was entered in this browser. AdminSite requires it
(settings.ADMIN_SECOND_FACTOR). The edge stores in the session which app the browser is setting up, and marks
the browser as verified.
"""

import secrets
from base64 import b32encode

import django_otp
import segno
from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.devices.attempts import Attempts, CurrentDevice
from accounts.models import RecoveryCode, User
from accounts.models.users import lock_player
from config.kernel.client import Client
from config.kernel.digests import digest
from config.kernel.errors import InvalidInput

RECOVERY_CODES = 10
# 80 random bits can't be guessed from a hash, so a fast hash is enough.
RECOVERY_CODE_BYTES = 10
POLICY = "second_factor"


class WrongCode(InvalidInput):
    """A code that is wrong, or was used before."""

    def __init__(self) -> None:
        detail = "This code is not valid. Codes change every thirty seconds and work once."
        super().__init__("wrong_code", detail, field="code")


def is_set_up(user: User) -> bool:
    """Returns whether a player has an authenticator app that was confirmed by a code."""
    found: bool = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    return found


@transaction.atomic
def begin_setup(*, user: User, is_verified: bool) -> int:
    """Creates an app with a new secret. Returns its id, for the browser that may confirm it.

    Until then the previous app remains valid. Raises WrongCode if there is one and the browser is not
    verified.
    """
    lock_player(user)
    if not _may_set_up(user, is_verified):
        raise WrongCode
    TOTPDevice.objects.filter(user=user, confirmed=False).delete()
    app = TOTPDevice.objects.create(user=user, name="Authenticator app", confirmed=False)
    app_id: int = app.pk
    return app_id


def find_pending_app(*, user: User, is_verified: bool, app_id: int | None) -> TOTPDevice | None:
    """Returns the app that a browser is setting up, if it still may."""
    if not _may_set_up(user, is_verified):
        return None
    return TOTPDevice.objects.filter(user=user, confirmed=False, pk=app_id).first()


def qr_code(app: TOTPDevice) -> str:
    """Returns the secret of an app as a QR code, in a `data:` address."""
    address: str = segno.make(app.config_url, error="m").svg_data_uri(scale=5, border=3)
    return address


def finish_setup(
    *,
    client: Client,
    user: User,
    device: CurrentDevice,
    is_verified: bool,
    app_id: int | None,
    code: str,
) -> tuple[Device, list[str]]:
    """Confirms an app by its first code, and deletes the previous one. Returns it with new recovery codes.

    Raises WrongCode, RateLimited, RateLimitUnavailable.
    """
    attempts = Attempts(client, user, device, POLICY)
    attempts.count()
    with transaction.atomic():
        lock_player(user)
        app = find_pending_app(user=user, is_verified=is_verified, app_id=app_id)
        if app is None or not app.verify_token(code):
            raise WrongCode
        TOTPDevice.objects.filter(user=user).exclude(pk=app.pk).delete()
        app.confirmed = True
        app.save(update_fields=["confirmed"])
        codes = replace_recovery_codes(user)
    attempts.reset()
    return app, codes


def check_code(*, client: Client, user: User, device: CurrentDevice, code: str) -> Device:
    """Checks a code of the app, or a recovery code. Returns the app, to mark the browser as verified.

    Raises WrongCode, RateLimited, RateLimitUnavailable.
    """
    attempts = Attempts(client, user, device, POLICY)
    attempts.count()
    app = django_otp.match_token(user, code) or _use_recovery_code(user, code)
    if app is None:
        raise WrongCode
    attempts.reset()
    return app


@transaction.atomic
def replace_recovery_codes(user: User) -> list[str]:
    """Replaces all recovery codes. Returns the new ones, of which only the hashes are stored."""
    lock_player(user)
    RecoveryCode.objects.filter(user=user).delete()
    return [add_recovery_code(user) for _ in range(RECOVERY_CODES)]


def add_recovery_code(user: User) -> str:
    """Adds a recovery code and returns it, as `abcd-efgh-ijkl-mnop`."""
    code = b32encode(secrets.token_bytes(RECOVERY_CODE_BYTES)).decode().lower()
    RecoveryCode.objects.create(user=user, code_hash=digest(code))
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def count_recovery_codes(user: User) -> int:
    """Returns how many recovery codes are unused."""
    return RecoveryCode.objects.filter(user=user).count()


@transaction.atomic
def remove(user: User) -> None:
    """Removes the app and the recovery codes of a player. No browser is verified any more."""
    TOTPDevice.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()


def _may_set_up(user: User, is_verified: bool) -> bool:
    return is_verified or not is_set_up(user)


@transaction.atomic
def _use_recovery_code(user: User, code: str) -> TOTPDevice | None:
    """Deletes a recovery code and returns the player's app; None for a code that is wrong or was used.

    If a code is sent twice at once, one request deletes its row. The other waits for that, and finds no row.
    """
    app = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    normalized = "".join(filter(str.isalnum, code)).lower()
    codes = RecoveryCode.objects.filter(user=user, code_hash=digest(normalized))
    return app if app and codes.delete()[0] else None
