"""The page of a map, and the public page of a player."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.models import User
from config.db.functions import sort_key
from config.http.methods import require_safe
from config.kernel.errors import DomainError
from maps.browse.cards import EXPIRED_CURSOR, PAGE_SIZE, add_marks, marked_cards, other_maps
from maps.browse.queries import find_maps
from maps.collections.queries import collections_for_map, with_map_counts
from maps.feedback.queries import rating_panel
from maps.models import GameMap, MapCollection
from maps.search.sql import ORDERS, BrowseRequest
from maps.terrain import waves


@require_safe
def detail(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Shows a map's page."""
    visible = GameMap.objects.visible_to(request.user).for_page()
    game_map = get_object_or_404(visible, pk=map_id)
    rows = waves.summarize(game_map.wave_config)
    # One query for the marks of this map and of the others.
    this_map, *others = add_marks(request.user, [{"id": str(map_id)}, *other_maps(game_map)])
    context = {
        "game_map": game_map,
        "panel": rating_panel(request.user, game_map),
        "waves": rows,
        "chart": waves.lay_out_chart(rows),
        "enemies": waves.ENEMY_TYPES,
        "marks": this_map["marks"],
        "collections": collections_for_map(request.user, map_id),
        "others": others,
        "decision": game_map.decisions.first() if game_map.hidden_at else None,
    }
    return render(request, "maps/detail.html", context)


@require_safe
def player(request: HttpRequest, username: str) -> HttpResponse:
    """Shows a player's public page: level, games, maps. A closed account has a page if it has public maps."""
    found_player = get_object_or_404(User, username__same_name=username)
    if not (
        found_player.is_active or GameMap.objects.published().filter(user=found_player).exists()
    ):
        raise Http404
    cursor, problems = None, []
    try:
        cursor = ORDERS["new"].decode_cursor(request.GET.get("cursor", ""))
    except DomainError:
        problems.append(EXPIRED_CURSOR)
    page = find_maps(
        BrowseRequest(sort="new", cursor=cursor, size=PAGE_SIZE, author=str(found_player.pk))
    )
    shared = (
        MapCollection.objects.shared().filter(user=found_player).order_by(sort_key("name"), "pk")
    )
    context = {
        "player": found_player,
        "page": page,
        "cards": marked_cards(request.user, page.cards),
        "problems": problems,
        "collections": with_map_counts(shared, request.user),
    }
    return render(request, "maps/player.html", context)
