"""The browser of maps, and the terrain for the canvas of a map's page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from config.http.methods import require_safe
from config.http.pages import is_htmx, redirect_to_sign_in
from config.kernel import text
from config.kernel.errors import DomainError, NotFound
from maps.browse import queries
from maps.browse.cards import EXPIRED_CURSOR, PAGE_SIZE, marked_cards
from maps.browse.forms import ORDER_LABELS, FacetForm, PersonalFacetForm
from maps.browse.queries import ResultPage
from maps.browse.terrain_responses import terrain_response
from maps.search.language import FILTERS, MAX_QUERY_LENGTH, replace_author
from maps.search.sql import DEFAULT_ORDER, BrowseRequest

PROBLEM_TEXTS = {"cursor": EXPIRED_CURSOR, "sort": "Unknown order. Here are the hottest maps."}


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """Shows the browser of maps. For htmx only the results, or only the next cards."""
    viewer = str(request.user.pk) if request.user.is_authenticated else None
    if viewer is None and request.GET.get("filter") == queries.OWN_FILTER:
        return redirect_to_sign_in(request, request.get_full_path())
    if request.GET.get("sort") == "random" and not request.GET.get("cursor"):
        return redirect_to_random(request)
    is_next_page = is_htmx(request) and request.headers.get("HX-Target") == "more"
    browse_request, page, problems, parameters = search(
        request.GET, viewer, counts=not is_next_page
    )
    context = browser_context(request, browse_request, page, parameters) | {"problems": problems}
    if not is_htmx(request):
        response = render(request, "maps/browse.html", context)
    elif is_next_page:
        response = render(request, "maps/_more.html", context)
    else:
        response = render(request, "maps/_part.html", context)
        response["HX-Push-Url"] = reverse("maps:browse") + Links(parameters, browse_request).to()
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    if browse_request.sort == "random" and not browse_request.cursor:
        response["Cache-Control"] = "no-store"
    return response


def browser_context(
    request: HttpRequest, browse_request: BrowseRequest, page: ResultPage, parameters: QueryDict
) -> dict[str, Any]:
    """Returns the context of the browser's templates."""
    links = Links(parameters, browse_request)
    is_signed_in = request.user.is_authenticated
    facets = (PersonalFacetForm if is_signed_in else FacetForm)(parameters)
    active = facets.active(parameters)
    only_favourites = request.GET.get("favourite", "").strip().lower() == "yes"
    is_favourites = (
        only_favourites and list(active) == ["favourite"] and not browse_request.includes_drafts
    )
    return {
        "found": page,
        "cards": marked_cards(request.user, page.cards),
        "suggestions": [(s.name, links.to_author(s.typed, s.name)) for s in page.suggestions],
        "words": parameters.get("q", "")[:MAX_QUERY_LENGTH],
        "sort": browse_request.sort,
        "orders": [
            (name, label, links.to(sort=name, cursor=None)) for name, label in ORDER_LABELS.items()
        ],
        "next_link": links.to(cursor=page.next) if page.next else None,
        "previous_link": links.to(cursor=page.previous) if page.previous else None,
        "first_link": links.to(cursor=None),
        "facets": facets,
        "narrowed": any(parameters.get(name) for name in FILTERS),
        "active": [
            (label, links.to(cursor=None, **{name: None})) for name, label in active.items()
        ],
        "clear_link": links.to(cursor=None, **dict.fromkeys(active)),
        "favourites": is_favourites,
        "title": "My maps"
        if browse_request.includes_drafts
        else "Favourites"
        if is_favourites
        else "Maps",
        "sign_in_for": request.get_full_path() if only_favourites and not is_signed_in else "",
        # The first page of a random order has the cursor of its start.
        "paged": bool(
            browse_request.cursor
            and browse_request.cursor.key not in browse_request.cursor.extra_values[:1]
        ),
        "own": browse_request.includes_drafts,
    }


def redirect_to_random(request: HttpRequest) -> HttpResponse:
    """Redirects to a random start, which is part of the address, so that it can be shared."""
    is_own = request.GET.get("filter") == queries.OWN_FILTER
    links = Links(request.GET, BrowseRequest(sort="random", includes_drafts=is_own))
    response = redirect(reverse("maps:browse") + links.to(cursor=queries.random_cursor()))
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    response["Cache-Control"] = "no-store"
    return response


def search(
    parameters: QueryDict, viewer: str | None, *, counts: bool
) -> tuple[BrowseRequest, ResultPage, list[str], QueryDict]:
    """Returns the request, the results, the problems, and the parameters to show in the form.

    An invalid parameter is ignored and reported in the problems. The form still shows it, unless its text has
    forbidden characters.
    """
    names = ("q", "sort", "cursor", "filter", *FILTERS)
    accepted = {name: str(parameters[name]) for name in names if name in parameters}
    problems: list[str] = []
    shown = parameters.copy()
    while True:
        try:
            browse_request = queries.read_parameters(accepted, viewer=viewer, size=PAGE_SIZE)
            page = queries.find_maps(browse_request, counts=counts)
            return browse_request, page, problems, shown
        except DomainError as error:
            if error.field not in accepted:
                raise
            del accepted[error.field]
            if error.code in text.FORBIDDEN_CODES:
                del shown[error.field]
            problems.append(PROBLEM_TEXTS.get(error.field, error.detail))


class Links:
    """Addresses of the browser with the parameters of a request, some of them changed."""

    def __init__(self, parameters: QueryDict, browse_request: BrowseRequest) -> None:
        given = {name: parameters.get(name, "") for name in ("q", *FILTERS, "cursor")}
        self.parameters = given | {
            "filter": queries.OWN_FILTER if browse_request.includes_drafts else "",
            "sort": browse_request.sort,
        }

    def to(self, **changes: str | None) -> str:
        """Returns the query string with these changes, without empty parameters and the default order."""
        changed = {name: value for name, value in (self.parameters | changes).items() if value}
        if changed.get("sort") == DEFAULT_ORDER:
            del changed["sort"]
        return "?" + urlencode(changed) if changed else "?"

    def to_author(self, typed: str, name: str) -> str:
        """Returns the address with another author, in the search box or in the filter."""
        words = replace_author(self.parameters["q"], typed, name)
        is_filter = self.parameters["author"].strip().lower() == typed
        author = name if is_filter else self.parameters["author"]
        return self.to(q=words, author=author, cursor=None)


@require_safe
def terrain(request: HttpRequest, map_id: UUID) -> HttpResponseBase:
    """Returns the compact terrain for the page's canvas. Unlike the API, it uses the session cookie."""
    try:
        return terrain_response(request, request.user, map_id)
    except DomainError as error:  # also for incomplete terrain
        raise NotFound from error
