"""Signing in and out, by page, admin and API alike."""

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
    client: a hundred attempts at once cost five password hashes, and other clients can't lock a
    player out. Raises DomainError (invalid_credentials), RateLimited, RateLimitUnavailable; for an account
    that does not exist the same ones at the same moments. A client with the password of a closed account
    gets the reason: banned.

    Two lockouts are counted. That of the name as it was typed is reported. That of the account, which
    username and email address share, looks like a wrong password. Otherwise it would show that the two
    belong together.
    """
    hashed_name = rate_limits.hash_subject(name)
    rate_limits.require("login", client.address)
    rate_limits.require("lockout", f"{hashed_name}:{client.address}")
    known = User.objects.known_as(name).only("pk").first()
    account = str(known.pk) if known else rate_limits.hash_subject(f"no {name}")
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
    """Resets the lockouts of a player who knows the password, or has set a new one by a link."""
    hash_subject = rate_limits.hash_subject
    for account in (hash_subject(user.username), hash_subject(user.email), str(user.pk)):
        rate_limits.reset_count("lockout", f"{account}:{client.address}")


def sign_out(*, user_id: uuid.UUID, family: str, everywhere: bool) -> None:
    """Signs out on the device of a token family, or on all devices, browsers too.

    Raises TokensUnavailable.
    """
    if everywhere:
        device_actions.end_all_devices(user_id)
    else:
        families.end(user_id, family)
