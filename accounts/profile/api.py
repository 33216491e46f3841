"""The REST API's `users/me`: a player's own account."""

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.devices.attempts import CurrentDevice
from accounts.devices.user_agents import device_name
from accounts.identity import email_addresses, passwords
from accounts.identity.serializers import SignedIn, signed_in_response
from accounts.profile.serializers import NewAddress, NewPassword, OwnUserWithQuotas
from accounts.tokens.actions import start_family
from accounts.tokens.authentication import caller, caller_token
from config.api.serialization import field_errors, read_body
from config.api.views import APIView, api_view
from config.http.client import client_of
from config.http.conditional import conditional_json_response


class Me(APIView):
    """The caller's account."""

    @extend_schema(operation_id="users_me_change", request=NewAddress, responses=OwnUserWithQuotas)
    def patch(self, request: Request) -> Response:
        """Change the email address. An email with a link to confirm it is sent to the new address."""
        data = read_body(NewAddress, request)
        with field_errors():
            user = email_addresses.change_email(
                client=client_of(request),
                user=caller(request),
                device=CurrentDevice(family=caller_token(request).family),
                **data,
            )
        return Response(OwnUserWithQuotas(user).data)

    @extend_schema(operation_id="users_me", responses={200: OwnUserWithQuotas, 304: None})
    def get(self, request: Request) -> HttpResponseBase:
        """Read the caller's profile, and how much of each quota is used."""
        return conditional_json_response(request, OwnUserWithQuotas(caller(request)).data)


@api_view("post")
@extend_schema(operation_id="users_password", request=NewPassword, responses=SignedIn)
def change_password(request: Request) -> Response:
    """Change the password. The tokens of all devices are revoked; the response has a new pair."""
    data, user, client = (read_body(NewPassword, request), caller(request), client_of(request))
    with field_errors():
        passwords.change_password(
            client=client,
            user=user,
            device=CurrentDevice(family=caller_token(request).family),
            **data,
        )
    return signed_in_response(user, start_family(user, device_name(client.user_agent)))
