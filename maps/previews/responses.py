"""Responses that pages and API share: pictures of maps."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.models import Viewer
from config.http.conditional import conditional_response
from config.kernel.errors import RETRY_SECONDS
from config.ops.results import await_result
from maps.drawing.pictures import FORMATS, render_placeholder
from maps.models import GameMap
from maps.previews import preview_files
from maps.terrain.validation import TerrainError

YEAR = 365 * 24 * 3600  # seconds


def picture_response(
    request: HttpRequest, user: Viewer, map_id: UUID, size: str, content: str = ""
) -> HttpResponseBase:
    """The picture of a map for those who may see the map, or a 304.

    Caches may store it for a year if `content` names what the map looks like now.

    Raises Http404, and NotDrawn for a new one; the handler may then call the view again, when it is drawn.
    """
    visible = GameMap.objects.visible_to(user).for_previews()
    game_map = get_object_or_404(visible, pk=map_id)
    named = bool(game_map.terrain_hash)
    etag = f'"{game_map.picture_content}-{size}"' if named else None
    response = conditional_response(request, etag, lambda: _picture(request, game_map, size))
    public = "public" if game_map.is_published else "private"
    # Browsers store it for a year. Shared caches revalidate soon, because the map may be hidden.
    age = f"max-age={YEAR}, s-maxage=60, immutable"
    age = age if named and content == game_map.picture_content else "no-cache"
    response["Cache-Control"] = f"{public}, {age}"
    return response


def _picture(request: HttpRequest, game_map: GameMap, size: str) -> HttpResponse:
    try:
        body = preview_files.picture(game_map, size)
    except (TerrainError, GameMap.DoesNotExist) as error:  # broken, or deleted at this moment
        raise Http404("This map can't be drawn.") from error
    except preview_files.NotDrawn as refusal:
        if refusal.result and await_result(request, refusal.result):
            return HttpResponse(status=204)  # nobody sees it
        raise
    return HttpResponse(body, content_type=f"image/{FORMATS[size]}")


def placeholder_response(size: str) -> HttpResponse:
    """A blank picture in place of one that can't be drawn now, to be asked for again."""
    response = HttpResponse(
        render_placeholder(size), content_type=f"image/{FORMATS[size]}", status=503
    )
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
