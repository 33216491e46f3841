"""Starts and refreshes token families, and authenticates access tokens."""

from django.contrib.auth.models import update_last_login

from accounts.models import User
from accounts.tokens import families, signing
from config.kernel.errors import DomainError


class InvalidToken(DomainError):
    """A token that is rejected. The error does not reveal the reason."""

    def __init__(self) -> None:
        super().__init__("invalid_token", "This token is not valid or has ended. Sign in again.")


def start_family(user: User, device: str) -> tuple[str, str]:
    """Starts a token family for a device. Returns an access and a refresh token. Raises TokensUnavailable."""
    pair = signing.sign_pair(user, families.start(user.pk, device))
    update_last_login(User, user)
    return pair


def refresh(refresh_token: str, device: str) -> tuple[User, tuple[str, str]]:
    """Returns the player and the next pair for a refresh token, which can't be used again.

    Raises InvalidToken for a token that was used, has expired, was revoked, or whose player may not sign in;
    TokensUnavailable.
    """
    user, token = _find_owner(refresh_token, "refresh")
    ids = families.rotate(user.pk, family=token.family, presented=token.id, device=device)
    if ids is None:
        raise InvalidToken
    return user, signing.sign_pair(user, ids)


def read_refresh_token(refresh_token: str) -> signing.Token:
    """Returns the content of a refresh token, even if it was used: it still identifies the device.

    Raises InvalidToken.
    """
    return _find_owner(refresh_token, "refresh")[1]


def authorize(access_token: str) -> tuple[User, signing.Token]:
    """Returns the player of an active access token. Raises InvalidToken, TokensUnavailable."""
    user, token = _find_owner(access_token, "access")
    if not families.is_access_token_active(user.pk, token.id):
        raise InvalidToken
    return user, token


def _find_owner(text: str, kind: str) -> tuple[User, signing.Token]:
    """Returns the player of a token. Raises InvalidToken if the account or its password has changed."""
    try:
        token = signing.read(text, kind)
    except signing.UnreadableToken as error:
        raise InvalidToken from error
    user: User | None = User.objects.active().filter(pk=token.user_id).first()
    if user is None or signing.stamp_of(user) != token.stamp:
        raise InvalidToken
    return user, token
