"""Addresses of the map pages."""

from django.urls import path

from maps import views

app_name = "maps"
urlpatterns = [
    path("", views.browse, name="browse"),
    path("<uuid:map_id>/", views.detail, name="detail"),
    path("<uuid:map_id>/rating", views.give_stars, name="give-stars"),
    path("<uuid:map_id>/<slug:size>-<slug:content>.webp", views.picture, name="picture"),
]
