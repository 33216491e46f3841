"""Accounts in the REST API: register, sign in, refresh, sign out, one's own account."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.devices import user_agents
from accounts.identity import emails, passwords, sign_in
from accounts.identity.attempts import of_token
from accounts.identity.forms import LONGEST_PASSWORD, AddressForm, NewPasswordForm, SignUpForm
from accounts.models import User
from accounts.tokens.authentication import caller, caller_token
from config.api.serialization import SECRET, CheckedTextField, StrictBooleanField, read_body
from config.api.views import APIView
from config.http.client import client_of
from config.http.conditional import conditional_document
from config.kernel.validators import BOOLEANS, boolean_parameter
from config.limits import quotas, rate_limits


class PublicUser(serializers.ModelSerializer[User]):
    """What everybody may know of a player."""

    class Meta:
        model = User
        fields = ("id", "username", "level")


class OwnUser(PublicUser):
    """What a player may know of oneself."""

    class Meta(PublicUser.Meta):
        fields = (*PublicUser.Meta.fields, "email", "total_games_played", "created_at")  # type: ignore[assignment]


class QuotaUse(serializers.Serializer[Any]):
    """How much of a quota is used."""

    used = serializers.IntegerField(help_text="May be above the limit, which refuses growth alone.")
    limit = serializers.IntegerField()


class Quotas(serializers.Serializer[Any]):
    """How much a player stores, and may store."""

    def get_fields(self) -> dict[str, Any]:
        """One for each quota that players have."""
        return {
            quota.name: QuotaUse(
                help_text="In bytes." if quota.in_bytes else f"Your {quota.label}."
            )
            for quota in quotas.player_quotas()
        }


class OwnAccount(OwnUser):
    """What a player may know of oneself, and how much is stored."""

    quotas = serializers.SerializerMethodField(
        help_text="A 409 `quota_reached` refuses what would grow beyond a limit."
    )

    class Meta(OwnUser.Meta):
        fields = (*OwnUser.Meta.fields, "quotas")  # type: ignore[assignment]

    @extend_schema_field(Quotas)
    def get_quotas(self, user: User) -> dict[str, dict[str, int]]:
        """The use of each quota, by name."""
        return {
            found.quota.name: {"used": found.used, "limit": found.quota.limit}
            for found in quotas.usage(user.pk)
        }


class NewUser(serializers.Serializer[Any]):
    """An account to make. The form of the page holds the rules."""

    username = CheckedTextField(
        kind=None, max_length=1000, help_text="3 to 50 of a-z, 0-9, - and _."
    )
    email = CheckedTextField(kind=None, max_length=1000, help_text="Unique, whatever its case.")
    password = CheckedTextField(
        kind=None,
        max_length=LONGEST_PASSWORD,
        trim_whitespace=False,
        help_text="8 or more characters, hard to guess.",
    )
    accept_privacy_policy = StrictBooleanField(help_text="Must be true; see /privacy/.")


class Credentials(serializers.Serializer[Any]):
    """Name or e-mail address, and password."""

    username = CheckedTextField(kind=None, max_length=255, help_text="Username or email address.")
    password = CheckedTextField(kind=None, max_length=LONGEST_PASSWORD, trim_whitespace=False)


class RefreshToken(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = CheckedTextField(kind=None, max_length=2000)


class NewPassword(serializers.Serializer[Any]):
    """The password there is and the one to be."""

    old_password = CheckedTextField(kind=None, max_length=LONGEST_PASSWORD, trim_whitespace=False)
    new_password = CheckedTextField(kind=None, max_length=LONGEST_PASSWORD, trim_whitespace=False)


class NewAddress(serializers.Serializer[Any]):
    """Another e-mail address, and the password, since letters to it lead into the account."""

    # Both are needed, though it is a PATCH: the schema would take them for optional.
    partial = property(lambda self: False, lambda self, value: None)
    email = CheckedTextField(kind=None, max_length=1000, help_text="Unique, whatever its case.")
    password = CheckedTextField(kind=None, max_length=LONGEST_PASSWORD, trim_whitespace=False)


class SignedIn(serializers.Serializer[Any]):
    """A pair of tokens and whose they are."""

    access = serializers.CharField(help_text="Send as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Good for one use at `auth/refresh`, for a week.")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token dies.")
    user = OwnUser()


class Register(APIView):
    """Make an account."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="auth_register", request=NewUser, responses={201: SignedIn}, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Make an account and sign in with it."""
        wanted = read_body(NewUser, request)
        rate_limits.require("signup", client_of(request._request).address)
        form = SignUpForm(wanted | {"privacy": wanted["accept_privacy_policy"]})
        user = form.save_or_explain() if form.is_valid() else None
        if user is None:
            raise serializers.ValidationError(in_our_names(form.errors.as_data()))
        emails.send_address_check(request._request, user)
        return signed_in(user, sign_in.start_family(user, device(request)), status=201)


class Login(APIView):
    """Sign in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="auth_login", request=Credentials, responses=SignedIn, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Exchange name (or e-mail address) and password for a pair of tokens."""
        given = read_body(Credentials, request)
        user = sign_in.check_password(request._request, given["username"], given["password"])
        return signed_in(user, sign_in.start_family(user, device(request)))


class Refresh(APIView):
    """Go on with a refresh token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="auth_refresh", request=RefreshToken, responses=SignedIn, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair. It is dead then; used again, it ends its family."""
        token = read_body(RefreshToken, request)["refresh"]
        return signed_in(*sign_in.refresh(token, device(request)))


class Leaving(serializers.Serializer[Any]):
    """Whose tokens end, where no access token tells."""

    refresh = CheckedTextField(
        kind=None, max_length=2000, required=False, help_text="Of this device."
    )


class Logout(APIView):
    """Sign out."""

    parameters = {"POST": ["everywhere"]}
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="auth_logout",
        request=Leaving,
        responses={204: None},
        parameters=[
            OpenApiParameter(
                "everywhere", enum=list(BOOLEANS), description="1 or true ends all devices."
            )
        ],
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        """End this device's tokens, or with `everywhere=1` those of all devices.

        An access token tells which device; or, once it is dead and left out, `refresh` in the body. Only
        the former is enough for all devices: a refresh token that has ended still tells its device.
        """
        everywhere = boolean_parameter(request.query_params, "everywhere")
        refresh = read_body(Leaving, request).get("refresh")
        if refresh and not everywhere:
            token = sign_in.read_refresh(refresh)
        elif request.auth:
            token = caller_token(request)
        else:
            raise NotAuthenticated
        sign_in.end_family(token.user_id, token.family, everywhere=everywhere)
        return Response(status=204)


class Me(APIView):
    """One's own account."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="users_me_change",
        request=NewAddress,
        responses=OwnAccount,
        tags=["users"],
    )
    def patch(self, request: Request) -> Response:
        """Change the e-mail address. A letter asks the new one to be confirmed."""
        given, user = read_body(NewAddress, request), caller(request)
        tries = of_token(request._request, user, caller_token(request), "password")
        tries.count()
        emails.require_address(request._request, user)
        before = user.email
        form = AddressForm(given, instance=user, tries=tries)
        changed = form.save_or_explain() if form.is_valid() else None
        if changed is None:
            raise serializers.ValidationError(in_our_names(form.errors.as_data()))
        emails.tell_new_address(request._request, changed, before)
        return Response(OwnAccount(changed).data)

    @extend_schema(operation_id="users_me", responses={200: OwnAccount, 304: None}, tags=["users"])
    def get(self, request: Request) -> HttpResponseBase:
        """One's own profile, and how much of each quota is used."""
        return conditional_document(request, OwnAccount(caller(request)).data)


class Password(APIView):
    """One's password."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="users_password", request=NewPassword, responses=SignedIn, tags=["users"]
    )
    def post(self, request: Request) -> Response:
        """Change the password. All tokens end, on every device; the answer brings a new pair."""
        given, user = read_body(NewPassword, request), caller(request)
        tries = of_token(request._request, user, caller_token(request), "password")
        tries.count()
        new = given["new_password"]
        words = given | {"new_password1": new, "new_password2": new}
        form = NewPasswordForm(user, words, tries=tries)
        if not form.is_valid():
            raise serializers.ValidationError(in_our_names(form.errors.as_data()))
        passwords.keep(form.save(commit=False))
        return signed_in(user, sign_in.start_family(user, device(request)))


def device(request: Request) -> str:
    """What a player will know a device by: the program's own name."""
    return user_agents.title(request.headers.get("User-Agent", ""))


def signed_in(user: User, pair: tuple[str, str], *, status: int = 200) -> Response:
    """The answer to a sign-in, which nobody on the way may keep."""
    facts = {"access": pair[0], "refresh": pair[1], "expires_in": settings.ACCESS_TOKEN_SECONDS}
    return Response(SignedIn(facts | {"user": user}).data, status=status, headers=SECRET)


def in_our_names(errors: Any) -> dict[str, list[Any]]:
    """A form's errors as the API tells them."""
    names = {
        "privacy": "accept_privacy_policy",
        "new_password2": "new_password",
        "__all__": "non_field_errors",
    }
    return {
        names.get(field, field): [part for error in faults for part in details(error)]
        for field, faults in errors.items()
    }


def details(error: ValidationError) -> list[serializers.ErrorDetail]:
    """Django's faults with their codes, as DRF tells them."""
    return [
        serializers.ErrorDetail(" ".join(part.messages), part.code or "invalid")
        for part in error.error_list
    ]
