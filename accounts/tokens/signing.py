"""Tokens of the API: JSON Web Tokens (RFC 7519), signed by this server alone.

An access token is valid for a quarter of an hour, a refresh token for a week and for one use. Both have
their family (accounts/tokens/families.py), which can be revoked at any moment. Both have a stamp of the
account, so that a new password or a ban invalidates them, even if it was set in psql. Each has the id of
the key that signed it, so that keys can be rotated: an old key is accepted as long as the settings list it.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from accounts.tokens.families import TokenIds

ALGORITHM = "HS256"
ISSUER = "tribehold"
AUDIENCE = "tribehold-api"
CLAIMS = ["aud", "exp", "fam", "iat", "iss", "jti", "pwd", "sub", "typ"]
MAX_TOKEN_LENGTH = 2000  # characters; ours have about 450
# The clocks of two machines may differ. Without this the slower one would reject a token as not yet valid.
CLOCK_SKEW_SECONDS = 5


class UnreadableToken(Exception):
    """A token that has expired, is of another kind, or was not signed by this server."""


@dataclass(frozen=True)
class Token:
    """The content of a token: player, family, id, expiry, and the stamp of the account when it was issued.

    `expires` is in seconds since 1970.
    """

    user_id: uuid.UUID
    family: str
    id: str
    stamp: str
    expires: float


def sign_pair(user: User, ids: TokenIds) -> tuple[str, str]:
    """Returns an access and a refresh token with these ids."""
    access = _sign(user, "access", ids.family, ids.access, settings.ACCESS_TOKEN_SECONDS)
    refresh = _sign(user, "refresh", ids.family, ids.refresh, settings.REFRESH_TOKEN_SECONDS)
    return access, refresh


def read(token: str, kind: str) -> Token:
    """Returns the content of a token of a kind ("access" or "refresh"). Raises UnreadableToken."""
    try:
        if len(token) > MAX_TOKEN_LENGTH:
            raise UnreadableToken
        key = _keys().get(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            raise UnreadableToken
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": CLAIMS},
        )
        if claims["typ"] != kind:
            raise UnreadableToken
        user_id, expires = uuid.UUID(claims["sub"]), float(claims["exp"])
        return Token(user_id, str(claims["fam"]), str(claims["jti"]), str(claims["pwd"]), expires)
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableToken from error


def stamp_of(user: User) -> str:
    """Returns a hash that changes with the password, and when the account is closed.

    It does not depend on the signing key, which may be rotated. It reveals nothing about the password,
    because it is computed from a salted hash of it.
    """
    return stamp(user.times_closed, user.password)


def stamp(times_closed: int, password: str) -> str:
    """Returns the stamp for the columns of an account's row."""
    content = f"accounts.tokens.signing.stamp:{times_closed}:{password}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _sign(user: User, kind: str, family: str, token_id: str, seconds: int) -> str:
    now = int(timezone.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "typ": kind,
        "sub": str(user.pk),
        "fam": family,
        "jti": token_id,
        "pwd": stamp_of(user),
        "iat": now - CLOCK_SKEW_SECONDS,
        "exp": now + seconds,
    }
    name, key = next(iter(_keys().items()))
    return jwt.encode(claims, key, ALGORITHM, headers={"kid": name})


def _keys() -> dict[str, str]:
    """Returns the accepted keys by their ids. The first one signs."""
    keys = [settings.JWT_SIGNING_KEY, *settings.JWT_PREVIOUS_KEYS]
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in keys}
