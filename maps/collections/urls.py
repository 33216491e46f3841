"""Addresses of the collection pages."""

from django.urls import path

from maps.collections import views

app_name = "collections"
urlpatterns = [
    path("", views.index, name="index"),
    path("<uuid:collection_id>/", views.detail, name="detail"),
    path("<uuid:collection_id>/share", views.share, name="share"),
    path("<uuid:collection_id>/entries", views.entries, name="entries"),
    path("<uuid:collection_id>/delete", views.delete, name="delete"),
]
