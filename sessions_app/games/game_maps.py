"""The map of a lobby or game, whole: as it is now, and from the start on as it was then."""

import gzip
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.models import User
from config.http.conditional import conditional_response
from maps.browse.terrain_cache import compact_document
from maps.browse.terrain_responses import TERRAIN_FORMAT, gzipped_json, incomplete_terrain
from maps.models import GameMap
from maps.previews.preview_files import parts_of
from maps.terrain.validation import DOCUMENT_KEYS, TerrainError
from sessions_app.games.access import game_for
from sessions_app.models import GameSession, PlayedMap


def map_response(request: HttpRequest, player: User, session_id: UUID) -> HttpResponseBase:
    """The map that a game is played on, for whoever sits there and for game servers.

    Raises Http404 for others, and for a map that is hidden before the start; DomainError (409) for one
    whose terrain is not whole.
    """
    game = game_for(session_id, player)
    found = _find(game)
    # A weak tag: compressed or not, it is the same map. TERRAIN_FORMAT is the version of the terrain.
    etag = f'W/"{TERRAIN_FORMAT}-{game.map_id}-{found.version}"'
    response = conditional_response(request, etag, lambda: _write(request, game, found))
    response["Vary"] = "Accept-Encoding, Authorization"
    response["Cache-Control"] = "private, no-cache"
    return response


def _find(game: GameSession) -> GameMap | PlayedMap:
    """What is kept for a game, with its version alone; before the start the map of today, unless hidden."""
    if game.map_version is not None:
        kept = PlayedMap.objects.filter(map_id=game.map_id, version=game.map_version)
        if found := kept.only("version").first():
            return found
    today = GameMap.objects.filter(hidden_at__isnull=True).only("version")
    game_map: GameMap = get_object_or_404(today, pk=game.map_id)
    return game_map


def _write(request: HttpRequest, game: GameSession, found: GameMap | PlayedMap) -> HttpResponse:
    found.refresh_from_db(fields=["version", "name", *DOCUMENT_KEYS])
    parts = parts_of(found)
    try:
        terrain = compact_document(parts)
    except TerrainError as error:
        raise incomplete_terrain() from error
    document = {"id": game.map_id, "name": found.name, "version": found.version} | parts
    document.pop("terrain_data")
    return gzipped_json(request, gzip.compress(orjson.dumps(document | {"terrain": terrain}), 6))
