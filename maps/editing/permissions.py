"""Who may do what to a map by the API, to be joined with & and |."""

from django.shortcuts import get_object_or_404
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from maps.models import GameMap


class ReadOnly(BasePermission):
    """Lets everybody read; the view itself looks for what its caller may see."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether this is no write."""
        return request.method in SAFE_METHODS


class IsMapAuthor(BasePermission):
    """Lets the author of the map `map_id` pass. One that the caller can't see is a 404."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller made the map. Raises Http404."""
        if not hasattr(view, str(request.method).lower()):
            return True  # on to a 405, which tells nothing of the map
        visible = GameMap.objects.visible_to(request.user).only("user_id")
        game_map: GameMap = get_object_or_404(visible, pk=view.kwargs["map_id"])
        return game_map.user_id == request.user.pk
