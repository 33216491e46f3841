"""Responses that pages, API and games share: the compact terrain of a map."""

import gzip
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import Viewer
from config.db.lookups import get_or_not_found
from config.http.conditional import conditional_response
from config.http.encodings import accepts_gzip
from config.kernel.errors import DomainError, NotFound
from maps.browse import terrain_cache
from maps.models import GameMap
from maps.terrain.validation import TerrainError

TERRAIN_FORMAT = 1  # version of the compact document; part of entity tags


def terrain_response(request: HttpRequest, user: Viewer, map_id: UUID) -> HttpResponseBase:
    """Returns a map's compact terrain, compressed if the client accepts that.

    Raises NotFound for a map that the user can't see, DomainError for a map with incomplete terrain.
    """
    visible = GameMap.objects.visible_to(user).only("terrain_hash", "is_public", "hidden_at")
    game_map = get_or_not_found(visible, pk=map_id)
    # A weak tag, because the compressed and the uncompressed body have the same tag.
    etag = f'W/"{TERRAIN_FORMAT}-{game_map.terrain_hash}"' if game_map.terrain_hash else None
    response = conditional_response(
        request, etag, lambda: _cached_terrain(request, map_id, game_map.terrain_hash)
    )
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = "no-cache" if game_map.is_published else "private, no-cache"
    return response


def _cached_terrain(request: HttpRequest, map_id: UUID, terrain_hash: str) -> HttpResponse:
    try:
        body = terrain_cache.read_terrain(map_id, terrain_hash)
    except TerrainError as error:
        raise incomplete_terrain() from error
    except GameMap.DoesNotExist as error:  # deleted since the map was looked up
        raise NotFound from error
    return gzipped_json(request, body)


def gzipped_json(request: HttpRequest, body: bytes) -> HttpResponse:
    """Returns gzipped JSON, decompressed for a client that does not accept gzip."""
    is_gzip_accepted = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    response = HttpResponse(
        body if is_gzip_accepted else gzip.decompress(body), content_type="application/json"
    )
    if is_gzip_accepted:
        response["Content-Encoding"] = "gzip"
    return response


def incomplete_terrain() -> DomainError:
    """Returns the error for a map that can't be drawn or played."""
    return DomainError("terrain_not_whole", "This map has no complete terrain yet.")
