"""Pages of collections, and the form on a map's page that adds the map to one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from accounts.identity.pages import current_user
from config.db.lookups import get_or_not_found
from config.http.forms import ErrorCatcher
from config.http.methods import require_POST
from config.http.pages import (
    is_htmx,
    redirect_to_sign_in,
    require_page_methods,
    require_sign_in,
    show_error,
)
from config.http.quotas import show_quota_warnings
from config.kernel.errors import NotFound
from config.kernel.validators import parse_id
from config.limits import quotas
from maps.browse.cards import find_visible_map, marked_cards
from maps.browse.queries import find_cards
from maps.collections import actions
from maps.collections.forms import CollectionForm, NewCollectionForm
from maps.collections.queries import (
    collections_for_map,
    find_collection,
    own_collections,
    visible_map_ids,
)
from maps.models import GameMap, MapCollection
from maps.quotas import MAX_COLLECTION_MAPS

MOVES = {"up": -1, "down": 1}


@dataclass(frozen=True)
class RemovedMap:
    """A map that was just removed from a collection, and its position, to undo the removal."""

    map_id: UUID | None
    position: int


# ---- Pages --------------------------------------------------------------------------------------


@require_page_methods
@require_sign_in()
def index(request: HttpRequest) -> HttpResponse:
    """Shows one's own collections, with a form for a new one, optionally with a first map."""
    player, first_map_id = current_user(request), parse_id(request.GET.get("map", ""))
    form = NewCollectionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        chosen_id = given.pop("first_map")
        with form.show_errors():
            collection = actions.create_collection(
                player=player, given=given, first_map_id=chosen_id
            )
            show_quota_warnings(request, player.pk, "collections")
            return redirect(collection)
    first_map_id = first_map_id or parse_id(request.POST.get("first_map", ""))
    context = {
        "collections": own_collections(player),
        "form": form,
        "first": find_visible_map(request.user, first_map_id),
    }
    return render(request, "collections/index.html", context)


@require_page_methods
def detail(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Shows a collection. Its owner changes its name and description here, too."""
    form = None
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect_to_sign_in(request, request.path)
        form = CollectionForm(request.POST)
        with form.show_errors():
            given = form.cleaned_data if form.is_valid() else {}
            actions.change_collection(
                player=current_user(request), collection_id=collection_id, given=given
            )
            if given:
                return redirect("collections:detail", collection_id)
    collection = find_collection(request.user, collection_id)
    removed = RemovedMap(
        parse_id(request.GET.get("removed", "")), read_position(request.GET.get("at", ""))
    )
    initial = {"name": collection.name, "description": collection.description}
    form = form or CollectionForm(initial=initial)
    context = entries_context(request, collection, removed) | {
        "form": form,
        # Open for faults, and for what was restored from a stale form.
        "editing": form.is_bound or form.initial != initial or "edit" in request.GET,
        "address": request.build_absolute_uri(request.path),
    }
    return render(request, "collections/detail.html", context)


@require_page_methods
@require_sign_in()
def delete(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Shows a confirmation page, or deletes one's own collection."""
    if request.method == "POST":
        actions.delete_collection(player=current_user(request), collection_id=collection_id)
        messages.success(request, "The collection is deleted. Its maps are still there.")
        return redirect("collections:index")
    collection = find_collection(request.user, collection_id)
    if collection.user_id != request.user.pk:
        raise actions.not_your_collection()
    return render(request, "collections/delete.html", {"collection": collection})


# ---- Forms --------------------------------------------------------------------------------------


@require_POST
@require_sign_in("collections:detail")
def share(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Makes a collection public or private."""
    choices = {"yes": {"is_public": True}, "no": {"is_public": False}}
    given = choices.get(request.POST.get("share", ""), {})
    with show_error(request):
        actions.change_collection(
            player=current_user(request), collection_id=collection_id, given=given
        )
    return redirect("collections:detail", collection_id)


@require_POST
@require_sign_in("collections:detail")
def entries(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Moves, removes or restores a map. Returns the new list to htmx, else redirects to the page."""
    map_id = parse_id(request.POST.get("map", ""))
    message, removed = "", None
    with ErrorCatcher() as caught:
        position = change_entry(request, collection_id, map_id)
        message = f"Place {position}"
        if request.POST["act"] == "remove":
            message, removed = "Removed", RemovedMap(map_id, position)
    if not is_htmx(request):
        if caught.detail:
            messages.error(request, caught.detail)
        address = reverse("collections:detail", args=[collection_id])
        undo = {"removed": str(removed.map_id), "at": str(removed.position)} if removed else {}
        return redirect(f"{address}{'?' + urlencode(undo) if undo else ''}#entries")
    context = entries_context(request, find_collection(request.user, collection_id), removed)
    context |= {"message": message, "error": caught.detail}
    return render(request, "collections/_entries.html", context)


@require_POST
@require_sign_in("maps:detail")
def collect(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Adds a map to one of one's collections, from the map's page."""
    message, error = "", "Choose a collection."
    with ErrorCatcher() as caught:
        if chosen_id := parse_id(request.POST.get("collection", "")):
            actions.add_map(player=current_user(request), collection_id=chosen_id, map_id=map_id)
            warnings = (
                usage.warning for usage in quotas.read_warnings(chosen_id, "collection_maps")
            )
            message, error = " ".join(["Added to the collection.", *warnings]), ""
    error = caught.detail or error
    if not is_htmx(request):
        level = messages.ERROR if error else messages.SUCCESS
        messages.add_message(request, level, error or message)
        return redirect("maps:detail", map_id)
    visible = GameMap.objects.visible_to(request.user).for_cards()
    context = {
        "game_map": get_or_not_found(visible, pk=map_id),
        "collections": collections_for_map(request.user, map_id),
        "message": message,
        "error": error,
    }
    return render(request, "maps/_add_to_collection.html", context)


# ---- Helpers ------------------------------------------------------------------------------------


def entries_context(
    request: HttpRequest, collection: MapCollection, removed: RemovedMap | None
) -> dict[str, Any]:
    """Returns the context of the template of a collection's maps."""
    map_ids = visible_map_ids(collection, request.user)
    is_own = collection.user_id == request.user.pk
    can_undo = is_own and removed and removed.map_id not in map_ids
    return {
        "collection": collection,
        "cards": marked_cards(request.user, find_cards(map_ids)),
        "mine": is_own,
        "removed": find_visible_map(request.user, removed.map_id) if removed and can_undo else None,
        "removed_at": removed.position if removed else MAX_COLLECTION_MAPS,
    }


def change_entry(request: HttpRequest, collection_id: UUID, map_id: UUID | None) -> int:
    """Runs the action of a button. Returns the map's position. Raises NotFound for an unknown button."""
    button = request.POST.get("act")
    if map_id is None:
        raise NotFound
    entry: dict[str, Any] = {
        "player": current_user(request),
        "collection_id": collection_id,
        "map_id": map_id,
    }
    if button in MOVES:
        return actions.move_map(**entry, by=MOVES[button])
    if button == "remove":
        return actions.remove_map(**entry)
    if button == "put":
        return actions.add_map(**entry, position=read_position(request.POST.get("at", "")))
    raise NotFound


def read_position(text: str) -> int:
    """Parses a position. Returns the last one for an invalid position."""
    number = int(text[:9]) if text.isascii() and text.isdigit() else 0
    return number if 1 <= number <= MAX_COLLECTION_MAPS else MAX_COLLECTION_MAPS
