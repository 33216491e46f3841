"""Games that have started, in the API: map, tribes, state, end."""

import gzip
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.tokens.authentication import caller
from config.api.openapi import errors
from config.api.serialization import read_body
from config.api.views import APIView, api_view
from config.http.conditional import conditional_json_response, conditional_response
from config.kernel.errors import InvalidInput
from config.kernel.validators import check_integer
from maps.browse.terrain_cache import compact_document
from maps.browse.terrain_responses import TERRAIN_FORMAT, gzipped_json, incomplete_terrain
from maps.models import GameMap
from maps.terrain.validation import DOCUMENT_KEYS, TerrainError, read_document
from sessions_app.games import actions, queries, serializers
from sessions_app.lobby.documents import lobby_document
from sessions_app.lobby.serializers import LobbyDocument
from sessions_app.models import GameSession, PlayedMap

NOT_WRITABLE = ("not_found", "not_host", "not_started", "over")


@api_view("post")
@extend_schema(
    operation_id="game_sessions_end",
    responses=LobbyDocument,
    extensions=errors("not_found", "not_seated", "not_host", "not_started", "over"),
)
def end_game(request: Request, session_id: UUID) -> Response:
    """End a game that has started. Only the host may do this."""
    change = actions.end_game(session_id, caller(request))
    return Response(lobby_document(change.after))


@api_view("get")
@extend_schema(
    operation_id="game_sessions_map",
    responses={200: serializers.PlayedMapDocument, 304: None},
    extensions=errors("not_found", "terrain_not_whole"),
)
def played_map(request: Request, session_id: UUID) -> HttpResponseBase:
    """Read the complete map, for players with a seat.

    Before the start it is the current version, then the version with which the game started.
    """
    game = queries.find_readable_game(session_id, caller(request))
    found = queries.find_map(game)
    # A weak tag, because the compressed and the uncompressed body have the same tag.
    etag = f'W/"{TERRAIN_FORMAT}-{game.map_id}-{found.version}"'
    response = conditional_response(request, etag, lambda: _map_response(request, game, found))
    response["Vary"] = "Accept-Encoding, Authorization"
    response["Cache-Control"] = "private, no-cache"
    return response


def _map_response(
    request: HttpRequest, game: GameSession, found: GameMap | PlayedMap
) -> HttpResponse:
    found.refresh_from_db(fields=["version", "name", *DOCUMENT_KEYS])
    parts = read_document(found)
    try:
        terrain = compact_document(parts)
    except TerrainError as error:
        raise incomplete_terrain() from error
    document = {"id": game.map_id, "name": found.name, "version": found.version} | parts
    document.pop("terrain_data")
    return gzipped_json(request, gzip.compress(orjson.dumps(document | {"terrain": terrain}), 6))


@api_view("get")
@extend_schema(
    operation_id="game_sessions_tribes",
    responses={200: serializers.GameTribes, 304: None},
    extensions=errors("not_found"),
)
def game_tribes(request: Request, session_id: UUID) -> HttpResponseBase:
    """Read the bonuses of the players' tribes, for players with a seat. They are fixed at the start.

    Players who left a running game are included, because their towers may remain.
    """
    tribes = queries.list_tribes(session_id, caller(request))
    return conditional_json_response(request, {"tribes": tribes})


class StateView(APIView):
    """The state of a running game."""

    @extend_schema(
        operation_id="game_sessions_state_read",
        responses={200: serializers.GameState, 304: None},
        extensions=errors("not_found", "not_started"),
    )
    def get(self, request: Request, session_id: UUID) -> HttpResponseBase:
        """Read the last state, for players with a seat."""
        found = queries.read_state(session_id, caller(request))
        document = {"fence": found.fence, "sequence": found.sequence, "state": found.state}
        return conditional_json_response(request, document)

    @extend_schema(
        operation_id="game_sessions_state_write",
        request=serializers.WriteState,
        responses=serializers.Sequence,
        extensions=errors(*NOT_WRITABLE, "stale_fence", "state_too_large"),
    )
    def put(self, request: Request, session_id: UUID) -> Response:
        """Write the state with the claimed fence. 409 `stale_fence` if it was claimed again since."""
        data = read_body(serializers.WriteState, request)
        # Not from 0, which is the fence of a state that nobody has claimed.
        fence = check_integer(data["fence"], "fence", 1, serializers.MAX_FENCE)
        if type(data["state"]) is not dict:
            raise InvalidInput("invalid", "A state is an object.", field="state")
        sequence = actions.write_state(
            session_id, caller(request), fence=fence, state=data["state"]
        )
        return Response({"sequence": sequence})


@api_view("post")
@extend_schema(
    operation_id="game_sessions_state_claim",
    responses=serializers.Fence,
    extensions=errors(*NOT_WRITABLE),
)
def claim_state(request: Request, session_id: UUID) -> Response:
    """Become the writer of the state, as the host's client or a game server.

    The previous writer can't write any more.
    """
    return Response({"fence": actions.claim_state(session_id, caller(request))})
