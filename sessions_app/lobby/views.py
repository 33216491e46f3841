"""Pages of lobbies: the list of open ones, opening and joining one, and the lobby itself.

The lobby's page is kept up to date by its socket (static/js/lobby/page.js). Its forms do the same by
POST, so that all but the chat works without scripts.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.identity.current_user import current_user
from accounts.models import User
from config.http.client import client_of
from config.http.error_statuses import status_of
from config.http.methods import require_http_methods, require_POST, require_safe
from config.http.pages import redirect_to_sign_in
from config.kernel.errors import DomainError, InvalidInput
from maps.models import GameMap
from sessions_app.games import states
from sessions_app.kernel.statuses import OVER_STATUSES, RUNNING_STATUSES, Status
from sessions_app.live.list_socket import MOST_LISTED
from sessions_app.live.protocol import LONGEST_CHAT
from sessions_app.lobby import actions, cards
from sessions_app.lobby.forms import CodeForm, FilterForm, NewLobbyForm, SettingsForm, TribeForm
from sessions_app.lobby.invite_codes import wrong_codes_count
from sessions_app.lobby.listing import Wanted
from sessions_app.lobby.opening import open_lobby
from sessions_app.lobby.rules import Lobby
from sessions_app.lobby.store import Change, look, run

page = require_http_methods(["GET", "HEAD", "POST"])

# ---- The list -----------------------------------------------------------------------------------


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The open lobbies, and a form for an invite code."""
    return listed(request, CodeForm())


def listed(request: HttpRequest, form: CodeForm, status: int = 200) -> HttpResponse:
    """The list with a form as it is, and the status that the form has come to."""
    filters = FilterForm(request.GET)
    filters.full_clean()
    good = filters.cleaned_data  # one that means nothing is left out, and says so; the other counts
    text, free = good.get("game_map", ""), good.get("free") or 1
    map_id = read_id(text)
    wanted = Wanted(map_id, free, MOST_LISTED, words="" if map_id else text)
    context = {
        "cards": cards.find(wanted),
        "blank": BLANK_CARD,
        "filters": filters,
        "wanted": wanted,
        "narrowed": bool(wanted.map_id or wanted.words or wanted.free_seats > 1),
        "only_map": seen_map(request, wanted.map_id),
        "form": form,
        "seated": seated(request),
    }
    return render(request, "lobbies/index.html", context, status=status)


# What the browser fills in for a lobby that it hears of.
BLANK_CARD = {"id": "", "url": "", "picture": "", "pips": [], "map": {"name": ""}, "host": ""}


def seated(request: HttpRequest) -> Lobby | None:
    """The lobby or game that the reader sits in."""
    if not request.user.is_authenticated:
        return None
    try:
        return look(actions.active, current_user(request).pk)
    except DomainError:
        return None


# ---- Opening and joining ------------------------------------------------------------------------


@page
def new(request: HttpRequest) -> HttpResponse:
    """Open a lobby on a map."""
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request, request.get_full_path())
    wanted = request.GET.get("map", "")
    if not wanted:
        messages.info(request, "Choose a map first, then “Play together”.")
        return redirect("maps:browse")
    player = current_user(request)
    playable = GameMap.objects.playable_by(player).for_cards()
    game_map = get_object_or_404(playable, pk=read_id(wanted))
    sent = request.POST if request.method == "POST" else None
    form = NewLobbyForm(
        player,
        sent,
        is_map_published=game_map.is_published,
        initial={"tribe": request.GET.get("tribe", "")},
    )
    if form.is_bound and form.is_valid():
        try:
            change = open_lobby(
                player,
                game_map,
                UUID(form.cleaned_data["tribe"]),
                is_public=form.cleaned_data["is_public"],
                seats=form.cleaned_data["seats"],
            )
            return redirect("lobbies:detail", change.after.id)
        except DomainError as refusal:
            form.refuse(refusal)
    context = {
        "game_map": game_map,
        "form": form,
        "seated": seated(request),
        "new_tribe": new_tribe_address(request),
    }
    return render(request, "lobbies/new.html", context)


@require_POST
def join_by_code(request: HttpRequest) -> HttpResponse:
    """Lead whoever types a code to its lobby."""
    form = CodeForm(request.POST)
    if form.is_valid():
        return redirect("lobbies:invited", form.cleaned_data["code"])
    return listed(request, form)


@page
def invited(request: HttpRequest, code: str) -> HttpResponse:
    """A lobby by its invite code: look who is there, choose a tribe, join."""
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request, request.path)
    form = CodeForm({"code": code})
    if not form.is_valid():
        return listed(request, form, status=404)
    try:
        with wrong_codes_count(client_of(request), current_user(request).pk):
            lobby = look(actions.by_code, form.cleaned_data["code"])
    except DomainError as refusal:
        messages.error(request, refusal.detail)  # whoever follows a link doesn't look at the form
        return listed(request, form, status=status_of(refusal))
    given = form.cleaned_data["code"]
    return ask_to_join(
        request,
        lobby,
        lambda tribe_id: run(actions.join_by_code, given, current_user(request).pk, tribe_id),
    )


@require_POST
def join(request: HttpRequest, lobby_id: UUID) -> HttpResponse:
    """Take a seat in a public lobby."""
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request, reverse("lobbies:detail", args=[lobby_id]))
    player = current_user(request)
    try:
        lobby = look(actions.seen_by, lobby_id, player.pk)
    except DomainError:
        return gone(request)
    return ask_to_join(
        request, lobby, lambda tribe_id: run(actions.join, lobby_id, player.pk, tribe_id)
    )


def ask_to_join(
    request: HttpRequest, lobby: Lobby, take_seat: Callable[[UUID], Change] | None = None
) -> HttpResponse:
    """The page of a lobby for somebody who has no seat there; a POST takes one."""
    form = None
    if request.user.is_authenticated:
        player = current_user(request)
        if lobby.seat_of(player.pk):
            return redirect("lobbies:detail", lobby.id)
        form = TribeForm(player, request.POST if request.method == "POST" else None)
        if take_seat and form.is_bound and form.is_valid():
            try:
                take_seat(UUID(form.cleaned_data["tribe"]))
                return redirect("lobbies:detail", lobby.id)
            except DomainError as refusal:
                form.refuse(refusal)
    context = lobby_context(request, lobby, None) | {
        "form": form,
        "seated": seated(request),
        "is_removed": request.user.pk in lobby.kicked,
        "may_join": lobby.status == Status.LOBBY and len(lobby.seats) < lobby.seat_limit,
        "new_tribe": new_tribe_address(request),
        "address": request.path if take_seat else reverse("lobbies:join", args=[lobby.id]),
    }
    return render(request, "lobbies/join.html", context)


# ---- The lobby ----------------------------------------------------------------------------------


@require_safe
def detail(request: HttpRequest, lobby_id: UUID) -> HttpResponse:
    """A lobby: for those who sit there, and while it is public and open for others to join."""
    player_id = request.user.pk
    try:
        lobby = look(actions.seen_by, lobby_id, player_id)
        seat = lobby.seat_of(player_id) if player_id else None
        if seat is None:
            return ask_to_join(request, lobby)
        if not seat.is_connected:
            # Whoever has no socket shows by looking that the seat is still wanted.
            run(actions.stay, lobby_id, seat.player_id)
    except DomainError:
        return gone(request)
    code_path = reverse("lobbies:invited", args=[lobby.code]) if lobby.code else ""
    settings = {"is_public": "yes" if lobby.is_listed else "no", "seats": lobby.seat_limit}
    context = lobby_context(request, lobby, seat.player_id) | {
        "tribe_form": TribeForm(current_user(request), initial={"tribe": str(seat.tribe["id"])}),
        "settings_form": SettingsForm(
            initial=settings, auto_id="settings_%s", is_map_published=lobby.is_map_published
        ),
        "invitation": request.build_absolute_uri(code_path) if code_path else "",
        "longest_chat": LONGEST_CHAT,
        "new_tribe": new_tribe_address(request),
    }
    response = render(request, "lobbies/detail.html", context)
    response["Cache-Control"] = "no-store"  # going back shows the lobby as it is, not as it was
    return response


def lobby_context(request: HttpRequest, lobby: Lobby, player_id: UUID | None) -> dict[str, Any]:
    """What the templates show of a lobby to a player, or to somebody without a seat."""
    own_seat = lobby.seat_of(player_id) if player_id else None
    # A game that has begun is joined by nobody: its seats are those that are taken.
    seats = lobby.seat_limit if lobby.status == Status.LOBBY else len(lobby.seats)
    free = max(0, seats - len(lobby.seats))
    return {
        "lobby": lobby,
        "me": own_seat,
        "is_host": bool(own_seat and own_seat.is_host),
        "free": range(free),
        "taken": len(lobby.seats),
        "seats": seats,
        "pips": cards.pips(seats, free),
        "is_open": lobby.status == Status.LOBBY,
        "is_running": lobby.status in RUNNING_STATUSES,
        "is_over": lobby.status in OVER_STATUSES,
        # A private map shows only to those who sit here: not yet to whoever was invited.
        "game_map": seen_map(request, lobby.game_map["id"]),
    }


@require_POST
def act(request: HttpRequest, lobby_id: UUID) -> HttpResponse:
    """Do what a button of the lobby's page says, for a page without scripts."""
    address = reverse("lobbies:detail", args=[lobby_id])
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request, address)
    wanted = request.POST.get("act", "")
    if wanted not in ACTS:
        raise Http404
    try:
        ACTS[wanted](request, lobby_id, current_user(request))
    except DomainError as refusal:
        if refusal.code in ("not_found", "not_seated"):
            return gone(request)
        messages.error(request, refusal.detail)
    else:
        if wanted == "leave":
            messages.success(request, "You have left.")
            return redirect("lobbies:index")
    return redirect(address)


def ready(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    """Say whether one is ready."""
    run(actions.ready, lobby_id, player.pk, is_ready=request.POST.get("is_ready") == "yes")


def take_tribe(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    """Play with another tribe."""
    form = TribeForm(player, request.POST)
    demand(form.is_valid(), "Choose one of your own tribes.")
    run(actions.take_tribe, lobby_id, player.pk, UUID(form.cleaned_data["tribe"]))


def kick(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    """Remove another player."""
    other = read_id(request.POST.get("player", ""))
    demand(other is not None, "Choose a player.")
    assert other
    run(actions.kick, lobby_id, player.pk, other)


def change_settings(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    """Change who may join, and how many."""
    form = SettingsForm(request.POST)
    demand(form.is_valid(), "Choose who may join and how many seats there are.")
    run(actions.change_settings, lobby_id, player.pk, **form.cleaned_data)


ACTS: dict[str, Callable[[HttpRequest, UUID, User], Any]] = {
    "ready": ready,
    "tribe": take_tribe,
    "kick": kick,
    "settings": change_settings,
    "leave": lambda request, lobby_id, player: run(actions.leave, lobby_id, player.pk),
    "start": lambda request, lobby_id, player: run(
        actions.start, lobby_id, player.pk, solo="solo" in request.POST
    ),
    "end": lambda request, lobby_id, player: states.finish(lobby_id, player),
}

# ---- What they share ----------------------------------------------------------------------------


def demand(holds: bool, words: str) -> None:
    """Raise DomainError with these words for a form that makes no sense."""
    if not holds:
        raise InvalidInput("invalid", words)


def gone(request: HttpRequest) -> HttpResponse:
    """For a lobby that does not exist, is over, or is not for this reader: all the same to strangers."""
    return render(request, "lobbies/gone.html", {"seated": seated(request)}, status=404)


def seen_map(request: HttpRequest, map_id: UUID | None) -> GameMap | None:
    """A map that the reader may see, if it is one."""
    visible = GameMap.objects.visible_to(request.user).for_cards()
    return visible.filter(pk=map_id).first() if map_id else None


def new_tribe_address(request: HttpRequest) -> str:
    """Where one makes a tribe, to come back to this page afterwards."""
    onward = request.get_full_path()
    if request.method == "POST" and request.path.endswith("/join"):
        onward = request.path.removesuffix("join")  # it answers POST alone
    return f"{reverse('tribes:new')}?{urlencode({'next': onward})}"


def read_id(text: str) -> UUID | None:
    """An id that a form or an address names."""
    try:
        return UUID(text)
    except ValueError:
        return None
