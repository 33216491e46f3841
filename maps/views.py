"""Pages of maps: browse, look, rate."""

from typing import Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from config.keyset import InvalidCursor, paginate
from config.refusals import Refused
from maps import picturing, waves
from maps.forms import ORDER_NAMES, BrowseForm, RatingForm
from maps.models import GameMap
from maps.querysets import ORDERS
from maps.rating import HOW_MANY_STARS, histogram, rate, stars_given, unrate
from maps.terrain import TerrainError

PAGE_SIZE = 24
OTHERS = 4
YEAR = 365 * 24 * 3600


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """The browser of maps: a page, or for htmx its results alone."""
    form = BrowseForm(request.GET)
    form.is_valid()
    words, sort = form.cleaned_data.get("q", ""), form.cleaned_data.get("sort") or "new"
    queryset = GameMap.objects.published().search(words).for_cards()
    cursor = request.GET.get("cursor")
    stale = False
    try:
        page = paginate(queryset, ORDERS[sort], cursor=cursor, size=PAGE_SIZE)
    except InvalidCursor:
        stale = True
        page = paginate(queryset, ORDERS[sort], cursor=None, size=PAGE_SIZE)

    def link(**changes: str | None) -> str:
        wanted = {"q": words, "sort": sort} | changes
        return "?" + urlencode({key: value for key, value in wanted.items() if value})

    context = {
        "page": page,
        "words": words,
        "sort": sort,
        "orders": [(name, title, link(sort=name)) for name, title in ORDER_NAMES.items()],
        "next_link": link(cursor=page.next) if page.next else None,
        "previous_link": link(cursor=page.previous) if page.previous else None,
        "first_link": link(),
        "stale": stale,
        "paged": bool(cursor),
        "errors": form.errors.get("q"),
    }
    part = is_htmx(request)
    response = render(request, "maps/_results.html" if part else "maps/browse.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_safe
def detail(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """A map's page."""
    visible = GameMap.objects.visible_to(request.user).for_page()
    game_map = get_object_or_404(visible, pk=map_id)
    rows = waves.summary(game_map.wave_config)
    context = rating_context(request, game_map) | {
        "waves": rows,
        "chart": waves.chart(rows),
        "enemies": waves.ENEMIES,
        "others": GameMap.objects.beside(game_map).for_cards()[:OTHERS],
        "decision": game_map.decisions.first() if game_map.hidden_at else None,
    }
    return render(request, "maps/detail.html", context)


@require_safe
def player(request: HttpRequest, username: str) -> HttpResponse:
    """A player's public page: level, games, maps."""
    found = get_object_or_404(User.objects.shown(), username__lower=username.lower())
    queryset = GameMap.objects.published().filter(user=found).for_cards()
    try:
        page = paginate(queryset, ORDERS["new"], cursor=request.GET.get("cursor"), size=PAGE_SIZE)
    except InvalidCursor as error:
        raise Http404 from error
    return render(request, "maps/player.html", {"player": found, "page": page})


@require_POST
def give_stars(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Rate a map, or take the stars back; htmx gets the new stars, others the page again."""
    if not request.user.is_authenticated:  # signed out meanwhile: sign in, and on to the map again
        page = reverse("maps:detail", args=[map_id])
        sign_in = f"{reverse('accounts:sign-in')}?{urlencode({'next': page})}"
        return HttpResponseClientRedirect(sign_in) if is_htmx(request) else redirect(sign_in)
    form = RatingForm(request.POST)
    error = ""
    try:
        if "remove" in request.POST:
            unrate(player=request.user, map_id=map_id)
        elif form.is_valid():
            rate(player=request.user, map_id=map_id, stars=form.cleaned_data["stars"])
        else:
            error = HOW_MANY_STARS
    except Refused as refusal:
        error = refusal.detail
    if not is_htmx(request):
        if error:
            messages.error(request, error)
        return redirect("maps:detail", map_id)
    visible = GameMap.objects.visible_to(request.user).for_cards()
    context = rating_context(request, get_object_or_404(visible, pk=map_id))
    return render(request, "maps/_rating.html", context | {"error": error})


@require_safe
def picture(request: HttpRequest, map_id: UUID, size: str, content: str) -> HttpResponse:
    """The isometric picture. Its address names its content, so that browsers keep it for a year.

    An address of older content gets the picture as it is now, to be kept for no time.
    """
    visible = GameMap.objects.visible_to(request.user).defer(
        "terrain_data", "wave_config", "search"
    )
    game_map = get_object_or_404(visible, pk=map_id)
    try:
        body = picturing.picture(game_map, size)
    except TerrainError as error:
        raise Http404("This map can't be drawn.") from error
    response = HttpResponse(body, content_type="image/webp")
    public = "public" if game_map.is_published else "private"
    # Browsers keep it for a year. Caches that many share ask again soon: the map may be hidden.
    age = f"max-age={YEAR}, s-maxage=60, immutable"
    age = age if content == game_map.terrain_hash else "no-cache"
    response["Cache-Control"] = f"{public}, {age}"
    return response


@require_safe
def terrain(request: HttpRequest, map_id: UUID) -> HttpResponseBase:
    """The compact terrain for the page's canvas; the API has the same, but takes no cookie.

    The ETag names the content, so that what a browser keeps costs one small query to confirm.
    """
    visible = GameMap.objects.visible_to(request.user).defer(
        "terrain_data", "wave_config", "search"
    )
    game_map = get_object_or_404(visible, pk=map_id)
    # A change of the document's form needs another number, or browsers keep the old form.
    etag = f'"1-{game_map.terrain_hash}"' if game_map.terrain_hash else None
    response = get_conditional_response(request, etag=etag)
    if response is None:
        try:
            body = orjson.dumps(picturing.compact_terrain(game_map))
        except TerrainError as error:
            raise Http404("This map can't be drawn.") from error
        response = HttpResponse(body, content_type="application/json")
        if etag:
            response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page, and not for a page that it wants to go back to."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(details) and not details.history_restore_request


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
