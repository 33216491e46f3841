"""Access tokens of the API: short-lived JSON Web Tokens (RFC 7519), signed by this server alone."""

import datetime
import uuid
from typing import TYPE_CHECKING

import jwt
from django.conf import settings
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User

ALGORITHM = "HS256"
ISSUER = "tribehold"
AUDIENCE = "tribehold-api"


class InvalidToken(Exception):
    """A token that we did not sign, or that is not for this, or no longer."""


def issue_access_token(user: "User") -> str:
    """A token that lets its holder act as `user` for settings.ACCESS_TOKEN_SECONDS."""
    now = timezone.now()
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "typ": "access",
        "sub": str(user.pk),
        "iat": now,
        "exp": now + datetime.timedelta(seconds=settings.ACCESS_TOKEN_SECONDS),
        "jti": uuid.uuid4().hex,
    }
    return jwt.encode(claims, settings.JWT_SIGNING_KEY, ALGORITHM)


def read_access_token(token: str) -> uuid.UUID:
    """Whose token this is. Raises InvalidToken."""
    try:
        claims = jwt.decode(
            token,
            settings.JWT_SIGNING_KEY,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "sub", "aud", "iss", "jti"]},
        )
        if claims.get("typ") != "access":
            raise InvalidToken
        return uuid.UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError) as error:
        raise InvalidToken from error
