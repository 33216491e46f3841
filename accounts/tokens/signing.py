"""Tokens of the API: JSON Web Tokens (RFC 7519), signed by this server alone.

An access token is valid for a quarter of an hour, a refresh token for a week and for one use. Both name
their family (accounts/tokens/families.py), which can end at any moment. Both have a stamp of the account, so
that a new password or a ban ends them all, also one made in psql. Each names the key that signed it, so that
keys can be replaced: an old one is accepted as long as the settings list it.
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
# The clocks of two machines may differ by this. Without it a slower one would see a token of the future.
CLOCK_SKEW_SECONDS = 5


class UnreadableToken(Exception):
    """A token that has expired, is of another kind, or was not signed by this server."""


@dataclass(frozen=True)
class Token:
    """What a token says: its player, family, id and expiry, and the stamp of the account when it was made.

    `expires` is in seconds since 1970.
    """

    user_id: uuid.UUID
    family: str
    id: str
    stamp: str
    expires: float


def sign_pair(user: User, ids: TokenIds) -> tuple[str, str]:
    """Returns the access and the refresh token that `ids` name."""
    access = _sign(user, "access", ids.family, ids.access, settings.ACCESS_TOKEN_SECONDS)
    refresh = _sign(user, "refresh", ids.family, ids.refresh, settings.REFRESH_TOKEN_SECONDS)
    return access, refresh


def read(token: str, kind: str) -> Token:
    """Returns what a token of a kind ("access" or "refresh") says. Raises UnreadableToken."""
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
    """Returns a few digits that change with the password, and when the account is closed.

    They don't depend on the signing key, which is replaced for other reasons. They reveal nothing of the
    password, because they are made from a salted hash of it.
    """
    return stamp(user.times_closed, user.password)


def stamp(times_closed: int, password: str) -> str:
    """Returns the same, from the columns of an account's row."""
    facts = f"accounts.tokens.signing.stamp:{times_closed}:{password}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


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
    """Returns the keys that are accepted, by their names. The first one signs."""
    keys = [settings.JWT_SIGNING_KEY, *settings.JWT_PREVIOUS_KEYS]
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in keys}
