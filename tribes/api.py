"""Tribes in the REST API."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.openapi import LOCATION_HEADER, QUOTA_PARAMETER, errors
from config.api.serialization import RawField, read_body, text_schema
from config.api.views import APIView
from config.http.conditional import conditional_json_response
from config.http.quotas import quota_headers
from tribes import actions
from tribes.bonuses import PRESETS
from tribes.colours import COLOUR_PATTERN, DEFAULT_COLOUR
from tribes.models import Tribe
from tribes.serializers import MAX_BONUSES, bonus_share

# ---- Documents ----------------------------------------------------------------------------------


class FullTribe(serializers.ModelSerializer[Tribe]):
    """A tribe. A bonus of 0.25 means a quarter more."""

    damage_bonus = bonus_share("damage")
    attack_speed_bonus = bonus_share("attack_speed")
    range_bonus = bonus_share("range")
    color_theme = serializers.RegexField(
        f"^{COLOUR_PATTERN.pattern}$", help_text="The colour, as #RRGGBB."
    )

    class Meta:
        model = Tribe
        fields = (
            "id name archetype damage_bonus attack_speed_bonus range_bonus color_theme created_at"
        ).split()
        extra_kwargs = {
            "id": {"help_text": "Never changes."},
            "name": {"help_text": "Unique among the player's tribes, regardless of case."},
            "archetype": {"help_text": "The style of play."},
            "created_at": {"help_text": "When it was created."},
        }


class TribeList(serializers.Serializer[Any]):
    """The caller's tribes."""

    results = FullTribe(many=True, help_text="By name.")


def bonus_field(slider: str) -> RawField:
    """Returns a field for the bonus of a slider, in steps of 0.05."""
    maximum = MAX_BONUSES[slider]
    schema = {"type": "number", "minimum": 0, "maximum": maximum, "multipleOf": 0.05}
    words = slider.replace("_", " ")
    help_text = f"Added share of {words}, in steps of 0.05. By default that of the archetype."
    return RawField(schema, required=False, help_text=help_text)


class NewTribe(serializers.Serializer[Any]):
    """A new tribe, or what to change of one. The sum of the three bonuses is exactly 0.50."""

    name = RawField(
        text_schema("tribe_name"), help_text="Unique among the caller's tribes, ignoring case."
    )
    archetype = RawField(
        {"type": "string", "enum": list(PRESETS)},
        help_text="The default bonuses of a new tribe are those of its archetype.",
    )
    damage_bonus = bonus_field("damage")
    attack_speed_bonus = bonus_field("attack_speed")
    range_bonus = bonus_field("range")
    color_theme = RawField(
        {"type": "string", "pattern": f"^{COLOUR_PATTERN.pattern}$"},
        required=False,
        help_text="Its contrast with the background of the site is at least 3 to 1. By default"
        f" {DEFAULT_COLOUR}.",
    )


# ---- Views --------------------------------------------------------------------------------------


class TribesView(APIView):
    """The caller's tribes."""

    @extend_schema(operation_id="tribes_list", responses=TribeList)
    def get(self, request: Request) -> Response:
        """List the caller's tribes by name. There are at most ten."""
        return Response({"results": FullTribe(actions.own_tribes(caller(request)), many=True).data})

    @extend_schema(
        operation_id="tribes_make",
        request=NewTribe,
        responses={201: FullTribe},
        parameters=[LOCATION_HEADER, QUOTA_PARAMETER],
        extensions=errors("name_taken", "quota_reached"),
    )
    def post(self, request: Request) -> Response:
        """Create a tribe. The default bonuses are those of its archetype."""
        tribe = actions.create_tribe(player=caller(request), given=read_body(NewTribe, request))
        headers = {"Location": reverse("api:tribe", args=[tribe.pk])}
        headers |= quota_headers(tribe.user_id, "tribes")
        return Response(FullTribe(tribe).data, status=201, headers=headers)


class TribeView(APIView):
    """One of the caller's tribes. Others are a 404."""

    @extend_schema(
        operation_id="tribes_read",
        responses={200: FullTribe, 304: None},
        extensions=errors("not_found"),
    )
    def get(self, request: Request, tribe_id: UUID) -> HttpResponseBase:
        """Read one of the caller's tribes."""
        tribe = actions.find_own_tribe(caller(request), tribe_id)
        return conditional_json_response(request, FullTribe(tribe).data)

    @extend_schema(
        operation_id="tribes_change",
        request=NewTribe,
        responses=FullTribe,
        extensions=errors("not_found", "name_taken"),
    )
    def patch(self, request: Request, tribe_id: UUID) -> Response:
        """Change the given fields. The three bonuses are validated together."""
        given = read_body(NewTribe, request, partial=True)
        changed = actions.change_tribe(player=caller(request), tribe_id=tribe_id, given=given)
        return Response(FullTribe(changed).data)

    @extend_schema(
        operation_id="tribes_remove",
        responses={204: None},
        extensions=errors("not_found", "tribe_has_played"),
    )
    def delete(self, request: Request, tribe_id: UUID) -> Response:
        """Delete one of the caller's tribes. 409 for a tribe that is or was used in a game."""
        actions.delete_tribe(player=caller(request), tribe_id=tribe_id)
        return Response(status=204)
