"""The page that follows a form: the parameter `next` of its URL or the hidden field `next`.

Only the path of a page of this site is accepted: no name of a view, no other site, no URL without a page.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.encoding import iri_to_uri

MAX_LENGTH = 2000  # encoded characters; no page needs more
# Browsers read a backslash as a slash, and drop tabs and line ends. A valid URL has none of them.
UNSAFE_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
POST_ONLY_VIEWS = {"admin:logout"}  # views of Django without `allowed_methods`


def next_url(request: HttpRequest) -> str:
    """Returns the `next` URL of a request. Empty if it is not a page of this site."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    match = find_page(wanted)
    current = request.resolver_match
    # The sign-in and the current page could redirect to themselves endlessly.
    excluded = {settings.LOGIN_URL, current.view_name if current else ""}
    return wanted if match and match.view_name not in excluded else ""


def find_page(url: str) -> ResolverMatch | None:
    """Returns the view of a path, which may have a query. None if that is not a page of this site."""
    if not url.startswith("/") or url.startswith("//") or len(url) > MAX_LENGTH:
        return None
    path = unquote(url.partition("#")[0].partition("?")[0])
    is_unsafe = UNSAFE_CHARACTERS.search(url) or UNSAFE_CHARACTERS.search(path)
    if is_unsafe or len(iri_to_uri(url)) > MAX_LENGTH:
        return None
    try:
        match = resolve(path)
    except Resolver404:
        return None
    is_page = match.view_name not in POST_ONLY_VIEWS and accepts_get(match.func)
    return match if is_page else None


def accepts_get(view: Callable[..., Any]) -> bool:
    """Returns whether a view accepts GET, by its class or by a decorator of config.http.methods."""
    view_class = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if view_class is not None:
        has_get = "get" in view_class.http_method_names and hasattr(view_class, "get")
        if not has_get:
            return False
    return "GET" in getattr(view, "allowed_methods", ("GET",))


def referring_page(request: HttpRequest) -> str:
    """Returns the path and the query of the `Referer`. Empty if it is not a page of this site."""
    try:
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    host = request.get_host().lower()
    is_own = referer.scheme == request.scheme and referer.netloc.lower() == host
    path = referer.path + (f"?{referer.query}" if referer.query else "")
    return path if is_own and find_page(path) else ""
