"""Tribes in the REST API. Edges alone: the rules stand in tribes/actions.py and tribes/bonuses.py."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.openapi import LOCATION, Error
from config.api.serialization import RawField, read_body
from config.api.views import APIView
from config.http.conditional import conditional_document
from config.kernel.text import SHORTEST_NAME
from config.limits import quotas
from config.limits.quotas import HEADER_PARAMETER
from tribes import actions
from tribes.actions import LONGEST_NAME
from tribes.bonuses import PRESETS, SLIDERS, share
from tribes.colours import COLOUR, USUAL
from tribes.models import Tribe

LIMITS = {slider.name: float(share(slider.most)) for slider in SLIDERS}

# ---- Documents ----------------------------------------------------------------------------------


class FullTribe(serializers.ModelSerializer[Tribe]):
    """A tribe. Bonuses are shares that multiply: 0.25 is a quarter more."""

    damage_bonus = serializers.FloatField()
    attack_speed_bonus = serializers.FloatField()
    range_bonus = serializers.FloatField()

    class Meta:
        model = Tribe
        fields = (
            "id name archetype damage_bonus attack_speed_bonus range_bonus color_theme created_at"
        ).split()


class TribeList(serializers.Serializer[Any]):
    """One's own tribes."""

    results = FullTribe(many=True)


@extend_schema_field({"type": "string", "minLength": SHORTEST_NAME, "maxLength": LONGEST_NAME})
class TribeName(RawField):
    """See config.kernel.text."""


@extend_schema_field({"type": "string", "enum": list(PRESETS)})
class Archetype(RawField):
    """See tribes.bonuses."""


@extend_schema_field({"type": "string", "pattern": f"^{COLOUR.pattern}$"})
class Colour(RawField):
    """See tribes.colours."""


def bonus(most: float) -> type[RawField]:
    """A field for a share of so much at the most, in steps of 0.05."""
    told = {"type": "number", "minimum": 0, "maximum": most, "multipleOf": 0.05}
    return extend_schema_field(told)(type("Bonus", (RawField,), {}))


class NewTribe(serializers.Serializer[Any]):
    """A tribe to make, or what to change of one. The three bonuses add up to exactly 0.50."""

    name = TribeName(help_text="Not yet taken by another of one's tribes, whatever the case.")
    archetype = Archetype(help_text="A new tribe without bonuses gets those of its archetype.")
    damage_bonus = bonus(LIMITS["damage"])(required=False)
    attack_speed_bonus = bonus(LIMITS["attack_speed"])(required=False)
    range_bonus = bonus(LIMITS["range"])(required=False)
    color_theme = Colour(
        required=False,
        help_text=f"Of a contrast of 3 to 1 or more with the site's panels; {USUAL} unless told.",
    )


# ---- Views --------------------------------------------------------------------------------------


class TribesView(APIView):
    """One's own tribes."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="tribes_list", responses=TribeList, tags=["tribes"])
    def get(self, request: Request) -> Response:
        """One's own tribes by name; ten at the most."""
        return Response({"results": FullTribe(actions.own(caller(request)), many=True).data})

    @extend_schema(
        operation_id="tribes_make",
        request=NewTribe,
        responses={201: FullTribe, 409: Error},
        parameters=[LOCATION, HEADER_PARAMETER],
        tags=["tribes"],
    )
    def post(self, request: Request) -> Response:
        """Make a tribe. Its archetype alone brings bonuses along; bonuses that are named count instead."""
        made = actions.make(player=caller(request), given=read_body(NewTribe, request))
        headers = {"Location": reverse("api:tribe", args=[made.pk])}
        headers |= quotas.quota_headers(made.user_id, "tribes")
        return Response(FullTribe(made).data, status=201, headers=headers)


class TribeView(APIView):
    """One's own tribe. Another's is a 404."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="tribes_read", responses={200: FullTribe, 304: None}, tags=["tribes"]
    )
    def get(self, request: Request, tribe_id: UUID) -> HttpResponseBase:
        """One's own tribe."""
        tribe = actions.own_tribe(caller(request), tribe_id)
        return conditional_document(request, FullTribe(tribe).data)

    @extend_schema(
        operation_id="tribes_change", request=NewTribe, responses=FullTribe, tags=["tribes"]
    )
    def patch(self, request: Request, tribe_id: UUID) -> Response:
        """Change what is given. Bonuses that are not named stay; all three together are checked."""
        given = read_body(NewTribe, request, partial=True)
        changed = actions.change(player=caller(request), tribe_id=tribe_id, given=given)
        return Response(FullTribe(changed).data)

    @extend_schema(
        operation_id="tribes_remove", request=None, responses={204: None}, tags=["tribes"]
    )
    def delete(self, request: Request, tribe_id: UUID) -> Response:
        """Delete one's own tribe. One that has a seat in any game is kept for it: 409."""
        actions.remove(player=caller(request), tribe_id=tribe_id)
        return Response(status=204)
