"""Addresses of the collection pages."""

from django.urls import path

from maps.collections import views

app_name = "collections"
urlpatterns = [
    path("", views.index, name="index"),
    path("<id:collection_id>/", views.detail, name="detail"),
    path("<id:collection_id>/share", views.share, name="share"),
    path("<id:collection_id>/entries", views.entries, name="entries"),
    path("<id:collection_id>/delete", views.delete, name="delete"),
]
