"""Pages of lobbies: the list, opening and joining a lobby, and the lobby itself.

The lobby's page is updated by its socket (static/js/lobby/page.js). `form_views.py` runs the same actions by
POST, so that everything except the chat works without scripts.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.identity.pages import current_user
from config.http.client import client_of
from config.http.error_statuses import status_of
from config.http.methods import require_POST, require_safe
from config.http.pages import require_page_methods, require_sign_in
from config.kernel.errors import DomainError
from config.kernel.validators import parse_id
from maps.browse.cards import find_visible_map
from maps.models import GameMap
from sessions_app.kernel.limits import MAX_CHAT_LENGTH
from sessions_app.kernel.statuses import RUNNING_STATUSES, Status
from sessions_app.lobby import actions, limited_actions, queries
from sessions_app.lobby.entities import Lobby
from sessions_app.lobby.transactions import run, run_query
from sessions_app.lobby_list import open_lobbies
from sessions_app.lobby_list.open_lobbies import LobbyFilter
from sessions_app.pages.context import (
    BLANK_CARD,
    find_own_lobby,
    lobby_context,
    new_tribe_url,
    render_not_found,
)
from sessions_app.pages.forms import (
    ChooseTribeForm,
    FilterForm,
    InviteCodeForm,
    NewLobbyForm,
    SettingsForm,
)

# ---- The list -----------------------------------------------------------------------------------


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Shows the open lobbies, and a form for an invite code."""
    return _render_list(request, InviteCodeForm())


def _render_list(request: HttpRequest, form: InviteCodeForm, status: int = 200) -> HttpResponse:
    filters = FilterForm(request.GET)
    filters.full_clean()
    valid = filters.cleaned_data  # without values that are not valid, which show an error
    text, free_seats = valid.get("game_map", ""), valid.get("free") or 1
    map_id = parse_id(text)
    words = "" if map_id else text
    lobby_filter = LobbyFilter(map_id, free_seats, open_lobbies.MAX_LISTED, words=words)
    context = {
        "cards": open_lobbies.find_page_cards(lobby_filter),
        "blank_card": BLANK_CARD,
        "filters": filters,
        "lobby_filter": lobby_filter,
        "is_filtered": bool(map_id or words or free_seats > 1),
        "filtered_map": find_visible_map(request.user, map_id),
        "form": form,
        "own_lobby": find_own_lobby(request),
    }
    return render(request, "lobbies/index.html", context, status=status)


# ---- Opening and joining ------------------------------------------------------------------------


@require_page_methods
@require_sign_in()
def new(request: HttpRequest) -> HttpResponse:
    """Shows a form to open a lobby on a map, or opens the lobby."""
    map_id = request.GET.get("map", "")
    if not map_id:
        messages.info(request, "Choose a map first, then choose “Play together” on its page.")
        return redirect("maps:browse")
    player = current_user(request)
    playable = GameMap.objects.playable_by(player).for_cards()
    game_map = get_object_or_404(playable, pk=parse_id(map_id))
    form = NewLobbyForm(
        player,
        request.POST if request.method == "POST" else None,
        is_map_published=game_map.is_published,
        initial={"tribe": request.GET.get("tribe", "")},
    )
    if form.is_bound and form.is_valid():
        with form.show_errors():
            change = limited_actions.open_lobby(
                player_id=player.pk,
                game_map=game_map,
                tribe_id=UUID(form.cleaned_data["tribe"]),
                is_public=form.cleaned_data["is_public"],
                seats=form.cleaned_data["seats"],
            )
            return redirect("lobbies:detail", change.after.id)
    context = {
        "game_map": game_map,
        "form": form,
        "own_lobby": find_own_lobby(request),
        "new_tribe_url": new_tribe_url(request),
    }
    return render(request, "lobbies/new.html", context)


@require_POST
def join_by_code(request: HttpRequest) -> HttpResponse:
    """Redirects to the lobby of the code that was typed."""
    form = InviteCodeForm(request.POST)
    if form.is_valid():
        return redirect("lobbies:invited", form.cleaned_data["code"])
    return _render_list(request, form)


@require_page_methods
@require_sign_in()
def invited(request: HttpRequest, code: str) -> HttpResponse:
    """Shows the lobby of an invite code, with a form to join."""
    form = InviteCodeForm({"code": code})
    if not form.is_valid():
        return _render_list(request, form, status=404)
    try:
        lobby = limited_actions.count_and_find_by_code(
            client=client_of(request),
            player_id=current_user(request).pk,
            code=form.cleaned_data["code"],
        )
    except DomainError as error:
        # As a message, because the error at the form is easily overlooked after following a link.
        messages.error(request, error.detail)
        return _render_list(request, form, status=status_of(error))

    return _render_join(request, lobby, code=lobby.code)


@require_POST
@require_sign_in("lobbies:detail")
def join(request: HttpRequest, lobby_id: UUID) -> HttpResponse:
    """Takes a seat in a public lobby."""
    try:
        lobby = run_query(queries.find_visible_lobby, lobby_id, current_user(request).pk)
    except DomainError:
        return render_not_found(request)
    return _render_join(request, lobby)


def _render_join(request: HttpRequest, lobby: Lobby, *, code: str | None = None) -> HttpResponse:
    """Renders a lobby for players without a seat and for visitors.

    A POST takes a seat; in a private lobby it needs the code.
    """
    form = former = None
    if request.user.is_authenticated:
        player = current_user(request)
        if lobby.seat_of(player.pk):
            return redirect("lobbies:detail", lobby.id)
        former = lobby.absent_seat_of(player.pk)
        if former and request.method == "POST":
            try:
                run(actions.join, lobby.id, player.pk, tribe_id=UUID(str(former.tribe["id"])))
            except DomainError as error:  # for example, a seat elsewhere
                messages.error(request, error.detail)
            return redirect("lobbies:detail", lobby.id)
        form = ChooseTribeForm(player, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            with form.show_errors():
                tribe_id = UUID(form.cleaned_data["tribe"])
                run(actions.join, lobby.id, player.pk, tribe_id=tribe_id, code=code)
                return redirect("lobbies:detail", lobby.id)
    context = lobby_context(request, lobby, None) | {
        "form": form,
        "own_lobby": find_own_lobby(request),
        "may_return": former is not None and lobby.status in RUNNING_STATUSES,
        "is_kicked": request.user.pk in lobby.kicked,
        "may_join": lobby.status == Status.LOBBY and len(lobby.seats) < lobby.seat_limit,
        "new_tribe_url": new_tribe_url(request),
        "form_url": request.path if code else reverse("lobbies:join", args=[lobby.id]),
    }
    return render(request, "lobbies/join.html", context)


# ---- The lobby ----------------------------------------------------------------------------------


@require_safe
def detail(request: HttpRequest, lobby_id: UUID) -> HttpResponse:
    """Shows a lobby to its players, and to others while it is public and open."""
    player_id = request.user.pk
    try:
        lobby = run_query(queries.find_visible_lobby, lobby_id, player_id)
        seat = lobby.seat_of(player_id) if player_id else None
        if seat is None:
            return _render_join(request, lobby)
        if not seat.is_connected:
            # Without scripts, loading the page is the only sign that the player is present.
            run(actions.renew_grace_period, lobby_id, seat.player_id)
    except DomainError:
        return render_not_found(request)
    code_path = reverse("lobbies:invited", args=[lobby.code]) if lobby.code else ""
    settings = {"is_public": "yes" if lobby.is_listed else "no", "seats": lobby.seat_limit}
    context = lobby_context(request, lobby, seat.player_id) | {
        "tribe_form": ChooseTribeForm(
            current_user(request), initial={"tribe": str(seat.tribe["id"])}
        ),
        "settings_form": SettingsForm(
            initial=settings, auto_id="settings_%s", is_map_published=lobby.is_map_published
        ),
        "invite_url": request.build_absolute_uri(code_path) if code_path else "",
        "max_chat_length": MAX_CHAT_LENGTH,
        "new_tribe_url": new_tribe_url(request),
    }
    response = render(request, "lobbies/detail.html", context)
    response["Cache-Control"] = "no-store"  # the back button must show the current lobby
    return response
