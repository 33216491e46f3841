"""Tokens of the API: JSON Web Tokens (RFC 7519), signed by this server alone.

An access token is good for a quarter of an hour, a refresh token for a week and for one use. Both name
their family (accounts/tokens/families.py), which can end at any moment, and bear a stamp, so that a new
password or a ban ends them all, however it was done. Each names the key that signed it, so that keys
can be changed: the old one is accepted for as long as settings list it.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from django.conf import settings
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User
    from accounts.tokens.families import Ids

ALGORITHM = "HS256"
ISSUER = "tribehold"
AUDIENCE = "tribehold-api"
CLAIMS = ["aud", "exp", "fam", "iat", "iss", "jti", "pwd", "sub", "typ"]
LONGEST = 2000  # characters; ours have about 450
CLOCKS = 5  # seconds that two machines may differ: a token is none of the future on the slower one


class InvalidToken(Exception):
    """A token that we did not sign, or that is not for this, or no longer."""


@dataclass(frozen=True)
class Token:
    """What a good token says: whose it is, its family, its id, the stamp of its account, and its end.

    `expires` is in seconds since 1970.
    """

    user_id: uuid.UUID
    family: str
    id: str
    stamp: str
    expires: float


def sign_pair(user: "User", ids: "Ids") -> tuple[str, str]:
    """The access and the refresh token that `ids` name."""
    access = _sign(user, "access", ids.family, ids.access, settings.ACCESS_TOKEN_SECONDS)
    refresh = _sign(user, "refresh", ids.family, ids.refresh, settings.REFRESH_TOKEN_SECONDS)
    return access, refresh


def read(token: str, kind: str) -> Token:
    """What a token of a kind ("access" or "refresh") says. Raises InvalidToken."""
    try:
        if len(token) > LONGEST:
            raise InvalidToken
        key = _keys().get(str(jwt.get_unverified_header(token).get("kid")))
        if key is None:
            raise InvalidToken
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": CLAIMS},
        )
        if claims["typ"] != kind:
            raise InvalidToken
        user_id, expires = uuid.UUID(claims["sub"]), float(claims["exp"])
        return Token(user_id, str(claims["fam"]), str(claims["jti"]), str(claims["pwd"]), expires)
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken from error


def stamp_of(user: "User") -> str:
    """A few digits that change with the password, and when the account is closed.

    No key goes into them, as keys change by themselves. They tell nothing of the password: what is kept
    of it is a hash with a salt of its own.
    """
    return stamp(user.times_closed, user.password)


def stamp(times_closed: int, password: str) -> str:
    """The same, of the columns of an account's row."""
    facts = f"accounts.tokens.signing.stamp:{times_closed}:{password}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def _sign(user: "User", kind: str, family: str, token_id: str, seconds: int) -> str:
    now = int(timezone.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "typ": kind,
        "sub": str(user.pk),
        "fam": family,
        "jti": token_id,
        "pwd": stamp_of(user),
        "iat": now - CLOCKS,
        "exp": now + seconds,
    }
    name, key = next(iter(_keys().items()))
    return jwt.encode(claims, key, ALGORITHM, headers={"kid": name})


def _keys() -> dict[str, str]:
    """The keys that we accept by their names; the first one signs."""
    keys = [settings.JWT_SIGNING_KEY, *settings.JWT_PREVIOUS_KEYS]
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: key for key in keys}
