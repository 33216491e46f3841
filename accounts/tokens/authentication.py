"""Who is calling the API."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.identity.sign_in import InvalidToken, authorize
from accounts.models import User
from accounts.tokens.signing import Token


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. Cookies are never looked at."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """The player and the token, or None without one.

        Raises AuthenticationFailed (401), CannotCheck (503).
        """
        words = get_authorization_header(request).split()
        if not words:
            return None
        if len(words) != 2 or words[0].lower() != b"bearer":
            raise AuthenticationFailed("Send 'Authorization: Bearer TOKEN'.", "invalid_token")
        try:
            return authorize(words[1].decode("latin1"))
        except InvalidToken as error:
            raise AuthenticationFailed(error.detail, error.code) from error

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'


def caller(request: Request) -> User:
    """The player who calls a route that demands one."""
    assert isinstance(request.user, User)
    return request.user


def caller_token(request: Request) -> Token:
    """The token of a route that demands one."""
    assert isinstance(request.auth, Token)
    return request.auth


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the schema about it."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The scheme as OpenAPI has it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
