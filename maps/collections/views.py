"""Pages of collections: one's own, one of them, and putting maps into them from a map's page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from accounts.identity.current_user import current_user
from accounts.models import User
from config.kernel.errors import DomainError
from config.limits import quotas
from maps.browse import queries
from maps.browse.forms import CollectionForm, NewCollectionForm
from maps.browse.views import card, collections_of, is_htmx, to_sign_in, with_marks
from maps.collections import actions
from maps.models import GameMap, MapCollection
from maps.quotas import MOST_IN_COLLECTION

page = require_http_methods(["GET", "HEAD", "POST"])
MOVES = {"up": -1, "down": 1}


@page
def index(request: HttpRequest) -> HttpResponse:
    """One's own collections, and a form for a new one, which may begin with a map."""
    if not request.user.is_authenticated:
        return to_sign_in(request, request.get_full_path())
    player, first = current_user(request), read_id(request.GET.get("map", ""))
    form = NewCollectionForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = begin(player, form.cleaned_data)
            quotas.show_warnings(request, player.pk, "collections")
            return redirect(made)
        except DomainError as refusal:
            form.refuse(refusal)
    first = first or read_id(request.POST.get("first_map", ""))
    context = {
        "collections": actions.own(player),
        "form": form,
        "first": seen(request, first),
    }
    return render(request, "collections/index.html", context)


def begin(player: User, given: dict[str, Any]) -> MapCollection:
    """A new collection, and its first map if one is named. Raises DomainError, and Http404 for no map."""
    first = given.pop("first_map")
    with transaction.atomic():
        made = actions.make(player=player, given=given)
        if first:
            actions.put(player=player, collection_id=made.pk, map_id=first)
    return made


@page
def detail(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """A collection; its owner may also change its words here."""
    form = None
    if request.method == "POST":
        if not request.user.is_authenticated:
            return to_sign_in(request, request.path)
        form = CollectionForm(request.POST)
        try:
            given = form.cleaned_data if form.is_valid() else {}
            actions.change(player=current_user(request), collection_id=collection_id, given=given)
            if given:
                return redirect("collections:detail", collection_id)
        except DomainError as refusal:
            refuse_strangers(refusal)
            form.refuse(refusal)
    collection = shown(request, collection_id)
    undo = (read_id(request.GET.get("removed", "")), read_place(request.GET.get("at", "")))
    context = entries_context(request, collection, undo)
    facts = {"name": collection.name, "description": collection.description}
    context |= {
        "form": form or CollectionForm(initial=facts),
        "editing": form is not None or "edit" in request.GET,
        "address": request.build_absolute_uri(request.path),
    }
    return render(request, "collections/detail.html", context)


def entries_context(
    request: HttpRequest,
    collection: MapCollection,
    undo: tuple[UUID | None, int] = (None, MOST_IN_COLLECTION),
    told: str = "",
) -> dict[str, Any]:
    """What the maps of a collection need; `undo` names one that was taken out, and its place."""
    ids = actions.map_ids(collection, request.user)
    mine, removed = collection.user_id == request.user.pk, None
    if mine and undo[0] and undo[0] not in ids:
        removed = seen(request, undo[0])
    return {
        "collection": collection,
        "cards": with_marks(request, [card(text) for text in queries.cards(ids)]),
        "mine": mine,
        "removed": removed,
        "removed_at": undo[1],
        "told": told,
    }


@require_POST
def entries(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Move, take out or put back a map; htmx gets the maps as they are now, others the page again."""
    address = reverse("collections:detail", args=[collection_id])
    if not request.user.is_authenticated:
        return to_sign_in(request, address)
    map_id = read_id(request.POST.get("map", ""))
    told, error, undo = "", "", None
    try:
        place = act(request, collection_id, map_id)
        told = f"Place {place}"
        if request.POST["act"] == "remove":
            told, undo = "Removed", place
    except DomainError as refusal:
        refuse_strangers(refusal)
        error = refusal.detail
    if not is_htmx(request):
        if error:
            messages.error(request, error)
        query = "?" + urlencode({"removed": str(map_id), "at": str(undo)}) if undo else ""
        return redirect(f"{address}{query}#entries")
    removed = (map_id, undo) if undo else (None, MOST_IN_COLLECTION)
    context = entries_context(request, shown(request, collection_id), removed, told)
    return render(request, "collections/_entries.html", context | {"error": error})


def act(request: HttpRequest, collection_id: UUID, map_id: UUID | None) -> int:
    """Do what a button says; answers the map's place. Raises Http404 for what no button says."""
    wanted = request.POST.get("act")
    if map_id is None:
        raise Http404
    named: dict[str, Any] = {
        "player": current_user(request),
        "collection_id": collection_id,
        "map_id": map_id,
    }
    if wanted in MOVES:
        return actions.move(**named, by=MOVES[wanted])
    if wanted == "remove":
        return actions.take_out(**named)
    if wanted == "put":
        return actions.put(**named, position=read_place(request.POST.get("at", "")))
    raise Http404


@require_POST
def share(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Show a collection to whoever has its address, or to nobody else."""
    address = reverse("collections:detail", args=[collection_id])
    if not request.user.is_authenticated:
        return to_sign_in(request, address)
    wanted = {"yes": {"is_public": True}, "no": {"is_public": False}}
    given = wanted.get(request.POST.get("share", ""), {})
    try:
        actions.change(player=current_user(request), collection_id=collection_id, given=given)
    except DomainError as refusal:
        refuse_strangers(refusal)
        messages.error(request, refusal.detail)
    return redirect(address)


@page
def delete(request: HttpRequest, collection_id: UUID) -> HttpResponse:
    """Ask whether one means it, and delete one's own collection."""
    if not request.user.is_authenticated:
        return to_sign_in(request, request.path)
    if request.method == "POST":
        try:
            actions.remove(player=current_user(request), collection_id=collection_id)
        except DomainError as refusal:
            refuse_strangers(refusal)
        messages.success(request, "The collection is deleted. Its maps are still there.")
        return redirect("collections:index")
    collection = shown(request, collection_id)
    if collection.user_id != request.user.pk:
        raise PermissionDenied
    return render(request, "collections/delete.html", {"collection": collection})


@require_POST
def collect(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Put a map into one of one's collections, from the map's page."""
    address = reverse("maps:detail", args=[map_id])
    if not request.user.is_authenticated:
        return to_sign_in(request, address)
    told, error = "", "Choose a collection."
    try:
        if chosen := read_id(request.POST.get("collection", "")):
            actions.put(player=current_user(request), collection_id=chosen, map_id=map_id)
            near = (usage.warning for usage in quotas.warnings(chosen, "collection_maps"))
            told, error = " ".join(["Added to the collection.", *near]), ""
    except DomainError as refusal:
        refuse_strangers(refusal)
        error = refusal.detail
    if not is_htmx(request):
        messages.add_message(request, messages.ERROR if error else messages.SUCCESS, error or told)
        return redirect(address)
    if (game_map := seen(request, map_id)) is None:
        raise Http404
    context = {
        "game_map": game_map,
        "collections": collections_of(request, map_id),
        "told": told,
        "error": error,
    }
    return render(request, "maps/_collect.html", context)


def shown(request: HttpRequest, collection_id: UUID) -> MapCollection:
    """A collection that the reader may see. Raises Http404."""
    visible = MapCollection.objects.visible_to(request.user).select_related("user")
    found: MapCollection = get_object_or_404(visible, pk=collection_id)
    return found


def seen(request: HttpRequest, map_id: UUID | None) -> GameMap | None:
    """A map that the reader may see, if it is one."""
    visible = GameMap.objects.visible_to(request.user).for_cards()
    return visible.filter(pk=map_id).first() if map_id else None


def refuse_strangers(refusal: DomainError) -> None:
    """Raise PermissionDenied for a change of another's collection; other reasons the page tells."""
    if refusal.code == "not_your_collection":
        raise PermissionDenied from refusal


def read_id(text: str) -> UUID | None:
    """An id that a form or an address names."""
    try:
        return UUID(text)
    except ValueError:
        return None


def read_place(text: str) -> int:
    """A place in the order; the last one where none is named."""
    number = int(text[:9]) if text.isascii() and text.isdigit() else 0
    return number if 1 <= number <= MOST_IN_COLLECTION else MOST_IN_COLLECTION
