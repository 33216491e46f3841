"""Stale forms: sent from a page that was loaded before the player signed in or out, perhaps in another tab.

What such a form asks for is not done. Its page is shown again with what was entered and a new CSRF token. To
show it, its view is called as for a GET, which changes nothing, and the form gets what was entered as initial
values (config.http.forms). A form without a page of its own is shown as a list of its values. No password is
shown again.

Other sites can send forms, too. They get an error: otherwise a site could fill in forms for a player.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django_htmx.middleware import HtmxDetails

from config.http.forms import CSRF_FIELD, SUBMITTED, SubmittedValues
from config.http.next_url import find_page
from config.kernel.errors import DomainError
from config.kernel.paths import is_json

# Values and names that a page sets, and a user does not type.
FLAG = re.compile(r"(yes|no|on|[0-9]*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\s*", re.I)
CONTROL_NAME = re.compile(r"_.*|.*-.*|act|action|begin|decide|index|next|post|preset|remove|share")

LABELS = {
    "color": "Colour",
    "own_color": "Custom colour",
    "old_password": "Current password",
    "new_password1": "New password",
    "new_password2": "Repeat new password",
}


class SubmittedValue(NamedTuple):
    """A value in a form, with a label for people."""

    name: str
    value: str
    label: str
    is_password: bool
    is_typed: bool

    @property
    def is_long(self) -> bool:
        """Whether the value needs more than one line."""
        return len(self.value) > 100 or "\n" in self.value


def show_form_again(request: HttpRequest) -> HttpResponseBase | None:
    """Returns the page of a form whose CSRF token is not valid, with what was entered.

    Returns a redirect if the page is not for this player any more, as the sign-in for a player who has signed
    in. Returns None if an error is the right response: to other sites, and to scripts.
    """
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    is_script = bool(details) or is_json(request.path)
    if request.method != "POST" or is_script or is_sent_by_other_site(request):
        return None
    submitted = SubmittedValues(request.POST)
    response = _call_as_get(request, submitted) if find_page(request.path) else None
    if response is None:
        return list_values(request, submitted.data)
    if request.user.is_authenticated and 300 <= response.status_code < 400:
        return response
    missing = QueryDict(mutable=True)
    for name in submitted.data.keys() - submitted.restored:
        missing.setlist(name, submitted.data.getlist(name))
    if response.status_code != 200 or has_typed_text(missing):
        return list_values(request, submitted.data)
    response.status_code = 403
    add_never_cache_headers(response)
    return response


def list_values(
    request: HttpRequest, data: QueryDict, *, is_signed_out: bool = False
) -> HttpResponse:
    """Returns a page with the values of a form, and a button that sends them again."""
    context = {
        "values": list(_read_values(data)),
        "is_signed_out": is_signed_out,
        "form_url": request.get_full_path(),
    }
    response = render(request, "errors/stale_form.html", context, status=403)
    add_never_cache_headers(response)
    return response


def has_typed_text(data: QueryDict) -> bool:
    """Returns whether a form has something that a user typed, except passwords."""
    return any(value.is_typed for value in _read_values(data))


def is_sent_by_other_site(request: HttpRequest) -> bool:
    """Returns whether a browser says that the form was on a page of another site."""
    source = request.headers.get("Origin") or request.headers.get("Referer", "")
    try:
        parts = urlsplit(source)
    except ValueError:
        return True
    own = (request.scheme, request.get_host().lower())
    return bool(source) and (parts.scheme, parts.netloc.lower()) != own


def _call_as_get(request: HttpRequest, submitted: SubmittedValues) -> HttpResponseBase | None:
    """Calls the view of a page. Returns None if the page is gone."""
    match = request.resolver_match
    assert match
    request.method = request.META["REQUEST_METHOD"] = "GET"
    request.POST = QueryDict()
    if "next" in submitted.data:
        parameters = request.GET.copy()
        parameters["next"] = str(submitted.data["next"])
        request.GET = parameters  # type: ignore[assignment]
    request.is_stale_form = True  # type: ignore[attr-defined] # for templates/_messages.html
    reset_token = SUBMITTED.set(submitted)
    try:
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        render_now = getattr(response, "render", None)
        return render_now() if render_now else response
    except (Http404, PermissionDenied, DomainError):
        if has_typed_text(submitted.data):
            return None
        raise
    finally:
        SUBMITTED.reset(reset_token)


def _read_values(data: QueryDict) -> Iterator[SubmittedValue]:
    for name, values in data.lists():
        if name == CSRF_FIELD:
            continue
        is_password = "password" in name
        is_control = CONTROL_NAME.fullmatch(name) is not None
        for text in map(str, values):
            is_typed = not (is_password or is_control or FLAG.fullmatch(text))
            label = LABELS.get(name, name.replace("_", " ").capitalize())
            yield SubmittedValue(name, text, label, is_password, is_typed)
