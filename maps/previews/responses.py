"""Responses that pages and API share: pictures of maps."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.models import Viewer
from config.http.conditional import conditional_response
from config.kernel.errors import RETRY_SECONDS
from config.ops.results import await_result
from maps.drawing.formats import FORMATS
from maps.models import GameMap
from maps.previews import preview_files
from maps.terrain.validation import TerrainError

YEAR = 365 * 24 * 3600  # seconds


def picture_response(
    request: HttpRequest, user: Viewer, map_id: UUID, size: str, content: str = ""
) -> HttpResponseBase:
    """Returns the picture of a map that the user may see, or a 304.

    Caches may store it for a year if `content` is the current content of the map. Raises Http404, and
    NotDrawn for a new picture; the handler may call the view again when it is drawn.
    """
    visible = GameMap.objects.visible_to(user).for_previews()
    game_map = get_object_or_404(visible, pk=map_id)
    has_hash = bool(game_map.terrain_hash)
    etag = f'"{game_map.picture_content}-{size}"' if has_hash else None
    response = conditional_response(request, etag, lambda: _picture(request, game_map, size))
    public = "public" if game_map.is_published else "private"
    # Browsers cache it for a year. Shared caches revalidate after a minute, because the map may be hidden.
    age = f"max-age={YEAR}, s-maxage=60, immutable"
    age = age if has_hash and content == game_map.picture_content else "no-cache"
    response["Cache-Control"] = f"{public}, {age}"
    return response


def _picture(request: HttpRequest, game_map: GameMap, size: str) -> HttpResponse:
    try:
        body = preview_files.picture(game_map, size)
    except (TerrainError, GameMap.DoesNotExist) as error:  # broken, or deleted at this moment
        raise Http404("This map can't be drawn.") from error
    except preview_files.NotDrawn as refusal:
        if refusal.result and await_result(request, refusal.result):
            return HttpResponse(status=204)  # replaced by the response of the next call
        raise
    return HttpResponse(body, content_type=f"image/{FORMATS[size]}")


def placeholder_response(size: str) -> HttpResponse:
    """Returns the placeholder as a 503 with `Retry-After`."""
    # Imported here, because its libraries take 4 MB and are rarely needed.
    from maps.drawing.pictures import render_placeholder

    response = HttpResponse(
        render_placeholder(size), content_type=f"image/{FORMATS[size]}", status=503
    )
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
