"""Addresses of the tribe pages."""

from django.urls import path

from tribes import views

app_name = "tribes"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("<id:tribe_id>/", views.edit, name="edit"),
    path("<id:tribe_id>/delete", views.delete, name="delete"),
]
