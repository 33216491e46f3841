"""The pictures of maps for pages."""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from config.http.methods import require_safe
from maps.drawing.formats import FORMATS
from maps.previews.preview_files import NotDrawn
from maps.previews.responses import picture_response, placeholder_response


@require_safe
def picture(
    request: HttpRequest, map_id: UUID, size: str, content: str, form: str
) -> HttpResponseBase:
    """Returns the isometric picture. Its address has its content, so that browsers cache it for a year.

    For an address of older content, or of an older drawing version, it returns the current picture, which
    browsers revalidate.
    """
    if form != FORMATS[size]:
        raise Http404
    try:
        return picture_response(request, request.user, map_id, size, content)
    except NotDrawn:
        return placeholder_response(size)
