"""URLs of the site."""

from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView

import accounts.urls  # noqa: F401 - names the converter that is used below
from accounts.identity.api import Login, Logout, Refresh, Register
from accounts.profile.api import Me, Password
from config.api.schema_view import schema
from config.http.methods import require_safe
from maps.api import MapPublishing, MapsView, MapUnpublishing, MapValidation, MapView
from maps.browse.api import MapTerrain, PlayerProfile
from maps.browse.sitemap import TopMaps
from maps.collections.api import CollectionMapView, CollectionsView, CollectionView
from maps.feedback.api import MapFavouriteView, MapRatingView
from maps.previews.api import MapPreview
from maps.views import player
from sessions_app.games import api as games
from sessions_app.lobby import api as lobby
from sessions_app.tickets.api import TicketView
from tribes.api import TribesView, TribeView

api = [
    path("auth/register", Register.as_view(), name="register"),
    path("auth/login", Login.as_view(), name="login"),
    path("auth/refresh", Refresh.as_view(), name="refresh"),
    path("auth/logout", Logout.as_view(), name="logout"),
    path("users/me", Me.as_view(), name="me"),
    path("users/me/password", Password.as_view(), name="password"),
    path("users/<username:username>", PlayerProfile.as_view(), name="player"),
    path("maps", MapsView.as_view(), name="maps"),
    path("maps/validate", MapValidation.as_view(), name="validate"),
    path("maps/<uuid:map_id>", MapView.as_view(), name="map"),
    path("maps/<uuid:map_id>/publish", MapPublishing.as_view(), name="publish"),
    path("maps/<uuid:map_id>/unpublish", MapUnpublishing.as_view(), name="unpublish"),
    path("maps/<uuid:map_id>/terrain", MapTerrain.as_view(), name="terrain"),
    path("maps/<uuid:map_id>/preview", MapPreview.as_view(), name="preview"),
    path("maps/<uuid:map_id>/rating", MapRatingView.as_view(), name="rating"),
    path("maps/<uuid:map_id>/favourite", MapFavouriteView.as_view(), name="favourite"),
    path("collections", CollectionsView.as_view(), name="collections"),
    path("collections/<uuid:collection_id>", CollectionView.as_view(), name="collection"),
    path(
        "collections/<uuid:collection_id>/maps/<uuid:map_id>",
        CollectionMapView.as_view(),
        name="collection-map",
    ),
    path("tribes", TribesView.as_view(), name="tribes"),
    path("tribes/<uuid:tribe_id>", TribeView.as_view(), name="tribe"),
]
sessions = "game-sessions/<uuid:session_id>"
api += [
    path("game-sessions", lobby.SessionsView.as_view(), name="game-sessions"),
    path("game-sessions/active", lobby.ActiveView.as_view(), name="game-session-active"),
    path("game-sessions/join", lobby.CodeView.as_view(), name="game-session-by-code"),
    path(sessions, lobby.SessionView.as_view(), name="game-session"),
    *(
        path(f"{sessions}/{name}", view.as_view(), name=f"game-session-{name}")
        for name, view in {
            "join": lobby.JoinView,
            "leave": lobby.LeaveView,
            "kick": lobby.KickView,
            "start": lobby.StartView,
            "end": games.EndView,
            "ticket": TicketView,
            "map": games.PlayedMapView,
            "tribes": games.GameTribesView,
            "state": games.StateView,
            "fence": games.FenceView,
        }.items()
    ),
]
urlpatterns = [
    path("", require_safe(RedirectView.as_view(pattern_name="maps:browse")), name="home"),
    path("", include("accounts.urls")),
    path("privacy/", TemplateView.as_view(template_name="privacy.html"), name="privacy"),
    path("players/<username:username>/", player, name="player"),
    path("maps/", include("maps.urls")),
    path("sitemap.xml", require_safe(sitemap), {"sitemaps": {"maps": TopMaps}}, name="sitemap"),
    path(
        "robots.txt",
        TemplateView.as_view(template_name="robots.txt", content_type="text/plain"),
        name="robots",
    ),
    path("collections/", include("maps.collections.urls")),
    path("lobbies/", include("sessions_app.urls")),
    path("tribes/", include("tribes.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include((api, "api"))),
    path("api/schema", schema, name="schema"),
    path("api/docs", TemplateView.as_view(template_name="api_docs.html"), name="api-docs"),
]
handler400 = "config.http.errors.bad_request"
handler403 = "config.http.errors.permission_denied"
handler404 = "config.http.errors.not_found"
handler500 = "config.http.errors.server_error"
