"""Lobbies in the API."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.openapi import LOCATION_HEADER, errors
from config.api.serialization import read_body
from config.api.views import APIView, api_view
from config.http.client import client_of
from config.http.conditional import conditional_json_response
from config.kernel.validators import check_boolean, check_integer
from maps.models import GameMap
from maps.terrain.faults import ALLOWED_IN_DRAFTS
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.kernel.socket_address import socket_address
from sessions_app.lobby import actions, limited_actions, queries, serializers
from sessions_app.lobby.documents import lobby_document, public_document
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.transactions import run, run_query
from sessions_app.lobby_list import open_lobbies
from sessions_app.lobby_list.open_lobbies import MAX_FREE_SEATS, MAX_PAGE_SIZE, PAGE_SIZE

FREE_SEATS = {"type": "integer", "minimum": 0, "maximum": MAX_FREE_SEATS}
SIZE = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
NOT_JOINABLE = ("not_found", "full", "started", "over", "kicked", "already_seated")
NOT_HOST = ("not_found", "not_seated", "not_host")
INVALID_MAP = sorted(ALLOWED_IN_DRAFTS)  # faults of a stored map; it has no others
LIST_PARAMETERS = [
    OpenApiParameter("map", OpenApiTypes.UUID, description="The id of a map."),
    OpenApiParameter("free_seats", FREE_SEATS, description="The minimum number of free seats."),
    OpenApiParameter("page_size", SIZE, description="The number of lobbies on a page."),
    OpenApiParameter("cursor", str, description="The value of `next` on the previous page."),
]


def own_document(lobby: Lobby) -> dict[str, Any]:
    """Returns the document of a lobby in which the caller has a seat."""
    return lobby_document(lobby) | {"connect": socket_address(lobby.id)}


class SessionsView(APIView):
    """Open lobbies."""

    parameters = {"GET": [parameter.name for parameter in LIST_PARAMETERS]}
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        operation_id="game_sessions_list",
        parameters=LIST_PARAMETERS,
        responses=serializers.LobbyPage,
    )
    def get(self, request: Request) -> Response:
        """List open public lobbies, the newest first."""
        lobby_filter = open_lobbies.parse_filter(request.query_params.dict())
        cards, next_cursor = run_query(open_lobbies.list_open_lobbies, lobby_filter)
        return Response({"results": cards, "next": next_cursor})

    @extend_schema(
        operation_id="game_sessions_open",
        request=serializers.CreateLobby,
        responses={201: serializers.OwnLobby},
        parameters=[LOCATION_HEADER],
        extensions=errors("not_found", "already_seated", "map_not_playable", *INVALID_MAP),
    )
    def post(self, request: Request) -> Response:
        """Create a lobby, with the caller as host. A lobby on a private map is always private.

        409: `already_seated`, or `map_not_playable` with all faults of the map.
        """
        data, player = read_body(serializers.CreateLobby, request), caller(request)
        is_public = check_boolean(data.get("is_public", True), "is_public")
        seats = check_integer(data.get("seats", MAX_SEATS), "seats", MIN_SEATS, MAX_SEATS)
        playable = GameMap.objects.playable_by(player).only(
            "is_public", "hidden_at", "found_valid_at"
        )
        change = limited_actions.open_lobby(
            player_id=player.pk,
            game_map=get_object_or_404(playable, pk=data["map_id"]),
            tribe_id=data["tribe_id"],
            is_public=is_public,
            seats=seats,
        )
        address = reverse("api:game-session", args=[change.after.id])
        return Response(own_document(change.after), status=201, headers={"Location": address})


class SessionView(APIView):
    """One lobby or game."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        operation_id="game_sessions_read",
        responses={200: serializers.LobbyDocument, 304: None},
        extensions=errors("not_found"),
    )
    def get(self, request: Request, session_id: UUID) -> HttpResponseBase:
        """Read an open public lobby, or the caller's lobby or game. 404 for any other."""
        player_id = request.user.pk
        lobby = run_query(queries.find_visible_lobby, session_id, player_id)
        is_seated = player_id is not None and lobby.seat_of(player_id) is not None
        document = lobby_document(lobby) if is_seated else public_document(lobby)
        return conditional_json_response(request, document)


@api_view("get")
@extend_schema(
    operation_id="game_sessions_active",
    responses={200: serializers.OwnLobby, 304: None},
    extensions=errors("not_seated"),
)
def own_lobby(request: Request) -> HttpResponseBase:
    """Read the lobby or game in which the caller has a seat. 404 without one."""
    lobby = run_query(queries.find_lobby_of_player, caller(request).pk)
    return conditional_json_response(request, own_document(lobby))


@api_view("post")
@extend_schema(
    operation_id="game_sessions_join_by_code",
    request=serializers.JoinByCode,
    responses=serializers.OwnLobby,
    extensions=errors("unknown_code", *NOT_JOINABLE),
)
def join_by_code(request: Request) -> Response:
    """Join by invite code. Case and hyphens do not matter. At most ten wrong codes a minute."""
    data = read_body(serializers.JoinByCode, request)
    player_id = caller(request).pk
    lobby = limited_actions.count_and_find_by_code(
        client=client_of(request), player_id=player_id, code=data["code"]
    )
    change = run(actions.join, lobby.id, player_id, tribe_id=data["tribe_id"], code=lobby.code)
    return Response(own_document(change.after))


@api_view("post")
@extend_schema(
    operation_id="game_sessions_join",
    request=serializers.JoinLobby,
    responses=serializers.OwnLobby,
    extensions=errors(*NOT_JOINABLE),
)
def join_lobby(request: Request, session_id: UUID) -> Response:
    """Join a public lobby. 409: `full`, `started`, `over`, `kicked` or `already_seated`."""
    tribe_id = read_body(serializers.JoinLobby, request)["tribe_id"]
    change = run(actions.join, session_id, caller(request).pk, tribe_id=tribe_id)
    return Response(own_document(change.after))


@api_view("post")
@extend_schema(
    operation_id="game_sessions_leave",
    responses={204: None},
    extensions=errors("not_found", "not_seated", "over"),
)
def leave_lobby(request: Request, session_id: UUID) -> Response:
    """Give up the caller's seat."""
    run(actions.leave, session_id, caller(request).pk)
    return Response(status=204)


@api_view("post")
@extend_schema(
    operation_id="game_sessions_kick",
    request=serializers.KickPlayer,
    responses=serializers.LobbyDocument,
    extensions=errors(*NOT_HOST, "started", "over", "quota_reached"),
)
def kick_player(request: Request, session_id: UUID) -> Response:
    """Remove a player permanently. Only the host may do this."""
    player_id = read_body(serializers.KickPlayer, request)["player_id"]
    change = run(actions.kick, session_id, caller(request).pk, player_id=player_id)
    return Response(lobby_document(change.after))


@api_view("post")
@extend_schema(
    operation_id="game_sessions_start",
    request=serializers.StartGame,
    responses=serializers.LobbyDocument,
    extensions=errors(
        *NOT_HOST, "started", "over", "map_not_playable", "alone", "not_ready", "not_connected"
    ),
)
def start_game(request: Request, session_id: UUID) -> Response:
    """Start the countdown of three seconds. Only the host may do this.

    409: `alone` unless solo, `not_ready`, `not_connected` if a player is ready but has no socket,
    `map_not_playable` if the map has become invalid or a moderator has hidden it.
    """
    solo = check_boolean(read_body(serializers.StartGame, request).get("solo", False), "solo")
    change = run(actions.start, session_id, caller(request).pk, solo=solo)
    return Response(lobby_document(change.after))
