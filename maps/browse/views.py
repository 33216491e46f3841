"""Pages of maps: browse, look, rate."""

import datetime
from typing import Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from config.kernel import text
from config.kernel.errors import DomainError
from config.ops.worker import NotYet
from maps.browse import queries
from maps.browse.forms import ORDER_NAMES, FacetForm, PersonalFacetForm, RatingForm
from maps.browse.queries import Found
from maps.collections import actions as collection_actions
from maps.drawing.pictures import FORMATS
from maps.feedback import favourites
from maps.feedback.ratings import HOW_MANY_STARS, histogram, rate, stars_given, unrate
from maps.models import GameMap, MapCollection
from maps.previews.responses import picture_response, placeholder_response, terrain_response
from maps.search.language import CONTROLS, LONGEST
from maps.search.sql import ORDERS, USUAL_ORDER, Browse
from maps.terrain import waves

PAGE_SIZE = 24
OTHERS = 4  # of the author's maps, beside one of them
TROUBLES = {
    "cursor": "That link has expired. Here’s the first page.",
    "sort": "Unknown order. Here are the hottest maps.",
}


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """The browser of maps: a page, or for htmx its results, or the next few cards alone."""
    viewer = viewer_of(request)
    if viewer is None and request.GET.get("filter") == queries.OWN:
        return to_sign_in(request, request.get_full_path())
    if request.GET.get("sort") == "random" and not request.GET.get("cursor"):
        return surprise(request)
    asked, found, troubles, given = look_up(request.GET, viewer)
    links = Links(given, asked)
    facets = (PersonalFacetForm if viewer else FacetForm)(given)
    active = facets.active(given)
    wants_favourites = request.GET.get("favourite", "").strip().lower() == "yes"
    is_favourites = wants_favourites and list(active) == ["favourite"] and not asked.drafts
    context = {
        "found": found,
        "cards": with_marks(request, [card(row) for row in found.cards]),
        "words": given.get("q", "")[:LONGEST],
        "sort": asked.sort,
        "orders": [
            (name, title, links.to(sort=name, cursor=None)) for name, title in ORDER_NAMES.items()
        ],
        "next_link": links.to(cursor=found.next) if found.next else None,
        "previous_link": links.to(cursor=found.previous) if found.previous else None,
        "first_link": links.to(cursor=None),
        "facets": facets,
        "narrowed": any(given.get(name) for name in CONTROLS),
        "active": [
            (words, links.to(cursor=None, **{name: None})) for name, words in active.items()
        ],
        "clear_link": links.to(cursor=None, **dict.fromkeys(active)),
        "favourites": is_favourites,
        "title": "My maps" if asked.drafts else "Favourites" if is_favourites else "Maps",
        "sign_in_for": request.get_full_path() if wants_favourites and not viewer else "",
        # A random order has its place from the start, which is the key of its first page.
        "paged": bool(asked.place and asked.place.key not in asked.place.more[:1]),
        "own": asked.drafts,
        "troubles": troubles,
    }
    if not is_htmx(request):
        response = render(request, "maps/browse.html", context)
    elif request.headers.get("HX-Target") == "more":
        response = render(request, "maps/_more.html", context)
    else:
        response = render(request, "maps/_part.html", context)
        response["HX-Push-Url"] = reverse("maps:browse") + links.to()
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    if asked.sort == "random" and not asked.place:
        response["Cache-Control"] = "no-store"
    return response


def surprise(request: HttpRequest) -> HttpResponse:
    """Lead to a new shuffle, by an address that shows the same one to whoever comes back or is sent it."""
    asked = Browse(sort="random", drafts=request.GET.get("filter") == queries.OWN)
    start = Links(request.GET, asked).to(cursor=queries.by_chance())
    response = redirect(reverse("maps:browse") + start)
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    response["Cache-Control"] = "no-store"
    return response


def look_up(
    parameters: QueryDict, viewer: str | None
) -> tuple[Browse, Found, list[str], QueryDict]:
    """What a page asks for, what there is, what is wrong with it, and the parameters to show again.

    A parameter that means nothing is left out, and told. One that no text may be is not shown again.
    """
    names = ("q", "sort", "cursor", "filter", *CONTROLS)
    wanted = {name: str(parameters[name]) for name in names if name in parameters}
    troubles: list[str] = []
    shown = parameters.copy()
    while True:
        try:
            asked = queries.read(wanted, viewer=viewer, size=PAGE_SIZE)
            return asked, queries.find(asked), troubles, shown
        except DomainError as refusal:
            if refusal.field not in wanted:
                raise
            del wanted[refusal.field]
            if refusal.code in text.CODES:
                del shown[refusal.field]
            troubles.append(TROUBLES.get(refusal.field, refusal.detail))


class Links:
    """Addresses of the browser that ask for the same, but for what is named."""

    def __init__(self, parameters: QueryDict, asked: Browse) -> None:
        kept = {name: parameters.get(name, "") for name in ("q", *CONTROLS, "cursor")}
        own = queries.OWN if asked.drafts else ""
        self.wanted = kept | {
            "filter": own,
            "sort": asked.sort if asked.sort != USUAL_ORDER else "",
        }

    def to(self, **changes: str | None) -> str:
        """The query of an address; what is empty is left out."""
        wanted = {name: value for name, value in (self.wanted | changes).items() if value}
        if wanted.get("sort") == USUAL_ORDER:
            del wanted["sort"]
        return "?" + urlencode(wanted) if wanted else "?"


def card(row: str) -> dict[str, Any]:
    """A card for the templates from its JSON."""
    facts: dict[str, Any] = orjson.loads(row)
    facts["created_at"] = datetime.datetime.fromisoformat(facts["created_at"])
    return facts


def viewer_of(request: HttpRequest) -> str | None:
    """Who looks at a page, by id; None for somebody who is not signed in."""
    return str(request.user.pk) if request.user.is_authenticated else None


def with_marks(request: HttpRequest, cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cards with the marks of the player who looks; as they are for somebody who is not signed in."""
    found = favourites.marks(viewer_of(request), [facts["id"] for facts in cards])
    return [facts | {"marks": found.get(facts["id"])} for facts in cards]


@require_safe
def detail(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """A map's page."""
    visible = GameMap.objects.visible_to(request.user).for_page()
    game_map = get_object_or_404(visible, pk=map_id)
    rows = waves.summary(game_map.wave_config)
    # The map's own marks and those of the others, in one query.
    itself, *others = with_marks(request, [{"id": str(map_id)}, *others_beside(game_map)])
    context = rating_context(request, game_map) | {
        "waves": rows,
        "chart": waves.chart(rows),
        "enemies": waves.ENEMIES,
        "marks": itself["marks"],
        "collections": collections_of(request, map_id),
        "others": others,
        "decision": game_map.decisions.first() if game_map.hidden_at else None,
    }
    return render(request, "maps/detail.html", context)


def collections_of(request: HttpRequest, map_id: UUID) -> list[MapCollection]:
    """One's own collections, to put a map into; none for somebody who is not signed in."""
    user = request.user
    return list(collection_actions.choices(user, map_id)) if user.is_authenticated else []


def others_beside(game_map: GameMap) -> list[dict[str, Any]]:
    """The cards of the author's newest other maps."""
    asked = Browse(sort="new", size=OTHERS + 1, author=str(game_map.user_id))
    cards = [card(row) for row in queries.find(asked).cards]
    return [other for other in cards if other["id"] != str(game_map.pk)][:OTHERS]


@require_safe
def player(request: HttpRequest, username: str) -> HttpResponse:
    """A player's public page: level, games, maps. Of a closed account its public maps, if there are any."""
    found = get_object_or_404(User, username__lower=username.lower())
    maps = GameMap.objects.published().filter(user=found)
    if not (found.is_active or maps.exists()):
        raise Http404
    place, troubles = None, []
    try:
        place = ORDERS["new"].read(request.GET.get("cursor", ""))
    except DomainError:
        troubles.append(TROUBLES["cursor"])
    page = queries.find(Browse(sort="new", place=place, size=PAGE_SIZE, author=str(found.pk)))
    cards = with_marks(request, [card(row) for row in page.cards])
    shared = MapCollection.objects.shared().filter(user=found).order_by(Lower("name"))
    context = {"player": found, "page": page, "cards": cards, "troubles": troubles}
    context["collections"] = collection_actions.counted(shared, request.user)
    return render(request, "maps/player.html", context)


@require_POST
def give_stars(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Rate a map, or take the stars back; htmx gets the new stars, others the page again."""
    if not request.user.is_authenticated:
        return to_sign_in(request, reverse("maps:detail", args=[map_id]))
    form = RatingForm(request.POST)
    error = ""
    try:
        if "remove" in request.POST:
            unrate(player=request.user, map_id=map_id)
        elif form.is_valid():
            rate(player=request.user, map_id=map_id, stars=form.cleaned_data["stars"])
        else:
            error = HOW_MANY_STARS
    except DomainError as refusal:
        error = refusal.detail
    if not is_htmx(request):
        if error:
            messages.error(request, error)
        return redirect("maps:detail", map_id)
    visible = GameMap.objects.visible_to(request.user).for_cards()
    context = rating_context(request, get_object_or_404(visible, pk=map_id))
    return render(request, "maps/_rating.html", context | {"error": error})


@require_safe
def picture(
    request: HttpRequest, map_id: UUID, size: str, content: str, form: str
) -> HttpResponseBase:
    """The isometric picture. Its address names its content, so that browsers keep it for a year.

    An address of older content, or of an older drawing, gets the picture as it is now, to be asked for anew.
    """
    if form != FORMATS[size]:
        raise Http404
    try:
        return picture_response(request, request.user, map_id, size, content)
    except NotYet:
        return placeholder_response(size)


@require_safe
def terrain(request: HttpRequest, map_id: UUID) -> HttpResponseBase:
    """The compact terrain for the page's canvas; the API has the same, but takes no cookie."""
    try:
        return terrain_response(request, request.user, map_id)
    except DomainError as refusal:
        raise Http404("This map can't be drawn.") from refusal


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page, and not for a page that it wants to go back to."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(details) and not details.history_restore_request


def to_sign_in(request: HttpRequest, onward: str) -> HttpResponse:
    """For whoever is signed out meanwhile: sign in, and on to where it was."""
    sign_in = f"{reverse('accounts:sign-in')}?{urlencode({'next': onward})}"
    return HttpResponseClientRedirect(sign_in) if is_htmx(request) else redirect(sign_in)


def rating_context(request: HttpRequest, game_map: GameMap) -> dict[str, Any]:
    """What the stars of a map need: the map, one's own stars, and whether one may give any."""
    user = request.user
    own = game_map.user_id == user.pk
    given = stars_given(player=user, game_map=game_map) if user.is_authenticated else None
    return {
        "game_map": game_map,
        "given": given,
        "histogram": histogram(game_map) if game_map.rating_count else [],
        "own": own,
        "may_rate": user.is_authenticated and not own and game_map.is_published,
        "choices": [(stars, given is not None and stars <= given) for stars in range(1, 6)],
    }
