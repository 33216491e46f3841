"""Pages of tribes: one's own, the editor, and deleting one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.identity.current_user import current_user
from config.http.next_url import next_url
from config.kernel.errors import DomainError
from config.limits import quotas
from tribes import actions
from tribes.bonuses import MOTTOES, POINTS, gains
from tribes.colours import BACKGROUNDS, LEAST_CONTRAST, USUAL
from tribes.forms import TribeForm, facts_of, facts_of_preset
from tribes.quotas import MOST_TRIBES

page = require_http_methods(["GET", "HEAD", "POST"])
DELETED = "deleted_tribe"  # in the session: what the last one was, until it was offered once


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """One's own tribes; the one that was deleted just now can be had back."""
    tribes = list(actions.own(current_user(request)))
    context = {
        "tribes": [(tribe, TribeForm(initial=facts_of(tribe))) for tribe in tribes],
        "most": MOST_TRIBES,
        "full": len(tribes) >= MOST_TRIBES,
        "mottoes": MOTTOES,
        "usual": USUAL,
        "deleted": request.session.pop(DELETED, None),
    }
    return render(request, "tribes/index.html", context)


@page
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """The editor for a new tribe, and the way back of one that was deleted."""
    onward = next_url(request)
    facts = {"color": USUAL} | facts_of_preset(request.GET.get("archetype", ""))
    form = form_of(request, facts)
    if form.is_bound:
        try:
            made = actions.make(player=current_user(request), given=form.given())
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"“{made.name}” is ready to play.")
            quotas.show_warnings(request, made.user_id, "tribes")
            return HttpResponseRedirect(onward or reverse("tribes:index"))
    full = actions.own(current_user(request)).count() >= MOST_TRIBES
    context = editor_context(form) | {"next": onward, "full": full, "most": MOST_TRIBES}
    return render(request, "tribes/edit.html", context)


@page
@login_required
def edit(request: HttpRequest, tribe_id: UUID) -> HttpResponse:
    """The editor for a tribe of one's own."""
    tribe = actions.own_tribe(current_user(request), tribe_id)
    form = form_of(request, facts_of(tribe))
    if form.is_bound:
        try:
            changed = actions.change(
                player=current_user(request), tribe_id=tribe_id, given=form.given()
            )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"“{changed.name}” is saved.")
            return redirect("tribes:index")
    return render(request, "tribes/edit.html", editor_context(form) | {"tribe": tribe})


@page
@login_required
def delete(request: HttpRequest, tribe_id: UUID) -> HttpResponse:
    """Ask whether one means it, and delete a tribe of one's own."""
    tribe, error = actions.own_tribe(current_user(request), tribe_id), ""
    try:
        if request.method == "POST":
            actions.remove(player=current_user(request), tribe_id=tribe_id)
            request.session[DELETED] = facts_of(tribe)
            return redirect("tribes:index")
        actions.demand_unseated(tribe)
    except DomainError as refusal:
        error = refusal.detail
    return render(request, "tribes/delete.html", {"tribe": tribe, "error": error})


def form_of(request: HttpRequest, facts: dict[str, Any]) -> TribeForm:
    """The form as it was sent, or with these facts.

    Without JavaScript a button sets the sliders to the archetype: then what was sent is shown, with
    the preset's points, and nothing is saved.
    """
    if request.method != "POST":
        return TribeForm(initial=facts)
    if "preset" in request.POST:
        sent = {name: request.POST.get(name, "") for name in TribeForm.base_fields}
        return TribeForm(initial=sent | facts_of_preset(sent["archetype"]))
    return TribeForm(request.POST)


def editor_context(form: TribeForm) -> dict[str, Any]:
    """What the editor needs beside the form."""
    return {
        "form": form,
        "gains": gains(form.points),
        "total": POINTS,
        "backgrounds": " ".join(BACKGROUNDS.values()),
        "least_contrast": LEAST_CONTRAST,
    }
