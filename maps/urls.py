"""Addresses of the map pages."""

from django.urls import path, re_path
from django.urls.converters import UUIDConverter

from maps.browse import views
from maps.collections import views as collection_views
from maps.feedback import views as feedback_views

app_name = "maps"
urlpatterns = [
    path("", views.browse, name="browse"),
    path("<uuid:map_id>/", views.detail, name="detail"),
    path("<uuid:map_id>/rating", views.give_stars, name="give-stars"),
    path("<uuid:map_id>/favourite", feedback_views.keep, name="favourite"),
    path("<uuid:map_id>/collect", collection_views.collect, name="collect"),
    path("<uuid:map_id>/terrain.json", views.terrain, name="terrain"),
    # Parts that can't be taken for each other: a pattern that can be read in many ways takes time
    # without end on a long address.
    re_path(
        rf"^(?P<map_id>{UUIDConverter.regex})/(?P<size>card|page|link)"
        r"-(?P<content>(?:[0-9a-f]{64}|unknown)-[0-9]{1,4})\.(?P<form>webp|jpeg)\Z",
        views.picture,
        name="picture",
    ),
]
