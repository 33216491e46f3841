"""Signing in, by page, admin and API alike: limits, the password, and tokens."""

import uuid

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.http import HttpRequest

from accounts.devices import actions as device_actions
from accounts.models import User
from accounts.moderation.actions import refuse_banned
from accounts.tokens import families, signing, token_cache
from config.http.client import client_of
from config.kernel.errors import DomainError
from config.limits import rate_limits


class InvalidToken(DomainError):
    """A token that is not good, for whatever reason; the answer does not tell which."""

    def __init__(self) -> None:
        super().__init__("invalid_token", "This token is not valid, or no longer.")


def check_password(request: HttpRequest, name: str, password: str) -> User:
    """The player with this name or address and this password.

    Every try is counted before the password is looked at, for the address and for the account at that
    address: a hundred tries at once cost five computations of a hash, and strangers elsewhere can't lock
    a player out. Raises DomainError (invalid_credentials), RateLimited, RateLimitUnavailable; for an
    account that does not exist the same ones at the same moments. Who knows the password of a closed
    account is told why: banned.

    The lock that is told is that of the name as it was typed. The account's own, which name and e-mail
    address share, answers like a wrong password, or it would tell that the two belong together.
    """
    rate_limits.require("login", client_of(request).address)
    rate_limits.require("lockout", _lock(request, rate_limits.hash_subject(name)))
    known = User.objects.known_as(name).only("pk").first()
    user = None
    try:
        rate_limits.count_one(
            "lockout",
            _lock(request, str(known.pk) if known else rate_limits.hash_subject(f"no {name}")),
        )
        user = authenticate(request, username=name, password=password)
    except rate_limits.RateLimited:
        User().set_password(password)  # as slow as a wrong password
    if not isinstance(user, User):
        raise DomainError("invalid_credentials", "Wrong name or password.")
    unlock(request, user)
    refuse_banned(user)
    return user


def unlock(request: HttpRequest, user: User) -> None:
    """Begin the counts anew of somebody who knows the password, or has just set it by a letter."""
    for name in (user.username, user.email):
        rate_limits.reset_count("lockout", _lock(request, rate_limits.hash_subject(name)))
    rate_limits.reset_count("lockout", _lock(request, str(user.pk)))


def start_family(user: User, device: str) -> tuple[str, str]:
    """An access and a refresh token for a device. Raises CannotCheck."""
    pair = signing.sign_pair(user, families.start(user.pk, device))
    update_last_login(User, user)
    return pair


def refresh(token: str, device: str) -> tuple[User, tuple[str, str]]:
    """The next pair for a refresh token, which is dead from now on.

    Raises InvalidToken for one that was used, has ended, or whose player may not sign in.
    """
    user, said = _holder(token, "refresh")
    ids = families.rotate(user.pk, family=said.family, presented=said.id, device=device)
    if ids is None:
        raise InvalidToken
    return user, signing.sign_pair(user, ids)


def read_refresh(token: str) -> signing.Token:
    """What a refresh token says, used before or not: who signs out need not go on. Raises InvalidToken."""
    return _holder(token, "refresh")[1]


def authorize(token: str) -> tuple[User, signing.Token]:
    """The player who holds an access token in force. Raises InvalidToken, CannotCheck."""
    generation = token_cache.generation()
    user, said = _holder(token, "access")
    if not families.is_in_force(user.pk, said.id):
        raise InvalidToken
    token_cache.remember(token, said, generation)
    return user, said


def end_family(user_id: uuid.UUID, family: str, *, everywhere: bool) -> None:
    """Sign out on one device, or on all, browsers too. Raises CannotCheck."""
    if everywhere:
        device_actions.end_all(user_id)
    else:
        families.end(user_id, family)


def _lock(request: HttpRequest, account: str) -> str:
    """What wrong passwords for an account are counted under: here, and not for other addresses."""
    return f"{account}:{client_of(request).address}"


def _holder(token: str, kind: str) -> tuple[User, signing.Token]:
    """The player of a token: still there, active, and with the same password. Raises InvalidToken."""
    try:
        said = signing.read(token, kind)
    except signing.InvalidToken as error:
        raise InvalidToken from error
    user: User | None = User.objects.active().filter(pk=said.user_id).first()
    if user is None or signing.stamp_of(user) != said.stamp:
        raise InvalidToken
    return user, said
