"""The context of the templates of lobbies."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from config.kernel.errors import DomainError
from maps.browse.cards import find_visible_map
from sessions_app.kernel.statuses import RUNNING_STATUSES, Status
from sessions_app.lobby import queries
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.transactions import run_query
from sessions_app.lobby_list.open_lobbies import seat_pips

# Scripts fill in this card for a lobby from the list socket.
BLANK_CARD = {"id": "", "url": "", "picture": "", "pips": [], "map": {"name": ""}, "host": ""}


def lobby_context(request: HttpRequest, lobby: Lobby, player_id: UUID | None) -> dict[str, Any]:
    """Returns the context for a lobby, for a player with a seat or for others."""
    own_seat = lobby.seat_of(player_id) if player_id else None
    # Nobody can join a game that has started, so it has no free seats.
    seats = lobby.seat_limit if lobby.status == Status.LOBBY else len(lobby.seats)
    free_seats = max(0, seats - len(lobby.seats))
    return {
        "lobby": lobby,
        "own_seat": own_seat,
        "is_host": bool(own_seat and own_seat.is_host),
        "free_seats": range(free_seats),
        "taken": len(lobby.seats),
        "seats": seats,
        "pips": seat_pips(seats, free_seats),
        "is_open": lobby.status == Status.LOBBY,
        "is_running": lobby.status in RUNNING_STATUSES,
        "is_over": lobby.is_over,
        # None for a private map and an invited player, because only players with a seat see the map.
        "game_map": find_visible_map(request.user, lobby.game_map["id"]),
    }


def find_own_lobby(request: HttpRequest) -> Lobby | None:
    """Returns the lobby or game in which the visitor has a seat, or None."""
    if not request.user.is_authenticated:
        return None
    try:
        return run_query(queries.find_lobby_of_player, request.user.pk)
    except DomainError:
        return None


def new_tribe_url(request: HttpRequest) -> str:
    """Returns the address of the page for a new tribe, which redirects back to this page."""
    next_url = request.get_full_path()
    if request.method == "POST" and request.path.endswith("/join"):
        next_url = request.path.removesuffix("join")  # that address only accepts POST
    return f"{reverse('tribes:new')}?{urlencode({'next': next_url})}"


def render_not_found(request: HttpRequest) -> HttpResponse:
    """Renders the page for a lobby that does not exist, is over, or is not visible to the visitor.

    The three cases look the same, so that the page does not reveal which lobbies exist.
    """
    context = {"own_lobby": find_own_lobby(request)}
    return render(request, "lobbies/not_found.html", context, status=404)
