"""Addresses of the map pages."""

from django.urls import path, re_path

from config.kernel.validators import ID_PATTERN
from maps import views
from maps.browse import views as browse_views
from maps.collections import views as collection_views
from maps.feedback import views as feedback_views
from maps.previews import views as preview_views

app_name = "maps"
urlpatterns = [
    path("", browse_views.browse, name="browse"),
    path("<id:map_id>/", views.detail, name="detail"),
    path("<id:map_id>/rating", feedback_views.change_rating, name="rating"),
    path("<id:map_id>/favourite", feedback_views.change_favourite, name="favourite"),
    path("<id:map_id>/collect", collection_views.collect, name="collect"),
    path("<id:map_id>/terrain.json", browse_views.terrain, name="terrain"),
    # The pattern can match an address in only one way, so that long addresses do not cause backtracking.
    re_path(
        rf"^(?P<map_id>{ID_PATTERN})/(?P<size>card|page|link)"
        r"-(?P<content>(?:[0-9a-f]{64}|unknown)-[0-9]{1,4})\.(?P<form>webp|jpeg)\Z",
        preview_views.picture,
        name="picture",
    ),
]
