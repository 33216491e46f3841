"""The heart on maps and their cards."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from config.http.next_url import next_url
from config.kernel.errors import DomainError
from config.limits import quotas
from maps.browse.views import is_htmx, to_sign_in
from maps.feedback import favourites
from maps.models import GameMap


@require_POST
def keep(request: HttpRequest, map_id: UUID) -> HttpResponse:
    """Mark a map as a favourite, or unmark it; htmx gets the new heart, others their page again."""
    page = reverse("maps:detail", args=[map_id])
    user = request.user
    if not user.is_authenticated:
        return to_sign_in(request, page)
    onward = (next_url(request) or page).partition("#")[0]
    error, warnings = "", []
    try:
        if request.POST.get("favourite") == "no":
            favourites.unmark(player=user, map_id=map_id)
        else:
            favourites.mark(player=user, map_id=map_id)
            warnings = quotas.warnings(user.pk, "favourites")
    except DomainError as refusal:
        error = refusal.detail
    if not is_htmx(request):
        if error:
            messages.error(request, error)
        for usage in warnings:
            messages.warning(request, usage.warning)
        return HttpResponseRedirect(f"{onward}#heart-{map_id}")
    names = GameMap.objects.visible_to(user).values_list("name", flat=True)
    context = {
        "map_id": map_id,
        "map_name": names.filter(pk=map_id).first(),
        "marks": favourites.marks(str(user.pk), [str(map_id)])[str(map_id)],
        "next": onward,
        "error": error,
        "warnings": warnings,
    }
    return render(request, "maps/_heart.html", context)
