"""Finding maps: what may be asked for, the one statement that answers it, and a page of its rows.

Pages and API ask here, and so does the fast lane (maps/browse/cacheable.py), which sends the same statement
(maps/search/sql.py) past Django's ORM. Each row comes as the JSON of a card, made by the database, so
that all of them answer the same bytes.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from config.kernel.errors import DomainError, InvalidInput
from config.kernel.text import checked
from config.kernel.validators import integer_parameter
from maps.search import language, spelling
from maps.search.sql import OF_THE_VIEWER, ORDERS, USUAL_ORDER, Browse, cards_statement, statements

PAGE_SIZE, LARGEST_PAGE = 20, 50
OWN = "own"  # the only value of the parameter `filter`
PARAMETERS = ("q", *language.CONTROLS, "sort", "cursor", "page_size", "filter")


@dataclass(frozen=True)
class Found:
    """One page: cards as JSON, cursors of the pages beside it, and what was not understood.

    `corrected` are the words that were searched for instead of those given, which matched nothing.
    """

    cards: tuple[str, ...]
    next: str | None = None
    previous: str | None = None
    notes: tuple[str, ...] = ()
    corrected: str | None = None

    def body(self) -> bytes:
        """The page as the API answers it."""
        rest = {
            "next": self.next,
            "previous": self.previous,
            "notes": self.notes,
            "corrected": self.corrected,
        }
        return b'{"results":[' + ",".join(self.cards).encode() + b"]," + orjson.dumps(rest)[1:]


def read(
    parameters: Mapping[str, str], *, viewer: str | None = None, size: int = PAGE_SIZE
) -> Browse:
    """What the parameters of an address ask for. Raises DomainError, pointing at the parameter."""
    sort = parameters.get("sort", USUAL_ORDER)
    searched = {
        name: checked(parameters[name], "search", name)
        for name in ("q", *language.CONTROLS)
        if name in parameters
    }
    if sort not in ORDERS:
        raise InvalidInput("invalid_choice", f"Sort by {', '.join(ORDERS)}.", field="sort")
    size = integer_parameter(parameters, "page_size", 1, LARGEST_PAGE, usual=size)
    own = "filter" in parameters
    if own and parameters["filter"] != OWN:
        raise InvalidInput("invalid_choice", f"The only value is `{OWN}`.", field="filter")
    if own and viewer is None:
        raise DomainError("not_authenticated", "Sign in to see your own maps.")
    place = ORDERS[sort].read(parameters.get("cursor", ""))
    asked = language.read(searched.get("q", ""), searched)
    return Browse(asked, sort, place, size, viewer, author=viewer if own else None, drafts=own)


def find(browse: Browse) -> Found:
    """A page of maps. Words that match nothing are taken for typing errors, and corrected."""
    browse = begun(replace(browse, query=spelling.settle(browse.query)))
    found = _look(browse)
    if looks_mistyped(browse, found) and (better := spelling.correct(browse.query)):
        second = _look(begun(replace(browse, query=better)))
        if second.cards:
            return replace(second, corrected=language.as_typed(better.words))
    if looks_mistyped(browse, found) and spelling.is_common(browse.query):
        note = f"“{language.as_typed(browse.query.words)}” is in so many texts that nothing is found by it."
        return replace(found, notes=(*found.notes, note))
    return found


def _look(browse: Browse) -> Found:
    with connection.cursor() as cursor:
        for statement in statements(browse):
            cursor.execute(statement.sql, statement.values)
            rows = cursor.fetchall()
            if len(rows) > browse.size:
                break
    return page(browse, rows)


def begun(browse: Browse) -> Browse:
    """The same, begun at a place by chance where the order is random and none is given yet."""
    if browse.sort != "random" or browse.place:
        return browse
    return replace(browse, place=browse.order.read(by_chance()))


def by_chance() -> str:
    """A cursor of a place by chance for the random order to begin at."""
    start = repr(random.random())  # noqa: S311 - where to begin is no secret
    return ORDERS["random"].cursor(start, str(uuid.UUID(int=0)), start, "0")


def page(browse: Browse, rows: Sequence[Sequence[Any]]) -> Found:
    """The page that the statement's rows make."""
    place, order = browse.place, browse.order
    backwards = bool(place and place.backwards)
    more, kept = len(rows) > browse.size, list(rows[: browse.size])
    if backwards:
        kept.reverse()
    notes = browse.query.notes + _notes_for_strangers(browse)
    cards = tuple(row[-1] for row in kept)
    if not kept:
        return Found(cards, notes=notes)
    (first_key, first_id, *_), (last_key, last_id, wrapped, _) = kept[0], kept[-1]
    if order.name == "random":
        assert place
        start = place.more[0]
        following = order.cursor(last_key, last_id, start, str(wrapped)) if more else None
        return Found(cards, following, None, notes)
    return Found(
        cards,
        order.cursor(last_key, last_id) if more or backwards else None,
        order.cursor(first_key, first_id, backwards=True)
        if (more if backwards else place)
        else None,
        notes,
    )


def cards(map_ids: Sequence[UUID]) -> tuple[str, ...]:
    """The cards of maps in the order of their ids; who may see them is the caller's to know."""
    statement = cards_statement(map_ids)
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.values)
        return tuple(row[-1] for row in cursor.fetchall())


def looks_mistyped(browse: Browse, found: Found) -> bool:
    """Whether nothing matched words that may have been meant otherwise."""
    return bool(browse.query.words) and not found.cards


def _notes_for_strangers(browse: Browse) -> tuple[str, ...]:
    """What can't be answered to somebody who is not signed in."""
    if browse.viewer:
        return ()
    names = [c.name for c in browse.query.conditions if c.name in OF_THE_VIEWER]
    return tuple(f"“{name}” was left out: sign in to use it." for name in names)
