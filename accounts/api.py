"""Signing in by the REST API."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.tokens import issue_access_token
from config.errors import Refused


class PublicUser(serializers.ModelSerializer[User]):
    """What everybody may know of a player."""

    class Meta:
        model = User
        fields = ("id", "username", "level")


class Credentials(serializers.Serializer[Any]):
    """Name or e-mail address, and password."""

    username = serializers.CharField(max_length=255, help_text="User name or e-mail address.")
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class SignedIn(serializers.Serializer[Any]):
    """A token and whose it is."""

    access = serializers.CharField(help_text="Send as `Authorization: Bearer …`.")
    expires_in = serializers.IntegerField(help_text="Seconds until the token dies.")
    user = PublicUser()


class Login(APIView):
    """Sign in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="auth_login", request=Credentials, responses=SignedIn, auth=[], tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Exchange name (or e-mail address) and password for an access token."""
        credentials = Credentials(data=request.data)
        credentials.is_valid(raise_exception=True)
        user = authenticate(request._request, **credentials.validated_data)
        if not isinstance(user, User):
            raise Refused("invalid_credentials", "Name or password is wrong.", status=401)
        update_last_login(User, user)
        signed_in = {
            "access": issue_access_token(user),
            "expires_in": settings.ACCESS_TOKEN_SECONDS,
            "user": user,
        }
        return Response(SignedIn(signed_in).data)
