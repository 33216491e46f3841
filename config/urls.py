"""URLs of the site."""

from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView

import accounts.urls  # noqa: F401 - registers the converter that is used below
from accounts.identity.api import log_in, log_out, refresh_tokens, register
from accounts.profile.api import Me, change_password
from config.api.schema_view import schema
from config.http.methods import require_safe
from maps.api import MapsView, MapView, publish_map, unpublish_map, validate_map
from maps.browse.api import map_terrain, player_profile
from maps.browse.sitemap import TopMaps
from maps.collections.api import CollectionMapView, CollectionsView, CollectionView
from maps.feedback.api import MapFavouriteView, MapRatingView
from maps.previews.api import map_preview
from maps.views import player
from sessions_app.games import api as games
from sessions_app.lobby import api as lobby
from sessions_app.tickets.api import TicketView
from tribes.api import TribesView, TribeView

api = [
    path("auth/register", register, name="register"),
    path("auth/login", log_in, name="login"),
    path("auth/refresh", refresh_tokens, name="refresh"),
    path("auth/logout", log_out, name="logout"),
    path("users/me", Me.as_view(), name="me"),
    path("users/me/password", change_password, name="password"),
    path("users/<username:username>", player_profile, name="player"),
    path("maps", MapsView.as_view(), name="maps"),
    path("maps/validate", validate_map, name="validate"),
    path("maps/<id:map_id>", MapView.as_view(), name="map"),
    path("maps/<id:map_id>/publish", publish_map, name="publish"),
    path("maps/<id:map_id>/unpublish", unpublish_map, name="unpublish"),
    path("maps/<id:map_id>/terrain", map_terrain, name="terrain"),
    path("maps/<id:map_id>/preview", map_preview, name="preview"),
    path("maps/<id:map_id>/rating", MapRatingView.as_view(), name="rating"),
    path("maps/<id:map_id>/favourite", MapFavouriteView.as_view(), name="favourite"),
    path("collections", CollectionsView.as_view(), name="collections"),
    path("collections/<id:collection_id>", CollectionView.as_view(), name="collection"),
    path(
        "collections/<id:collection_id>/maps/<id:map_id>",
        CollectionMapView.as_view(),
        name="collection-map",
    ),
    path("tribes", TribesView.as_view(), name="tribes"),
    path("tribes/<id:tribe_id>", TribeView.as_view(), name="tribe"),
]
sessions = "game-sessions/<id:session_id>"
api += [
    path("game-sessions", lobby.SessionsView.as_view(), name="game-sessions"),
    path("game-sessions/active", lobby.own_lobby, name="game-session-active"),
    path("game-sessions/join", lobby.join_by_code, name="game-session-by-code"),
    path(sessions, lobby.SessionView.as_view(), name="game-session"),
    path(f"{sessions}/join", lobby.join_lobby, name="game-session-join"),
    path(f"{sessions}/leave", lobby.leave_lobby, name="game-session-leave"),
    path(f"{sessions}/kick", lobby.kick_player, name="game-session-kick"),
    path(f"{sessions}/start", lobby.start_game, name="game-session-start"),
    path(f"{sessions}/end", games.end_game, name="game-session-end"),
    path(f"{sessions}/ticket", TicketView.as_view(), name="game-session-ticket"),
    path(f"{sessions}/map", games.played_map, name="game-session-map"),
    path(f"{sessions}/tribes", games.game_tribes, name="game-session-tribes"),
    path(f"{sessions}/state", games.StateView.as_view(), name="game-session-state"),
    path(f"{sessions}/fence", games.claim_state, name="game-session-fence"),
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
