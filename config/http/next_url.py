"""Where a form leads to once it is done: the `next` of its address or of its hidden field.

A path of this site that shows a page, and nothing else: no name of a view, no other site, no address that
answers forms alone.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.encoding import iri_to_uri

MAX_LENGTH = 2000  # characters as they are sent; browsers and proxies take more, and no page of ours needs it
# Browsers read a backslash as a slash, and leave out tabs and ends of lines; none may stand in an address.
UNSAFE_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
POST_ONLY_VIEWS = {
    "admin:logout"
}  # answers POST alone, behind a function of Django's that hides it


def next_url(request: HttpRequest) -> str:
    """Where the request wants to go on to, if that is a page of this site; nothing otherwise."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    found = find_page(wanted)
    here = request.resolver_match
    # The sign-in, and this page itself, might lead on to themselves for ever.
    others = {settings.LOGIN_URL, here.view_name if here else ""}
    return wanted if found and found.view_name not in others else ""


def find_page(address: str) -> ResolverMatch | None:
    """The view of a path, with its query, that shows a page of this site; None for anything else."""
    if not address.startswith("/") or address.startswith("//") or len(address) > MAX_LENGTH:
        return None
    path = unquote(address.partition("#")[0].partition("?")[0])
    if (
        UNSAFE_CHARACTERS.search(address)
        or UNSAFE_CHARACTERS.search(path)
        or len(iri_to_uri(address)) > MAX_LENGTH
    ):
        return None
    try:
        found = resolve(path)
    except Resolver404:
        return None
    shows = found.view_name not in POST_ONLY_VIEWS and accepts_get(found.func)
    return found if shows else None


def accepts_get(view: Callable[..., Any]) -> bool:
    """Whether a view answers GET; of functions, by the decorators of Django that restrict methods."""
    kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if kind is not None and not ("get" in kind.http_method_names and hasattr(kind, "get")):
        return False
    return all("GET" in methods for methods in _restrictions(view))


def referring_page(request: HttpRequest) -> str:
    """The path and query of the page that a form was sent from, where it is one of ours; else nothing."""
    try:
        form = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    is_ours = form.scheme == request.scheme and form.netloc.lower() == request.get_host().lower()
    path = form.path + (f"?{form.query}" if form.query else "")
    return path if is_ours and find_page(path) else ""


def _restrictions(view: Any) -> Iterator[Any]:
    """The lists of methods of `require_http_methods`, which it keeps as a variable of its wrapper."""
    while view is not None:
        code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None)
        for name, cell in zip(code.co_freevars if code else (), cells or (), strict=True):
            if name == "request_method_list":
                yield cell.cell_contents
        view = getattr(view, "__wrapped__", None)
