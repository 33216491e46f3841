"""Permissions of the REST API on maps. They can be joined with & and |."""

from django.shortcuts import get_object_or_404
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from maps.models import GameMap


class ReadOnly(BasePermission):
    """Allows everybody to read. The view checks which maps its caller may see."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Returns whether the request only reads."""
        return request.method in SAFE_METHODS


class IsMapAuthor(BasePermission):
    """Allows only the author of the map `map_id`. A map that the caller can't see is a 404."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Returns whether the caller is the author. Raises Http404."""
        if not hasattr(view, str(request.method).lower()):
            return True  # the view returns a 405, which reveals nothing about the map
        visible = GameMap.objects.visible_to(request.user).only("user_id")
        game_map: GameMap = get_object_or_404(visible, pk=view.kwargs["map_id"])
        return game_map.user_id == request.user.pk
