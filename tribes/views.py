"""Pages of tribes: the player's own tribes, the editor, and the deletion."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.identity.pages import current_user
from config.http.forms import ErrorCatcher
from config.http.methods import require_safe
from config.http.next_url import next_url
from config.http.pages import require_page_methods, require_sign_in
from config.http.quotas import show_quota_warnings
from tribes import actions
from tribes.bonuses import MOTTOES, TOTAL_POINTS, tower_gains
from tribes.colours import BACKGROUNDS, DEFAULT_COLOUR, MIN_CONTRAST
from tribes.forms import TribeForm, initial_values, preset_values
from tribes.quotas import MAX_TRIBES

# In the session: the values of the last deleted tribe, shown once for undo.
DELETED_KEY = "deleted_tribe"


@require_safe
@require_sign_in()
def index(request: HttpRequest) -> HttpResponse:
    """Shows the player's own tribes, and an undo for a tribe that was just deleted."""
    tribes = list(actions.own_tribes(current_user(request)))
    context = {
        "tribes": [(tribe, TribeForm(initial=initial_values(tribe))) for tribe in tribes],
        "max_tribes": MAX_TRIBES,
        "is_full": len(tribes) >= MAX_TRIBES,
        "mottoes": MOTTOES,
        "default_colour": DEFAULT_COLOUR,
        "deleted": request.session.pop(DELETED_KEY, None),
    }
    return render(request, "tribes/index.html", context)


@require_page_methods
@require_sign_in()
def new(request: HttpRequest) -> HttpResponse:
    """Shows the editor for a new tribe, or creates it. The undo of a deletion also posts to it."""
    next_page = next_url(request)
    initial = {"color": DEFAULT_COLOUR} | preset_values(request.GET.get("archetype", ""))
    form = build_form(request, initial)
    if form.is_bound:
        with form.show_errors():
            created = actions.create_tribe(
                player=current_user(request), given=form.submitted_values()
            )
            messages.success(request, f"“{created.name}” is ready to play.")
            show_quota_warnings(request, created.user_id, "tribes")
            return HttpResponseRedirect(next_page or reverse("tribes:index"))
    is_full = actions.own_tribes(current_user(request)).count() >= MAX_TRIBES
    context = editor_context(form) | {
        "next": next_page,
        "is_full": is_full,
        "max_tribes": MAX_TRIBES,
    }
    return render(request, "tribes/edit.html", context)


@require_page_methods
@require_sign_in()
def edit(request: HttpRequest, tribe_id: UUID) -> HttpResponse:
    """Shows the editor for one of the player's tribes, or changes it."""
    tribe = actions.find_own_tribe(current_user(request), tribe_id)
    form = build_form(request, initial_values(tribe))
    if form.is_bound:
        with form.show_errors():
            changed = actions.change_tribe(
                player=current_user(request), tribe_id=tribe_id, given=form.submitted_values()
            )
            messages.success(request, f"“{changed.name}” is saved.")
            return redirect("tribes:index")
    return render(request, "tribes/edit.html", editor_context(form) | {"tribe": tribe})


@require_page_methods
@require_sign_in()
def delete(request: HttpRequest, tribe_id: UUID) -> HttpResponse:
    """Shows a confirmation page, or deletes one of the player's tribes."""
    tribe = actions.find_own_tribe(current_user(request), tribe_id)
    with ErrorCatcher() as caught:
        if request.method == "POST":
            actions.delete_tribe(player=current_user(request), tribe_id=tribe_id)
            request.session[DELETED_KEY] = initial_values(tribe)
            return redirect("tribes:index")
        actions.require_deletable(tribe)
    return render(request, "tribes/delete.html", {"tribe": tribe, "error": caught.detail})


def build_form(request: HttpRequest, initial: dict[str, Any]) -> TribeForm:
    """Returns the submitted form, or a form with initial values.

    Without JavaScript a button sets the sliders to the preset of the archetype. Then the form shows the
    submitted values with the points of the preset, and nothing is saved.
    """
    if request.method != "POST":
        return TribeForm(initial=initial)
    if "preset" in request.POST:
        sent = {name: request.POST.get(name, "") for name in TribeForm.base_fields}
        return TribeForm(initial=sent | preset_values(sent["archetype"]))
    return TribeForm(request.POST)


def editor_context(form: TribeForm) -> dict[str, Any]:
    """Returns the context of the editor's template."""
    return {
        "form": form,
        "gains": tower_gains(form.points),
        "total": TOTAL_POINTS,
        "backgrounds": " ".join(BACKGROUNDS.values()),
        "least_contrast": MIN_CONTRAST,
    }
