"""Signing in and out, for pages, admin and API."""

import uuid

from django.contrib.auth import authenticate

from accounts.devices import actions as device_actions
from accounts.models import User
from accounts.moderation.actions import require_not_banned
from accounts.tokens import families
from config.kernel.client import Client
from config.kernel.errors import DomainError
from config.limits import rate_limits


def check_credentials(*, client: Client, name: str, password: str) -> User:
    """Returns the player with this username or email address and this password.

    Each attempt is counted before the password is checked, for the client and for the account at that
    client: a hundred simultaneous attempts cost only five password hashes, and clients can't lock each other
    out. Raises DomainError (invalid_credentials), RateLimited, RateLimitUnavailable. An account that does not
    exist raises the same errors after the same number of attempts. A client with the password of a closed
    account gets the error `banned`.

    There are two lockouts. That of the name as it was typed is reported. That of the account, which username
    and email address share, looks like a wrong password. Otherwise it would reveal that the two belong to
    the same account.
    """
    hashed_name = rate_limits.hash_subject(name)
    rate_limits.require("login", client.address)
    rate_limits.require("lockout", f"{hashed_name}:{client.address}")
    found = User.objects.by_username_or_email(name).only("pk").first()
    account = str(found.pk) if found else rate_limits.hash_subject(f"no {name}")
    user = None
    try:
        rate_limits.count_one("lockout", f"{account}:{client.address}")
        user = authenticate(username=name, password=password)
    except rate_limits.RateLimited:
        User().set_password(password)  # takes as long as a wrong password
    if not isinstance(user, User):
        raise DomainError("invalid_credentials", "Wrong name or password.")
    unlock(client=client, user=user)
    require_not_banned(user)
    return user


def unlock(*, client: Client, user: User) -> None:
    """Resets the lockouts of a player who entered the password, or has set a new one by a link."""
    hash_subject = rate_limits.hash_subject
    for account in (hash_subject(user.username), hash_subject(user.email), str(user.pk)):
        rate_limits.reset_count("lockout", f"{account}:{client.address}")


def sign_out(*, user_id: uuid.UUID, family: str, everywhere: bool) -> None:
    """Signs out the device of a token family, or all devices, including browsers.

    Raises TokensUnavailable.
    """
    if everywhere:
        device_actions.sign_out_all_devices(user_id)
    else:
        families.revoke(user_id, family)
