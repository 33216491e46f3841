"""The caller of the API."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import User
from accounts.tokens.actions import InvalidToken, authorize
from accounts.tokens.signing import Token


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. Cookies are ignored."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """Returns the player and the token, or None without a token.

        Raises AuthenticationFailed (401), TokensUnavailable (503).
        """
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        if len(parts) != 2 or parts[0].lower() != b"bearer":
            raise AuthenticationFailed("Send 'Authorization: Bearer TOKEN'.", "invalid_token")
        try:
            return authorize(parts[1].decode("latin1"))
        except InvalidToken as error:
            raise AuthenticationFailed(error.detail, error.code) from error

    def authenticate_header(self, request: Request) -> str:
        """Returns the `WWW-Authenticate` of a 401."""
        return 'Bearer realm="api"'


def caller(request: Request) -> User:
    """Returns the player who sent the request. Only for routes that require a sign-in."""
    assert isinstance(request.user, User)
    return request.user


def caller_token(request: Request) -> Token:
    """Returns the token of the request. Only for routes that require a sign-in."""
    assert isinstance(request.auth, Token)
    return request.auth


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes BearerAuthentication in the OpenAPI schema."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Returns the security scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
