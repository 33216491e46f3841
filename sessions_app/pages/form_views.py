"""The buttons of a lobby's page, for browsers without scripts."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.identity.pages import current_user
from accounts.models import User
from config.http.methods import require_POST
from config.http.pages import require_sign_in
from config.kernel.errors import DomainError, InvalidInput
from config.kernel.validators import parse_id
from sessions_app.games.actions import end_game
from sessions_app.lobby import actions
from sessions_app.lobby.transactions import run
from sessions_app.pages.context import render_not_found
from sessions_app.pages.forms import ChooseTribeForm, SettingsForm


@require_POST
@require_sign_in("lobbies:detail")
def run_action(request: HttpRequest, lobby_id: UUID) -> HttpResponse:
    """Runs the action of a button on the lobby's page."""
    name = request.POST.get("act", "")
    if name not in ACTIONS:
        raise Http404
    try:
        ACTIONS[name](request, lobby_id, current_user(request))
    except DomainError as error:
        if error.code in ("not_found", "not_seated"):
            return render_not_found(request)
        messages.error(request, error.detail)
    else:
        if name == "leave":
            messages.success(request, "You have left.")
            return redirect("lobbies:index")
    return redirect("lobbies:detail", lobby_id)


def _set_ready(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    is_ready = request.POST.get("is_ready") == "yes"
    run(actions.set_ready, lobby_id, player.pk, is_ready=is_ready)


def _choose_tribe(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    form = ChooseTribeForm(player, request.POST)
    if not form.is_valid():
        raise InvalidInput("invalid", "Choose one of your own tribes.")
    run(actions.choose_tribe, lobby_id, player.pk, tribe_id=UUID(form.cleaned_data["tribe"]))


def _kick(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    kicked_id = parse_id(request.POST.get("player", ""))
    if kicked_id is None:
        raise InvalidInput("invalid", "Choose a player.")
    run(actions.kick, lobby_id, player.pk, player_id=kicked_id)


def _change_settings(request: HttpRequest, lobby_id: UUID, player: User) -> None:
    form = SettingsForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("invalid", "Choose who may join and how many seats there are.")
    run(actions.change_settings, lobby_id, player.pk, **form.cleaned_data)


ACTIONS: dict[str, Callable[[HttpRequest, UUID, User], Any]] = {
    "ready": _set_ready,
    "tribe": _choose_tribe,
    "kick": _kick,
    "settings": _change_settings,
    "leave": lambda request, lobby_id, player: run(actions.leave, lobby_id, player.pk),
    "start": lambda request, lobby_id, player: run(
        actions.start, lobby_id, player.pk, solo="solo" in request.POST
    ),
    "end": lambda request, lobby_id, player: end_game(lobby_id, player),
}
