"""Forms on the map pages: stars, and the favourite button on maps and their cards."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from config.http.methods import require_POST
from config.http.next_url import next_url
from config.http.pages import is_htmx, redirect_to_sign_in
from config.kernel.errors import DomainError, NotFound
from config.limits import quotas
from maps.feedback import actions, queries
from maps.feedback.forms import RatingForm
from maps.feedback.rules import INVALID_STARS
from maps.models import GameMap


@require_POST
def change_rating(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Rates a map or removes the rating. htmx gets the new stars, other clients the page again."""
    user = request.user
    if not user.is_authenticated:
        return redirect_to_sign_in(request, reverse("maps:detail", args=[map_id]))
    form = RatingForm(request.POST)
    error = ""
    try:
        if "remove" in request.POST:
            actions.remove_rating(player=user, map_id=map_id)
        elif form.is_valid():
            actions.rate_map(player=user, map_id=map_id, stars=form.cleaned_data["stars"])
        else:
            error = INVALID_STARS
    except NotFound:
        raise
    except DomainError as refusal:
        error = refusal.detail
    if not is_htmx(request):
        if error:
            messages.error(request, error)
        return redirect("maps:detail", map_id)
    game_map = get_object_or_404(GameMap.objects.visible_to(user).for_cards(), pk=map_id)
    context = {"game_map": game_map, "panel": queries.rating_panel(user, game_map), "error": error}
    return render(request, "maps/_rating.html", context)


@require_POST
def change_favourite(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Adds a favourite or removes it. htmx gets the new button, other clients their page again."""
    map_page = reverse("maps:detail", args=[map_id])
    user = request.user
    if not user.is_authenticated:
        return redirect_to_sign_in(request, map_page)
    next_page = (next_url(request) or map_page).partition("#")[0]
    error, warnings = "", []
    try:
        if request.POST.get("favourite") == "no":
            actions.remove_favourite(player=user, map_id=map_id)
        else:
            actions.add_favourite(player=user, map_id=map_id)
            warnings = quotas.read_warnings(user.pk, "favourites")
    except NotFound:
        raise
    except DomainError as refusal:
        error = refusal.detail
    if not is_htmx(request):
        if error:
            messages.error(request, error)
        for usage in warnings:
            messages.warning(request, usage.warning)
        return HttpResponseRedirect(f"{next_page}#favourite-{map_id}")
    names = GameMap.objects.visible_to(user).values_list("name", flat=True)
    context = {
        "map_id": map_id,
        "map_name": names.filter(pk=map_id).first(),
        "marks": queries.find_marks(user.pk, [str(map_id)])[str(map_id)],
        "next": next_page,
        "error": error,
        "warnings": warnings,
    }
    return render(request, "maps/_favourite.html", context)
