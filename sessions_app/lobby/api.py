"""Lobbies and games in the REST API. Edges alone: the rules stand in sessions_app/lobby/rules.py."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller, caller_token
from config.api.openapi import LOCATION_HEADER, Error
from config.api.serialization import NO_STORE, read_body
from config.api.views import APIView
from config.http.client import client_of
from config.http.conditional import conditional_json_response
from config.kernel.errors import InvalidInput
from config.kernel.validators import check_boolean, check_integer
from maps.models import GameMap
from sessions_app.games import game_maps, game_tribes, states
from sessions_app.kernel.limits import MAX_SEATS, MIN_SEATS
from sessions_app.live import tickets
from sessions_app.live.protocol import SUBPROTOCOL
from sessions_app.lobby import actions, listing, store
from sessions_app.lobby.api_schema import (
    Fence,
    FullState,
    Joining,
    JoiningByCode,
    Kicking,
    LobbyDocument,
    LobbyPage,
    MapOfGame,
    NewLobby,
    NewState,
    SeatedLobby,
    Sequence,
    Starting,
    Ticket,
    TribesOfGame,
)
from sessions_app.lobby.documents import lobby_document, strangers_document
from sessions_app.lobby.invite_codes import wrong_codes_count
from sessions_app.lobby.listing import LARGEST_PAGE, MOST_FREE, PAGE_SIZE
from sessions_app.lobby.opening import open_lobby
from sessions_app.lobby.rules import Lobby

FREE_SEATS = {"type": "integer", "minimum": 0, "maximum": MOST_FREE}
SIZE = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}
LIST_PARAMETERS = [
    OpenApiParameter("map", str, description="The id of a map."),
    OpenApiParameter("free_seats", FREE_SEATS, description="At least so many."),
    OpenApiParameter("page_size", SIZE),
    OpenApiParameter("cursor", str, description="`next` of the page before."),
]


def table(lobby: Lobby) -> dict[str, Any]:
    """A lobby for whoever sits there."""
    return lobby_document(lobby) | {"connect": where(lobby.id)}


def where(session_id: UUID) -> dict[str, str]:
    """Where to connect."""
    return {"path": f"/ws/game-sessions/{session_id}", "subprotocol": SUBPROTOCOL}


# ---- Lobbies ------------------------------------------------------------------------------------


class SessionsView(APIView):
    """Open lobbies, and new ones."""

    parameters = {"GET": [parameter.name for parameter in LIST_PARAMETERS]}
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        operation_id="game_sessions_list",
        parameters=LIST_PARAMETERS,
        responses=LobbyPage,
        tags=["game sessions"],
    )
    def get(self, request: Request) -> Response:
        """Open public lobbies, the newest first."""
        wanted = listing.read(request.query_params.dict())
        cards, following = store.look(listing.listing, wanted)
        return Response({"results": cards, "next": following})

    @extend_schema(
        operation_id="game_sessions_open",
        request=NewLobby,
        responses={201: SeatedLobby, 404: Error, 409: Error},
        parameters=[LOCATION_HEADER],
        tags=["game sessions"],
    )
    def post(self, request: Request) -> Response:
        """Open a lobby, as its host. One on a private map is for friends, whatever was asked for.

        409: `already_seated`, or `map_not_playable` with all that is wrong with the map.
        """
        given, player = read_body(NewLobby, request), caller(request)
        is_public = check_boolean(given.get("is_public", True), "is_public")
        seats = check_integer(given.get("seats", MAX_SEATS), "seats", MIN_SEATS, MAX_SEATS)
        playable = GameMap.objects.playable_by(player).only(
            "is_public", "hidden_at", "found_valid_at"
        )
        game_map = get_object_or_404(playable, pk=given["map_id"])
        wish = (player, game_map, given["tribe_id"])
        lobby = open_lobby(*wish, is_public=is_public, seats=seats).after
        address = reverse("api:game-session", args=[lobby.id])
        return Response(table(lobby), status=201, headers={"Location": address})


class SessionView(APIView):
    """One lobby or game."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        operation_id="game_sessions_read",
        responses={200: LobbyDocument, 304: None},
        tags=["game sessions"],
    )
    def get(self, request: Request, session_id: UUID) -> HttpResponseBase:
        """A public lobby that is open, on a public map, or whatever one sits in; else a 404."""
        player_id = request.user.pk
        lobby = store.look(actions.seen_by, session_id, player_id)
        is_seated = player_id is not None and lobby.seat_of(player_id) is not None
        shown = lobby_document(lobby) if is_seated else strangers_document(lobby)
        return conditional_json_response(request, shown)


class ActiveView(APIView):
    """Where one sits."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_active",
        responses={200: SeatedLobby, 304: None, 404: Error},
        tags=["game sessions"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The lobby or game that one sits in, or 404."""
        lobby = store.look(actions.active, caller(request).pk)
        return conditional_json_response(request, table(lobby))


class CodeView(APIView):
    """Joining by code."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_join_by_code",
        request=JoiningByCode,
        responses={200: SeatedLobby, 404: Error, 409: Error},
        tags=["game sessions"],
    )
    def post(self, request: Request) -> Response:
        """Take a seat by invite code, in small letters or with hyphens too. Ten wrong ones a minute."""
        given, player = read_body(JoiningByCode, request), caller(request)
        with wrong_codes_count(client_of(request), player.pk):
            change = store.run(actions.join_by_code, given["code"], player.pk, given["tribe_id"])
        return Response(table(change.after))


class JoinView(APIView):
    """Joining a public lobby."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_join",
        request=Joining,
        responses=SeatedLobby,
        tags=["game sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Take a seat. 409: `full`, `started`, `over`, `kicked` or `already_seated`."""
        tribe_id = read_body(Joining, request)["tribe_id"]
        change = store.run(actions.join, session_id, caller(request).pk, tribe_id)
        return Response(table(change.after))


class LeaveView(APIView):
    """Leaving."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_leave",
        request=None,
        responses={204: None},
        tags=["game sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Give up one's seat."""
        store.run(actions.leave, session_id, caller(request).pk)
        return Response(status=204)


class KickView(APIView):
    """Removing another player."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_kick",
        request=Kicking,
        responses=LobbyDocument,
        tags=["game sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """The host removes a player for good."""
        player_id = read_body(Kicking, request)["player_id"]
        change = store.run(actions.kick, session_id, caller(request).pk, player_id)
        return Response(lobby_document(change.after))


class StartView(APIView):
    """Starting."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_start",
        request=Starting,
        responses=LobbyDocument,
        tags=["game sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """The host begins the countdown of three seconds.

        409: `alone` unless solo, `not_ready`, `not_connected` for who is ready but has no socket,
        `map_not_playable` where its author has broken the map, or a moderator has hidden it.
        """
        solo = check_boolean(read_body(Starting, request).get("solo", False), "solo")
        change = store.run(actions.start, session_id, caller(request).pk, solo=solo)
        return Response(lobby_document(change.after))


class EndView(APIView):
    """Ending a game."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_end",
        request=None,
        responses=LobbyDocument,
        tags=["game sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """The host ends a game that has begun."""
        return Response(lobby_document(states.finish(session_id, caller(request)).after))


class TicketView(APIView):
    """Tickets for the socket."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_ticket",
        request=None,
        responses={201: Ticket},
        tags=["game sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """A ticket for one's seat: good once, for thirty seconds."""
        player = caller(request)
        store.look(actions.demand_seat, session_id, player.pk)
        ticket = tickets.make(caller_token(request), session_id)
        facts = {"ticket": ticket, "connect": where(session_id)}
        return Response(facts, status=201, headers=NO_STORE)


# ---- What a game is played on -------------------------------------------------------------------


class MapOfGameView(APIView):
    """The map of a lobby or game."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_map",
        responses={200: MapOfGame, 304: None, 409: Error},
        tags=["game sessions"],
    )
    def get(self, request: Request, session_id: UUID) -> HttpResponseBase:
        """The whole map, for whoever sits there: as it was at the start, before that as it is."""
        return game_maps.map_response(request, caller(request), session_id)


class TribesOfGameView(APIView):
    """The tribes of a lobby or game."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_tribes",
        responses={200: TribesOfGame, 304: None},
        tags=["game sessions"],
    )
    def get(self, request: Request, session_id: UUID) -> HttpResponseBase:
        """What each player's tribe multiplies, for whoever sits there: fixed from the start on.

        From then on with those who have left, whose towers may stand.
        """
        found = game_tribes.tribes_at(session_id, caller(request))
        return conditional_json_response(request, {"tribes": found})


# ---- The state of a game ------------------------------------------------------------------------


class StateView(APIView):
    """The state of a running game."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_state_read",
        responses={200: FullState, 304: None, 409: Error},
        tags=["game sessions"],
    )
    def get(self, request: Request, session_id: UUID) -> HttpResponseBase:
        """The state as last written, for whoever sits there."""
        found = states.read(session_id, caller(request))
        document = {"fence": found.fence, "sequence": found.sequence, "state": found.state}
        return conditional_json_response(request, document)

    @extend_schema(
        operation_id="game_sessions_state_write",
        request=NewState,
        responses=Sequence,
        tags=["game sessions"],
    )
    def put(self, request: Request, session_id: UUID) -> Response:
        """Put the state, with the fence that one claimed. 409 `stale_fence` once another has claimed it."""
        given = read_body(NewState, request)
        fence = check_integer(given["fence"], "fence", 1, 2**31 - 1)  # 0: nobody has claimed
        if type(given["state"]) is not dict:
            raise InvalidInput("invalid", "A state is an object.", field="state")
        sequence = states.write(session_id, caller(request), fence=fence, state=given["state"])
        return Response({"sequence": sequence})


class FenceView(APIView):
    """Who writes the state."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="game_sessions_state_claim",
        request=None,
        responses=Fence,
        tags=["game sessions"],
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        """Become the writer of the state, as the host's client or a game server; others stop being it."""
        return Response({"fence": states.claim(session_id, caller(request))})
