"""The REST API's `auth/`: register, sign in, refresh, sign out."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.devices.user_agents import device_name
from accounts.identity import registration, sign_in
from accounts.identity.serializers import PasswordField, SignedIn, signed_in_response
from accounts.models.usernames import MAX_USERNAME_LENGTH
from accounts.models.users import MAX_EMAIL_LENGTH
from accounts.tokens import actions as token_actions
from accounts.tokens.authentication import caller_token
from accounts.tokens.signing import MAX_TOKEN_LENGTH
from config.api.openapi import errors
from config.api.serialization import CheckedTextField, StrictBooleanField, field_errors, read_body
from config.api.views import api_view
from config.http.client import client_of
from config.kernel.validators import BOOLEANS, read_boolean


class NewUser(serializers.Serializer[Any]):
    """An account to create."""

    username = CheckedTextField(
        max_length=MAX_USERNAME_LENGTH, help_text="3 to 50 of a-z, 0-9, - and _."
    )
    email = CheckedTextField(max_length=MAX_EMAIL_LENGTH, help_text="Unique, ignoring case.")
    password = PasswordField(help_text="8 or more characters, hard to guess.")
    accept_privacy_policy = StrictBooleanField(help_text="Must be true; see /privacy/.")


class Credentials(serializers.Serializer[Any]):
    """Username or email address, and password."""

    username = CheckedTextField(
        max_length=MAX_EMAIL_LENGTH, help_text="The username or the email address."
    )
    password = PasswordField(help_text="The password of the account.")


class RefreshToken(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = CheckedTextField(
        max_length=MAX_TOKEN_LENGTH, help_text="The newest refresh token of this device."
    )


class SignOut(serializers.Serializer[Any]):
    """The device to sign out, for requests without an access token."""

    refresh = CheckedTextField(
        max_length=MAX_TOKEN_LENGTH, required=False, help_text="The refresh token of this device."
    )


@api_view("post", authentication_classes=(), permission_classes=(AllowAny,))
@extend_schema(operation_id="auth_register", request=NewUser, responses={201: SignedIn})
def register(request: Request) -> Response:
    """Create an account and sign in."""
    client = client_of(request)
    with field_errors():
        user = registration.register(client=client, **read_body(NewUser, request))
    pair = token_actions.start_family(user, device_name(client.user_agent))
    return signed_in_response(user, pair, status=201)


@api_view("post", authentication_classes=(), permission_classes=(AllowAny,))
@extend_schema(
    operation_id="auth_login",
    request=Credentials,
    responses=SignedIn,
    extensions=errors("invalid_credentials", "banned"),
)
def log_in(request: Request) -> Response:
    """Exchange username or email address and password for a pair of tokens."""
    data, client = read_body(Credentials, request), client_of(request)
    user = sign_in.check_credentials(
        client=client, name=data["username"], password=data["password"]
    )
    pair = token_actions.start_family(user, device_name(client.user_agent))
    return signed_in_response(user, pair)


@api_view("post", authentication_classes=(), permission_classes=(AllowAny,))
@extend_schema(
    operation_id="auth_refresh",
    request=RefreshToken,
    responses=SignedIn,
    extensions=errors("invalid_token"),
)
def refresh_tokens(request: Request) -> Response:
    """Exchange a refresh token for a new pair. It works once; a second use revokes its family."""
    token = read_body(RefreshToken, request)["refresh"]
    device = device_name(client_of(request).user_agent)
    return signed_in_response(*token_actions.refresh(token, device))


@api_view("post", parameters=["everywhere"], permission_classes=(AllowAny,))
@extend_schema(
    operation_id="auth_logout",
    request=SignOut,
    responses={204: None},
    parameters=[
        OpenApiParameter(
            "everywhere", enum=list(BOOLEANS), description="1 or true signs out all devices."
        )
    ],
)
def log_out(request: Request) -> Response:
    """Revoke this device's tokens, or with `everywhere=1` those of all devices.

    The access token identifies the device. If it has expired, omit it and send `refresh` in the body. An
    access token is required to sign out all devices: a refresh token is accepted here even after its use.
    """
    everywhere = read_boolean(request.query_params, "everywhere")
    refresh = read_body(SignOut, request).get("refresh")
    if refresh and not everywhere:
        token = token_actions.read_refresh_token(refresh)
    elif request.auth:
        token = caller_token(request)
    else:
        raise NotAuthenticated
    sign_in.sign_out(user_id=token.user_id, family=token.family, everywhere=everywhere)
    return Response(status=204)
