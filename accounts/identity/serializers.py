"""Documents of accounts in the REST API that several apps use."""

from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.response import Response

from accounts.identity.passwords import MAX_PASSWORD_LENGTH
from accounts.models import User
from config.api.serialization import COUNT, MAX_INTEGER, NO_STORE, CheckedTextField


class PasswordField(CheckedTextField):
    """A password. Spaces around it are part of it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False, **options)


class PublicUser(serializers.ModelSerializer[User]):
    """The public fields of a player."""

    class Meta:
        model = User
        fields = ("id", "username", "level")
        extra_kwargs = {
            "id": {"help_text": "Never changes."},
            "username": {"help_text": "The public name, unique regardless of case."},
            "level": {
                "min_value": 1,
                "max_value": MAX_INTEGER,
                "help_text": "Rises with games played.",
            },
            "email": {"help_text": "Only the player and administrators see it."},
            "total_games_played": COUNT | {"help_text": "Games that began with this player."},
            "created_at": {"help_text": "When the account was created."},
        }


class OwnUser(PublicUser):
    """The fields that only the player may read."""

    class Meta(PublicUser.Meta):
        fields = (*PublicUser.Meta.fields, "email", "total_games_played", "created_at")  # type: ignore[assignment]


class SignedIn(serializers.Serializer[Any]):
    """A pair of tokens, and their player."""

    access = serializers.CharField(help_text="Send as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="For one use at `auth/refresh`, within a week.")
    expires_in = serializers.IntegerField(
        min_value=1,
        max_value=settings.ACCESS_TOKEN_SECONDS,
        help_text="Seconds until the access token expires.",
    )
    user = OwnUser(help_text="The player who signed in.")


def signed_in_response(user: User, pair: tuple[str, str], *, status: int = 200) -> Response:
    """Returns the response to a sign-in, which must not be cached."""
    access, refresh = pair
    document = {
        "access": access,
        "refresh": refresh,
        "expires_in": settings.ACCESS_TOKEN_SECONDS,
        "user": user,
    }
    return Response(SignedIn(document).data, status=status, headers=NO_STORE)
