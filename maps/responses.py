"""Answers that pages and API share: a map's terrain, and what lets clients ask whether it changed."""

import gzip
import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response

from config.refusals import Refused
from maps import terrains
from maps.models import GameMap
from maps.terrain import TerrainError

if TYPE_CHECKING:
    from accounts.models import User


def terrain_response(
    request: HttpRequest, user: "User | AnonymousUser", map_id: UUID
) -> HttpResponseBase:
    """A map's compact terrain, to whoever may see the map; compressed where the client takes it.

    Raises Http404, and Refused for a map whose terrain is not whole.
    """
    visible = GameMap.objects.visible_to(user).only("terrain_hash")
    game_map = get_object_or_404(visible, pk=map_id)
    try:
        body = terrains.terrain_of(map_id, game_map.terrain_hash)
    except TerrainError as error:
        raise Refused("terrain_not_whole", "This map has no whole terrain yet.") from error
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(
        body if zipped else gzip.decompress(body), content_type="application/json"
    )
    if zipped:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = "no-cache"
    # A weak tag: compressed or not, it is the same terrain.
    return conditional(request, response, f'W/"{hashlib.sha256(body).hexdigest()[:32]}"')


def etag_of(game_map: GameMap) -> str:
    """The entity tag of a whole map: `"version.rest"`.

    `If-Match` compares the version alone, so that stars and plays don't stand in an author's way.
    """
    author = game_map.user
    facts = (
        *(game_map.rating_sum, game_map.rating_count, game_map.play_count),
        *(game_map.is_public, game_map.hidden_at, game_map.terrain_hash),
        *(author.username, author.level),
    )
    rest = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    return f'"{game_map.version}.{rest}"'


def conditional(request: HttpRequest, response: HttpResponse, etag: str) -> HttpResponseBase:
    """The response with its tag, or a 304 for whoever has it already."""
    response["ETag"] = etag
    answer = get_conditional_response(request, etag=etag, response=response)
    assert answer is not None
    return answer
