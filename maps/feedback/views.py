"""Forms on the map pages: stars, and the favourite button on maps and their cards."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.identity.pages import current_user
from config.http.forms import ErrorCatcher
from config.http.methods import require_POST
from config.http.next_url import next_url
from config.http.pages import is_htmx, require_sign_in
from config.limits import quotas
from maps.feedback import actions, queries
from maps.feedback.rules import MAX_STARS, MIN_STARS
from maps.models import GameMap

STARS = {str(stars): stars for stars in range(MIN_STARS, MAX_STARS + 1)}


@require_POST
@require_sign_in("maps:detail")
def change_rating(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Rates a map or removes the rating. Returns the new stars to htmx, else redirects to the page."""
    user = current_user(request)
    game_map: GameMap | None = None
    with ErrorCatcher() as caught:
        if "remove" in request.POST:
            game_map = actions.remove_rating(player=user, map_id=map_id)
        else:
            stars = STARS.get(request.POST.get("stars", "").strip(), 0)
            game_map = actions.rate_map(player=user, map_id=map_id, stars=stars)
    if not is_htmx(request):
        if caught.detail:
            messages.error(request, caught.detail)
        return redirect("maps:detail", map_id)
    if game_map is None:
        game_map = get_object_or_404(GameMap.objects.visible_to(user).for_cards(), pk=map_id)
    panel = queries.rating_panel(user, game_map)
    context = {"game_map": game_map, "panel": panel, "error": caught.detail}
    return render(request, "maps/_rating_part.html", context)


@require_POST
@require_sign_in("maps:detail")
def change_favourite(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Adds or removes a favourite. Returns the new button to htmx, else redirects to the previous page."""
    map_page = reverse("maps:detail", args=[map_id])
    user = current_user(request)
    next_page = (next_url(request) or map_page).partition("#")[0]
    warnings: list[quotas.Usage] = []
    with ErrorCatcher() as caught:
        if request.POST.get("favourite") == "no":
            actions.remove_favourite(player=user, map_id=map_id)
        else:
            actions.add_favourite(player=user, map_id=map_id)
            warnings = quotas.read_warnings(user.pk, "favourites")
    if not is_htmx(request):
        if caught.detail:
            messages.error(request, caught.detail)
        for usage in warnings:
            messages.warning(request, usage.warning)
        return HttpResponseRedirect(f"{next_page}#favourite-{map_id}")
    names = GameMap.objects.visible_to(user).values_list("name", flat=True)
    context = {
        "map_id": map_id,
        "map_name": names.filter(pk=map_id).first(),
        "marks": queries.find_marks(user.pk, [str(map_id)])[str(map_id)],
        "next": next_page,
        "error": caught.detail,
        "warnings": warnings,
    }
    return render(request, "maps/_favourite.html", context)
