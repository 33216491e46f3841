"""Addresses of the pages of lobbies."""

from django.urls import path

from sessions_app.pages import form_views, views

app_name = "lobbies"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("join/", views.join_by_code, name="join-by-code"),
    path("join/<str:code>/", views.invited, name="invited"),
    path("<id:lobby_id>/", views.detail, name="detail"),
    path("<id:lobby_id>/join", views.join, name="join"),
    path("<id:lobby_id>/act", form_views.run_action, name="act"),
]
